#include "daemon/core/messaging/incoming.h"

#include <algorithm>

#include "daemon/core/base/check.h"

namespace sov::messaging {

Incoming::Incoming(IncomingLimits limits, Restored restored) : limits_(limits) {
    for (auto& [peer, taken] : restored.taken) {
        if (Sender* from = sender(peer)) from->taken = std::move(taken);
    }
    for (IncomingMessage& message : restored.messages) {
        last_serial_ = std::max(last_serial_, message.serial);
        Sender* from = sender(message.from);
        // What a store with larger limits held stays on the disk, unread.
        if (!from || messages_.contains(message.serial) ||
            !has_room(*from, message.message.body.size())) {
            continue;
        }
        from->taken.add(message.message.id);
        ++from->messages;
        from->bytes += message.message.body.size();
        bytes_ += message.message.body.size();
        messages_.emplace(message.serial, Held{std::move(message), true, false});
    }
}

Incoming::Verdict Incoming::take(UnixMillis wall_clock, const PeerId& from, Message message) {
    Sender* known = sender(from);
    if (!known) return Verdict::kFull;
    Sender& sender = *known;
    sender.heard = ++heard_;
    if (sender.taken.contains(message.id)) {
        // While it is being written its receipt is still to come.
        const bool writing = std::any_of(messages_.begin(), messages_.end(), [&](const auto& held) {
            return !held.second.kept && held.second.message.from == from &&
                   held.second.message.message.id == message.id;
        });
        if (!writing) actions_.push_back(ReceiptDue{from, message.id});
        return Verdict::kAgain;
    }
    if (!has_room(sender, message.body.size())) return Verdict::kFull;
    sender.taken.add(message.id);
    ++sender.messages;
    sender.bytes += message.body.size();
    bytes_ += message.body.size();
    IncomingMessage incoming{++last_serial_, from, std::move(message), wall_clock};
    actions_.push_back(KeepIncoming{incoming, sender.taken.encode()});
    actions_.push_back(MessageArrived{incoming});
    messages_.emplace(incoming.serial, Held{std::move(incoming), false, false});
    return Verdict::kNew;
}

void Incoming::handle_kept(std::uint64_t serial, bool ok) {
    const auto held = messages_.find(serial);
    if (held == messages_.end() || held->second.kept) return;
    const IncomingMessage& message = held->second.message;
    // Without a disk it was told all the same: a receiver that shows it is better than one that
    // does not. But no receipt: after a restart the sender's copy is the only one.
    if (ok) actions_.push_back(ReceiptDue{message.from, message.message.id});
    held->second.kept = true;
    if (held->second.taken) forget(held);
}

bool Incoming::acknowledge(std::uint64_t serial) {
    const auto held = messages_.find(serial);
    if (held == messages_.end() || held->second.taken) return false;
    // While it is being written its receipt is still to come.
    held->second.taken = true;
    if (held->second.kept) forget(held);
    return true;
}

std::optional<IncomingAction> Incoming::poll_action() {
    if (actions_.empty()) return std::nullopt;
    IncomingAction action = std::move(actions_.front());
    actions_.pop_front();
    return action;
}

std::vector<IncomingMessage> Incoming::list(std::optional<std::string_view> topic,
                                            std::uint64_t after, std::size_t count) const {
    std::vector<IncomingMessage> found;
    for (auto held = messages_.upper_bound(after); held != messages_.end() && found.size() < count;
         ++held) {
        const IncomingMessage& message = held->second.message;
        if (!held->second.taken && (!topic || *topic == message.message.topic))
            found.push_back(message);
    }
    return found;
}

void Incoming::check_invariants() const {
    std::size_t bytes = 0;
    for (const auto& [serial, held] : messages_) {
        SOV_CHECK(serial == held.message.serial && serial <= last_serial_);
        SOV_CHECK(senders_.contains(held.message.from));
        bytes += held.message.message.body.size();
    }
    SOV_CHECK(bytes == bytes_ && bytes_ <= limits_.bytes_max);
    SOV_CHECK(messages_.size() <= limits_.messages_max);
    SOV_CHECK(senders_.size() <= limits_.peers_max);
}

Incoming::Sender* Incoming::sender(const PeerId& peer) {
    const auto known = senders_.find(peer);
    if (known != senders_.end()) return &known->second;
    if (senders_.size() >= limits_.peers_max) {
        auto oldest = senders_.end();
        for (auto at = senders_.begin(); at != senders_.end(); ++at) {
            if (at->second.messages > 0) continue;
            if (oldest == senders_.end() || at->second.heard < oldest->second.heard) oldest = at;
        }
        if (oldest == senders_.end()) return nullptr;
        actions_.push_back(ForgetTaken{oldest->first});
        senders_.erase(oldest);
    }
    return &senders_[peer];
}

bool Incoming::has_room(const Sender& sender, std::size_t bytes) const {
    return messages_.size() < limits_.messages_max && bytes_ + bytes <= limits_.bytes_max &&
           sender.messages < limits_.messages_per_peer_max &&
           sender.bytes + bytes <= limits_.bytes_per_peer_max;
}

void Incoming::forget(std::map<std::uint64_t, Held>::iterator held) {
    const IncomingMessage& message = held->second.message;
    actions_.push_back(ForgetIncoming{message.serial});
    Sender& from = senders_.at(message.from);
    --from.messages;
    from.bytes -= message.message.body.size();
    bytes_ -= message.message.body.size();
    messages_.erase(held);
}

}  // namespace sov::messaging
