#include "daemon/core/messaging/outgoing.h"

#include <algorithm>
#include <utility>

#include "daemon/core/base/check.h"

namespace sov::messaging {
namespace {

/// A peer that is away is tried again after these pauses: a message to somebody who closed a lid
/// for a minute arrives soon after, one to somebody on holiday costs 24 lookups a day.
constexpr std::chrono::seconds kFirstPause{30}, kLastPause{3600};

Duration pause_after(unsigned failures, Rng& rng) {
    Duration pause = kFirstPause;
    for (unsigned i = 1; i < failures && pause < kLastPause; ++i) pause *= 2;
    pause = std::min<Duration>(pause, kLastPause);
    const auto quarter = static_cast<std::uint64_t>(pause.count() / 4);
    return pause - Duration(quarter) + Duration(rng.below(2 * quarter + 1));
}

}  // namespace

std::string_view delivery_name(Delivery delivery) {
    switch (delivery) {
        case Delivery::kWaiting: return "waiting";
        case Delivery::kSent: return "sent";
        case Delivery::kInMailbox: return "in_mailbox";
        case Delivery::kDelivered: return "delivered";
        case Delivery::kFailed: return "failed";
    }
    return "waiting";
}

Outgoing::Outgoing(OutgoingLimits limits, std::uint64_t line, UnixMillis wall_clock,
                   std::uint64_t seed, std::vector<OutgoingMessage> restored)
    : limits_(limits), line_(line), wall_clock_(wall_clock), rng_(seed) {
    for (OutgoingMessage& old : restored) {
        Entry entry{.message = std::move(old.message), .kept = true};
        // A message of the future keeps for its whole time, as a clock that was wrong may have it.
        const UnixMillis age =
            wall_clock > entry.message.sent_at ? wall_clock - entry.message.sent_at : 0;
        entry.until = Instant{} + limits_.keep_time -
                      std::min<Duration>(std::chrono::milliseconds(age), limits_.keep_time);
        ++count_;
        bytes_ += entry.message.body.size();
        peers_[old.peer].entries.push_back(std::move(entry));
    }
}

Result<MessageId> Outgoing::send(Instant now, const PeerId& peer, std::string topic, Bytes body) {
    if (!is_topic(topic)) return Errc::kInvalidArgument;
    if (body.size() > kBodyMax) return Errc::kTooLarge;
    const auto known = peers_.find(peer);
    if (count_ >= limits_.messages_max || bytes_ + body.size() > limits_.bytes_max ||
        (known != peers_.end() && known->second.entries.size() >= limits_.messages_per_peer_max)) {
        return Errc::kOverQuota;
    }
    const auto since_start =
        std::chrono::duration_cast<std::chrono::milliseconds>(now.time_since_epoch());
    Entry entry;
    entry.message = {{line_, ++last_number_},
                     wall_clock_ + static_cast<UnixMillis>(since_start.count()),
                     std::move(topic),
                     std::move(body)};
    entry.until = now + limits_.keep_time;
    const MessageId id = entry.message.id;
    ++count_;
    bytes_ += entry.message.body.size();
    actions_.push_back(KeepOutgoing{{peer, entry.message, entry.delivery}});
    Line& line = peers_[peer];
    line.entries.push_back(std::move(entry));
    // Who writes has a reason to believe that the peer is there, or wants to know.
    line.try_at = now;
    advance(now, peer, line);
    return id;
}

bool Outgoing::cancel(Instant now, const PeerId& peer, const MessageId& id) {
    Entry* entry = find(peer, id);
    if (!entry) return false;
    change(peer, *entry, Delivery::kFailed, "cancelled here");
    erase(peer, id);
    if (const auto line = peers_.find(peer); line != peers_.end()) advance(now, peer, line->second);
    return true;
}

void Outgoing::move(Instant now, const PeerId& from, const PeerId& to) {
    if (from == to) return;
    auto old = peers_.extract(from);
    if (old.empty()) return;
    Line& line = peers_[to];
    for (Entry& entry : old.mapped().entries) {
        // Nobody opens what was left for the old key any more.
        entry.leaving = entry.left = entry.refused = entry.on_stream = false;
        change(to, entry, Delivery::kWaiting);
        actions_.push_back(KeepOutgoing{{to, entry.message, entry.delivery}});
        line.entries.push_back(std::move(entry));
    }
    line.try_at = now;
    advance(now, to, line);
}

void Outgoing::handle_kept(Instant now, const PeerId& peer, const MessageId& id, bool ok) {
    Entry* entry = find(peer, id);
    if (!entry || entry->kept) return;
    // What is on its way is not called back: its receipt will say that the peer has it.
    if (!ok && !entry->on_stream) {
        change(peer, *entry, Delivery::kFailed, "it could not be written to this host's disk");
        erase(peer, id);
        return;
    }
    entry->kept = true;
    actions_.push_back(DeliveryChanged{peer, id, entry->delivery, {}});
    advance(now, peer, peers_[peer]);
}

void Outgoing::handle_open(Instant now, const PeerId& peer) {
    // Only peers that wait for something are remembered; the others have nothing to be sent.
    const auto line = peers_.find(peer);
    if (line == peers_.end()) return;
    became(line->second, StreamState::kOpen);
    line->second.receipted = false;
    for (Entry& entry : line->second.entries) entry.on_stream = false;
    advance(now, peer, line->second);
}

void Outgoing::handle_closed(Instant now, const PeerId& peer) {
    const auto line = peers_.find(peer);
    if (line == peers_.end() || line->second.stream != StreamState::kOpen) return;
    became(line->second, StreamState::kNone);
    if (!line->second.receipted) count_failure(now, line->second);
    for (Entry& entry : line->second.entries) {
        if (!std::exchange(entry.on_stream, false)) continue;
        change(peer, entry, entry.left ? Delivery::kInMailbox : Delivery::kWaiting);
    }
    advance(now, peer, line->second);
}

void Outgoing::handle_unreachable(Instant now, const PeerId& peer, std::string why) {
    const auto line = peers_.find(peer);
    if (line == peers_.end() || line->second.stream != StreamState::kWanted) return;
    became(line->second, StreamState::kNone);
    why.resize(std::min(why.size(), kWhyMax));
    line->second.why = std::move(why);
    count_failure(now, line->second);
    leave_more(peer, line->second);
}

void Outgoing::handle_left(const PeerId& peer, const MessageId& id, bool ok) {
    if (leaving_ > 0) --leaving_;
    if (Entry* entry = find(peer, id); entry && std::exchange(entry->leaving, false)) {
        // What was refused is left again after the next failure to reach its peer, so that a
        // network that takes no mail is not asked in a circle.
        entry->left = ok;
        entry->refused = !ok;
        if (ok && !entry->on_stream)
            change(peer, *entry, Delivery::kInMailbox, peers_.at(peer).why);
    }
    for (auto& [other, line] : peers_) {
        const bool tried = line.failures > 0 || line.late;
        if (tried && line.stream != StreamState::kOpen) leave_more(other, line);
    }
}

void Outgoing::handle_receipt(Instant now, const PeerId& from, const MessageId& id) {
    Entry* entry = find(from, id);
    if (!entry) return;
    change(from, *entry, Delivery::kDelivered);
    erase(from, id);
    const auto line = peers_.find(from);
    if (line == peers_.end()) return;
    line->second.receipted = true;
    line->second.failures = 0;
    line->second.try_at = now;
    advance(now, from, line->second);
}

void Outgoing::handle_network_change(Instant now) {
    for (auto& [peer, line] : peers_) {
        line.try_at = now;
        line.failures = 0;
        advance(now, peer, line);
    }
}

void Outgoing::handle_timeout(Instant now) {
    std::vector<std::pair<PeerId, MessageId>> over;
    for (auto& [peer, line] : peers_) {
        for (Entry& entry : line.entries) {
            if (entry.until > now) continue;
            change(peer, entry, Delivery::kFailed, "nobody took it in time");
            over.emplace_back(peer, entry.message.id);
        }
    }
    for (const auto& [peer, id] : over) erase(peer, id);
    for (auto& [peer, line] : peers_) {
        if (line.mail_at <= now) {
            line.mail_at = kNever;
            line.late = true;
        }
        advance(now, peer, line);
    }
}

std::optional<OutgoingAction> Outgoing::poll_action() {
    if (actions_.empty()) return std::nullopt;
    OutgoingAction action = std::move(actions_.front());
    actions_.pop_front();
    return action;
}

Instant Outgoing::next_timeout() const {
    Instant next = kNever;
    for (const auto& [peer, line] : peers_) {
        for (const Entry& entry : line.entries) next = earliest(next, entry.until);
        if (line.stream == StreamState::kNone) next = earliest(next, line.try_at);
        next = earliest(next, line.mail_at);
    }
    return next;
}

std::vector<OutgoingMessage> Outgoing::messages() const {
    std::vector<OutgoingMessage> all;
    all.reserve(count_);
    for (const auto& [peer, line] : peers_) {
        for (const Entry& entry : line.entries)
            all.push_back({peer, entry.message, entry.delivery});
    }
    return all;
}

void Outgoing::check_invariants() const {
    std::size_t count = 0, bytes = 0, leaving = 0;
    for (const auto& [peer, line] : peers_) {
        SOV_CHECK(!line.entries.empty());
        std::size_t on_stream = 0;
        for (const Entry& entry : line.entries) {
            ++count;
            bytes += entry.message.body.size();
            leaving += entry.leaving ? 1 : 0;
            on_stream += entry.on_stream ? 1 : 0;
            SOV_CHECK(!entry.on_stream || line.stream == StreamState::kOpen);
        }
        SOV_CHECK(on_stream <= limits_.in_flight_max);
        const bool wanted = line.stream == StreamState::kWanted;
        SOV_CHECK(wanted || (!line.late && line.mail_at == kNever));
    }
    SOV_CHECK(count == count_ && bytes == bytes_ && leaving <= leaving_);
    SOV_CHECK(leaving_ <= limits_.leaving_max);
}

Outgoing::Entry* Outgoing::find(const PeerId& peer, const MessageId& id) {
    const auto line = peers_.find(peer);
    if (line == peers_.end()) return nullptr;
    for (Entry& entry : line->second.entries) {
        if (entry.message.id == id) return &entry;
    }
    return nullptr;
}

void Outgoing::erase(const PeerId& peer, const MessageId& id) {
    const auto line = peers_.find(peer);
    if (line == peers_.end()) return;
    auto& entries = line->second.entries;
    const auto entry = std::find_if(entries.begin(), entries.end(),
                                    [&](const Entry& other) { return other.message.id == id; });
    if (entry == entries.end()) return;
    --count_;
    bytes_ -= entry->message.body.size();
    actions_.push_back(ForgetOutgoing{peer, id});
    entries.erase(entry);
    if (entries.empty()) peers_.erase(line);
}

void Outgoing::count_failure(Instant now, Line& line) {
    ++line.failures;
    line.try_at = now + pause_after(line.failures, rng_);
    for (Entry& entry : line.entries) entry.refused = false;
}

void Outgoing::change(const PeerId& peer, Entry& entry, Delivery delivery, std::string words) {
    if (entry.delivery == delivery) return;
    entry.delivery = delivery;
    const bool over = delivery == Delivery::kDelivered || delivery == Delivery::kFailed;
    if (entry.kept || over)
        actions_.push_back(DeliveryChanged{peer, entry.message.id, delivery, std::move(words)});
}

void Outgoing::advance(Instant now, const PeerId& peer, Line& line) {
    if (line.stream == StreamState::kOpen) {
        send_more(peer, line);
    } else if (line.stream == StreamState::kNone && now >= line.try_at) {
        became(line, StreamState::kWanted);
        line.mail_at = now + limits_.mail_after;
        actions_.push_back(StreamWanted{peer});
    }
    if (away(line)) leave_more(peer, line);
}

void Outgoing::became(Line& line, StreamState stream) {
    line.stream = stream;
    line.mail_at = kNever;
    line.late = false;
}

// Whoever could not be reached and is not tried just now, or is being looked for in vain.
bool Outgoing::away(const Line& line) {
    return line.stream == StreamState::kNone ? line.failures > 0 : line.late;
}

void Outgoing::send_more(const PeerId& peer, Line& line) {
    std::size_t messages = 0, bytes = 0;
    for (const Entry& entry : line.entries) {
        if (!entry.on_stream) continue;
        ++messages;
        bytes += entry.message.body.size();
    }
    for (Entry& entry : line.entries) {
        if (entry.on_stream) continue;
        bytes += entry.message.body.size();
        if (messages > 0 &&
            (messages >= limits_.in_flight_max || bytes > limits_.in_flight_bytes_max)) {
            return;
        }
        ++messages;
        entry.on_stream = true;
        actions_.push_back(SendLetter{peer, entry.message.id, encode_message(entry.message)});
        change(peer, entry, Delivery::kSent);
    }
}

void Outgoing::leave_more(const PeerId& peer, Line& line) {
    for (Entry& entry : line.entries) {
        if (leaving_ >= limits_.leaving_max) return;
        if (!entry.kept || entry.left || entry.leaving || entry.refused) continue;
        Bytes letter = encode_message(entry.message);
        if (letter.size() > limits_.mail_bytes_max) continue;
        entry.leaving = true;
        ++leaving_;
        actions_.push_back(LeaveLetter{peer, entry.message.id, std::move(letter)});
    }
}

}  // namespace sov::messaging
