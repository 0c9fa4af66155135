#include "daemon/api/post_table.h"

#include <utility>

#include "daemon/api/messages.h"
#include "daemon/api/status_codes.h"

namespace sov::api {

namespace v1 = sovereign::v1;

void write_message(identity::Crypto& crypto, const messaging::IncomingMessage& message,
                   v1::ReceivedMessage* to) {
    to->set_serial(message.serial);
    MessageWriter(crypto).write(message.from, to->mutable_from());
    to->set_id(messaging::message_id_text(message.message.id));
    to->set_topic(message.message.topic);
    to->set_body(to_text(message.message.body));
    to->set_sent_unix_ms(message.message.sent_at);
    to->set_received_unix_ms(message.received_at);
}

v1::DeliveryState delivery_state(messaging::Delivery delivery) {
    switch (delivery) {
        case messaging::Delivery::kWaiting: return v1::DELIVERY_STATE_WAITING;
        case messaging::Delivery::kSent: return v1::DELIVERY_STATE_SENT;
        case messaging::Delivery::kInMailbox: return v1::DELIVERY_STATE_IN_MAILBOX;
        case messaging::Delivery::kDelivered: return v1::DELIVERY_STATE_DELIVERED;
        case messaging::Delivery::kFailed: return v1::DELIVERY_STATE_FAILED;
    }
    return v1::DELIVERY_STATE_UNSPECIFIED;
}

grpc::Status PostTable::read(const std::shared_ptr<MessageLine>& line,
                             std::optional<std::string> topic) {
    if (readers_.size() >= kReadersMax) return from_core(Errc::kBusy);
    tell_more(readers_.emplace_back(Reader{line, std::move(topic), 0, {}}));
    return grpc::Status::OK;
}

void PostTable::stop(const std::shared_ptr<MessageLine>& line) {
    readers_.remove_if([&](const Reader& reader) { return reader.line == line; });
}

std::uint32_t PostTable::acknowledge(Instant now, const std::vector<std::uint64_t>& serials) {
    std::uint32_t forgotten = 0;
    for (const std::uint64_t serial : serials) {
        forgotten += courier_->acknowledge(now, serial) ? 1 : 0;
        for (Reader& reader : readers_) reader.unacknowledged.erase(serial);
    }
    for (Reader& reader : readers_) tell_more(reader);
    return forgotten;
}

void PostTable::tell_more(Reader& reader) {
    const std::size_t room = kUnacknowledgedMax - reader.unacknowledged.size();
    if (room == 0) return;
    std::optional<std::string_view> topic;
    if (reader.topic) topic = *reader.topic;
    for (const auto& message : courier_->incoming(topic, reader.last, room)) {
        v1::ReceivedMessage told;
        write_message(crypto_, message, &told);
        reader.last = message.serial;
        reader.unacknowledged.insert(message.serial);
        reader.line->give(std::move(told));
    }
}

void PostTable::follow(const PeerId& peer, const messaging::MessageId& id, bool to_the_end,
                       const std::shared_ptr<SendLine>& line) {
    if (followers_.size() >= kFollowersMax) {
        followers_.front().line->end(from_core(Errc::kBusy));
        followers_.pop_front();
    }
    followers_.push_back({peer, id, to_the_end, line});
}

void PostTable::unfollow(const std::shared_ptr<SendLine>& line) {
    followers_.remove_if([&](const Follower& follower) { return follower.line == line; });
}

void PostTable::ask_presence(Instant now, const PeerId& peer, PresenceAnswer answer) {
    if (presence_asks_.size() >= kPresenceAsksMax) return answer(std::nullopt);
    presence_asks_.emplace(peer, std::move(answer));
    courier_->ask_presence(now, peer);
}

void PostTable::handle_event(const hub::PostEvent& event) {
    if (std::holds_alternative<messaging::MessageArrived>(event)) {
        for (Reader& reader : readers_) tell_more(reader);
    } else if (const auto* changed = std::get_if<messaging::DeliveryChanged>(&event)) {
        tell(*changed);
    } else if (const auto* presence = std::get_if<hub::PresenceChanged>(&event)) {
        const auto [first, last] = presence_asks_.equal_range(presence->peer);
        std::vector<PresenceAnswer> answers;
        for (auto at = first; at != last; ++at) answers.push_back(std::move(at->second));
        presence_asks_.erase(first, last);
        for (const PresenceAnswer& answer : answers) answer(presence->presence);
    }
}

void PostTable::tell(const messaging::DeliveryChanged& changed) {
    for (auto at = followers_.begin(); at != followers_.end();) {
        const Follower& follower = *at;
        if (follower.peer != changed.peer || follower.id != changed.id) {
            ++at;
            continue;
        }
        v1::SendProgress progress;
        MessageWriter(crypto_).write(changed.peer, progress.mutable_peer());
        progress.set_id(messaging::message_id_text(changed.id));
        progress.set_state(delivery_state(changed.delivery));
        progress.set_words(changed.words);
        const bool over = !follower.to_the_end ||
                          changed.delivery == messaging::Delivery::kDelivered ||
                          changed.delivery == messaging::Delivery::kFailed;
        if (over) {
            follower.line->give_last(std::move(progress), grpc::Status::OK);
            at = followers_.erase(at);
        } else {
            follower.line->give(std::move(progress));
            ++at;
        }
    }
}

void PostTable::close() {
    for (const Reader& reader : readers_) reader.line->end(leaving());
    for (const Follower& follower : followers_) follower.line->end(leaving());
    for (const auto& [peer, answer] : std::exchange(presence_asks_, {})) answer(std::nullopt);
    readers_.clear();
    followers_.clear();
}

}  // namespace sov::api
