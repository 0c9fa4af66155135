#include "daemon/hub/courier.h"

#include <algorithm>

namespace sov::hub {

using messaging::FrameType;
using messaging::MessageId;
using ports::StreamId;

Courier::Courier(StreamHub& hub, Options options, messaging::Outgoing outgoing,
                 messaging::Incoming incoming)
    : hub_(hub),
      options_(std::move(options)),
      outgoing_(std::move(outgoing)),
      incoming_(std::move(incoming)) {
    // Whoever serves it before us is a mistake of the program's, which its first test shows.
    (void)hub_.serve(kMessageProtocol, *this);
}

// --- commands and inputs ---

Result<MessageId> Courier::send(Instant now, const PeerId& peer, std::string topic, Bytes body) {
    auto id = outgoing_.send(now, peer, std::move(topic), std::move(body));
    pump(now);
    return id;
}

bool Courier::cancel(Instant now, const PeerId& peer, const MessageId& id) {
    const bool there = outgoing_.cancel(now, peer, id);
    pump(now);
    return there;
}

void Courier::peer_moved(Instant now, const PeerId& from, const PeerId& to) {
    outgoing_.move(now, from, to);
    pump(now);
}

bool Courier::acknowledge(Instant now, std::uint64_t serial) {
    const bool there = incoming_.acknowledge(serial);
    pump(now);
    return there;
}

void Courier::set_presence(Instant now, messaging::Presence presence) {
    own_presence_ = std::move(presence);
    for (const auto& [peer, streams] : by_peer_) {
        if (!options_.is_friend(peer)) continue;
        Talk& talk = talks_.at(streams.front());
        say(now, talk, FrameType::kPresence, ++talk.last_sequence,
            messaging::encode_presence(own_presence_));
    }
    pump(now);
}

void Courier::ask_presence(Instant now, const PeerId& peer) {
    if (Talk* talk = talk_with(peer)) {
        // A stream that stands was told when it was opened, and of each change since.
        talk->used = now;
        const auto known = presences_.find(peer);
        events_.push_back(PresenceChanged{
            peer, known == presences_.end()
                      ? std::nullopt
                      : std::optional<messaging::Presence>(known->second.presence)});
        return;
    }
    asked_[peer] = now + options_.limits.presence_time;
    want_stream(now, peer);
}

void Courier::handle_kept_outgoing(Instant now, const PeerId& peer, const MessageId& id, bool ok) {
    outgoing_.handle_kept(now, peer, id, ok);
    pump(now);
}

void Courier::handle_kept_incoming(Instant now, std::uint64_t serial, bool ok) {
    incoming_.handle_kept(serial, ok);
    pump(now);
}

void Courier::handle_left(Instant now, std::uint64_t ticket, bool ok) {
    const auto leaving = leaving_.find(ticket);
    if (leaving == leaving_.end()) return;  // receipts: their sender asks again by sending again
    const auto [peer, id] = leaving->second;
    leaving_.erase(leaving);
    outgoing_.handle_left(peer, id, ok);
    pump(now);
}

void Courier::handle_mail(Instant now, const PeerId& item, const PeerId& from, ByteView letter) {
    const auto read = messaging::read_letter(letter);
    if (!read) return;  // an app's own mail, or of a later version: it stays where it is
    if (const auto* receipts = std::get_if<messaging::Receipts>(&*read)) {
        for (const MessageId& id : receipts->ids) outgoing_.handle_receipt(now, from, id);
        events_.push_back(MailTaken{item});
    } else {
        // It stays where it is, in case its sender becomes welcome.
        if (!options_.is_welcome(from)) return;
        const auto& message = std::get<messaging::Message>(*read);
        const MailKey key{from, message.id};
        if (mail_.size() >= options_.limits.mail_max) return;  // it stays in the mailbox
        mail_[key] = item;
        const auto wall =
            std::chrono::duration_cast<std::chrono::milliseconds>(now.time_since_epoch());
        if (incoming_.take(options_.wall_clock + static_cast<UnixMillis>(wall.count()), from,
                           message) == messaging::Incoming::Verdict::kFull) {
            mail_.erase(key);
        }
    }
    pump(now);
}

void Courier::handle_network_change(Instant now) {
    outgoing_.handle_network_change(now);
    pump(now);
}

void Courier::handle_timeout(Instant now) {
    outgoing_.handle_timeout(now);
    std::vector<std::pair<PeerId, Due>> due;
    for (auto at = due_.begin(); at != due_.end();) {
        if (at->second.at > now) {
            ++at;
            continue;
        }
        due_count_ -= at->second.ids.size();
        due.emplace_back(at->first, std::move(at->second));
        at = due_.erase(at);
    }
    for (auto& [peer, receipts] : due) send_receipts(now, peer, std::move(receipts.ids));
    for (auto at = asked_.begin(); at != asked_.end();) {
        if (at->second > now) {
            ++at;
            continue;
        }
        events_.push_back(PresenceChanged{at->first, std::nullopt});
        at = asked_.erase(at);
    }
    std::vector<StreamId> idle;
    for (const auto& [stream, talk] : talks_) {
        if (talk.used + options_.limits.idle_time <= now) idle.push_back(stream);
    }
    for (const StreamId& stream : idle) end(now, stream);
    if (keep_at_ <= now) keep_now();
    for (auto& [stream, talk] : talks_) {
        if (talk.acks_at <= now) say_acks(now, talk);
    }
    pump(now);
}

void Courier::shut_down(Instant now) {
    keep_now();
    for (auto& [stream, talk] : talks_) say_acks(now, talk);
}

std::optional<CourierEvent> Courier::poll_event() {
    if (events_.empty()) return std::nullopt;
    CourierEvent event = std::move(events_.front());
    events_.pop_front();
    return event;
}

Instant Courier::next_timeout() const {
    Instant next = outgoing_.next_timeout();
    for (const auto& [peer, due] : due_) next = earliest(next, due.at);
    for (const auto& [peer, until] : asked_) next = earliest(next, until);
    for (const auto& [stream, talk] : talks_)
        next = earliest(next, earliest(talk.acks_at, talk.used + options_.limits.idle_time));
    return earliest(next, keep_at_);
}

std::optional<KnownPresence> Courier::presence(const PeerId& peer) const {
    const auto known = presences_.find(peer);
    if (known == presences_.end()) return std::nullopt;
    return known->second;
}

// --- what the machines ask for ---

void Courier::pump(Instant now) {
    for (;;) {
        if (auto action = outgoing_.poll_action()) {
            carry_out(now, std::move(*action));
        } else if (auto arrived = incoming_.poll_action()) {
            carry_out(now, std::move(*arrived));
        } else {
            return;
        }
    }
}

void Courier::carry_out(Instant now, messaging::OutgoingAction action) {
    if (const auto* wanted = std::get_if<messaging::StreamWanted>(&action)) {
        if (by_peer_.contains(wanted->peer)) {
            outgoing_.handle_open(now, wanted->peer);
        } else {
            want_stream(now, wanted->peer);
        }
    } else if (auto* send = std::get_if<messaging::SendLetter>(&action)) {
        if (Talk* talk = talk_with(send->peer)) {
            talk->sent[++talk->last_sequence] = send->id;
            talk->talking_until = now + options_.limits.talk_time;
            say(now, *talk, FrameType::kData, talk->last_sequence, std::move(send->letter));
        }
    } else if (auto* leave = std::get_if<messaging::LeaveLetter>(&action)) {
        leaving_[++last_ticket_] = {leave->peer, leave->id};
        events_.push_back(LeaveMail{last_ticket_, leave->peer, std::move(leave->letter)});
    } else if (auto* keep = std::get_if<messaging::KeepOutgoing>(&action)) {
        keep_now();
        events_.push_back(std::move(*keep));
    } else if (auto* forget = std::get_if<messaging::ForgetOutgoing>(&action)) {
        events_.push_back(*forget);
    } else {
        events_.push_back(std::get<messaging::DeliveryChanged>(std::move(action)));
    }
}

void Courier::carry_out(Instant now, messaging::IncomingAction action) {
    if (const auto* due = std::get_if<messaging::ReceiptDue>(&action)) {
        give_receipt(now, due->to, due->id);
    } else if (auto* keep = std::get_if<messaging::KeepIncoming>(&action)) {
        keep_soon(now, std::move(*keep));
    } else if (const auto* forget = std::get_if<messaging::ForgetIncoming>(&action)) {
        events_.push_back(*forget);
    } else if (const auto* taken = std::get_if<messaging::ForgetTaken>(&action)) {
        events_.push_back(*taken);
    } else {
        events_.push_back(std::get<messaging::MessageArrived>(std::move(action)));
    }
}

void Courier::want_stream(Instant now, const PeerId& peer) {
    const bool opening = std::any_of(opening_.begin(), opening_.end(),
                                     [&](const auto& open) { return open.second == peer; });
    if (opening) return;
    opening_[hub_.open_stream(now, peer, {kMessageProtocol}, *this)] = peer;
}

// A conversation is half the transactions and half the datagrams when what has time goes along with
// the answers that somebody waits for.
bool Courier::talking(Instant now, const PeerId& peer) const {
    const auto streams = by_peer_.find(peer);
    return streams != by_peer_.end() &&
           std::any_of(streams->second.begin(), streams->second.end(), [&](const StreamId& stream) {
               return talks_.at(stream).talking_until > now;
           });
}

void Courier::keep_soon(Instant now, messaging::KeepIncoming keep) {
    const bool waits = talking(now, keep.message.from);
    to_be_kept_.push_back(std::move(keep));
    if (!waits || to_be_kept_.size() >= options_.limits.company_max) return keep_now();
    keep_at_ = earliest(keep_at_, now + options_.limits.company_time);
}

void Courier::keep_now() {
    for (messaging::KeepIncoming& keep : to_be_kept_) events_.push_back(std::move(keep));
    to_be_kept_.clear();
    keep_at_ = kNever;
}

void Courier::give_receipt(Instant now, const PeerId& to, const MessageId& id) {
    if (const auto streams = by_peer_.find(to); streams != by_peer_.end()) {
        for (const StreamId& stream : streams->second) {
            Talk& talk = talks_.at(stream);
            const auto waiting = talk.to_be_acked.find(id);
            if (waiting == talk.to_be_acked.end()) continue;
            const std::uint32_t sequence = waiting->second;
            talk.to_be_acked.erase(waiting);
            talk.acks.push_back(sequence);
            const bool waits = talking(now, to) && talk.acks.size() < options_.limits.company_max;
            talk.acks_at = earliest(talk.acks_at, now + options_.limits.company_time);
            if (!waits) say_acks(now, talk);
        }
    }
    const auto mail = mail_.find({to, id});
    if (mail == mail_.end()) return;  // its stream broke; the sender will say it again
    events_.push_back(MailTaken{mail->second});
    mail_.erase(mail);
    if (due_count_ >= options_.limits.receipts_due_max) return;
    Due& due = due_[to];
    if (due.ids.empty()) due.at = now + options_.limits.receipt_pause;
    due.ids.push_back(id);
    ++due_count_;
}

void Courier::send_receipts(Instant now, const PeerId& to, std::vector<MessageId> ids) {
    for (std::size_t first = 0; first < ids.size(); first += messaging::kReceiptsMax) {
        const std::size_t count = std::min(messaging::kReceiptsMax, ids.size() - first);
        const auto from = ids.begin() + static_cast<std::ptrdiff_t>(first);
        Bytes letter = messaging::encode_receipts(
            {std::vector<MessageId>(from, from + static_cast<std::ptrdiff_t>(count))});
        if (Talk* talk = talk_with(to)) {
            say(now, *talk, FrameType::kData, ++talk->last_sequence, std::move(letter));
        } else {
            events_.push_back(LeaveMail{++last_ticket_, to, std::move(letter)});
        }
    }
}

}  // namespace sov::hub
