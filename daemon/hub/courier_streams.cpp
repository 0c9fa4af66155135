#include <algorithm>
#include <utility>

#include "daemon/hub/courier.h"

// The courier's streams: what is said and heard on them.

namespace sov::hub {

using messaging::Frame;
using messaging::FrameType;
using messaging::MessageId;
using ports::StreamId;

namespace {

constexpr std::size_t kReadBytes = 64 << 10;

}  // namespace

void Courier::stream_opened(Instant now, const HubStream& stream, CommandId command) {
    opening_.erase(command);
    make_room(now);
    Talk& talk = talks_[stream.id];
    talk.peer = stream.peer;
    talk.used = now;
    auto& streams = by_peer_[stream.peer];
    streams.push_back(stream.id);
    const bool first = streams.size() == 1;
    if (own_presence_.state != messaging::PresenceState::kOffline &&
        options_.is_friend(stream.peer)) {
        say(now, talk, FrameType::kPresence, ++talk.last_sequence,
            messaging::encode_presence(own_presence_));
    }
    if (first) outgoing_.handle_open(now, stream.peer);
    pump(now);
}

void Courier::stream_failed(Instant now, CommandId command, Errc, std::string words) {
    const auto opening = opening_.find(command);
    if (opening == opening_.end()) return;
    const PeerId peer = opening->second;
    opening_.erase(opening);
    if (by_peer_.contains(peer)) return;  // the other side opened one meanwhile
    if (asked_.erase(peer) > 0) events_.push_back(PresenceChanged{peer, std::nullopt});
    outgoing_.handle_unreachable(now, peer, std::move(words));
    pump(now);
}

void Courier::stream_readable(Instant now, const StreamId& stream) {
    const auto talk = talks_.find(stream);
    if (talk != talks_.end()) take_frames(now, stream, talk->second);
    pump(now);
    end_if_full(now, stream);
}

void Courier::stream_writable(Instant now, const StreamId& stream) {
    const auto talk = talks_.find(stream);
    if (talk == talks_.end()) return;
    if (!flush(stream, talk->second)) {
        drop(now, stream);
    } else {
        take_frames(now, stream, talk->second);  // it may have waited for room
    }
    pump(now);
    end_if_full(now, stream);
}

void Courier::stream_over(Instant now, const StreamId& stream, std::optional<Errc>) {
    drop(now, stream);
    pump(now);
}

Courier::Talk* Courier::talk_with(const PeerId& peer) {
    const auto streams = by_peer_.find(peer);
    return streams == by_peer_.end() ? nullptr : &talks_.at(streams->second.front());
}

void Courier::say(Instant now, Talk& talk, FrameType type, std::uint32_t sequence, Bytes payload) {
    for (const std::uint32_t ack : std::exchange(talk.acks, {}))
        messaging::append_frame(talk.out, {FrameType::kAck, ack, {}});
    talk.acks_at = kNever;
    messaging::append_frame(talk.out, {type, sequence, std::move(payload)});
    talk.used = now;
    for (const StreamId& stream : by_peer_[talk.peer]) {
        // A stream that is gone is told by the hub.
        if (&talks_.at(stream) == &talk) (void)flush(stream, talk);
    }
}

void Courier::say_acks(Instant now, Talk& talk) {
    if (talk.acks.empty()) return;
    const std::uint32_t last = talk.acks.back();
    talk.acks.pop_back();
    say(now, talk, FrameType::kAck, last, {});
}

bool Courier::flush(const StreamId& stream, Talk& talk) {
    if (talk.out.empty()) return true;
    const auto taken = hub_.write(stream, talk.out, false);
    if (!taken) return false;
    talk.out.erase(talk.out.begin(), talk.out.begin() + static_cast<std::ptrdiff_t>(*taken));
    return true;
}

bool Courier::take_frames(Instant now, const StreamId& stream, Talk& talk) {
    while (!talk.full && talk.out.size() < options_.limits.waiting_bytes_max) {
        const auto read = hub_.read(stream, kReadBytes);
        if (!read) return false;
        if (read->bytes.empty() && !read->ended) return true;
        talk.used = now;
        talk.reader.receive(read->bytes);
        for (;;) {
            const auto frame = talk.reader.next();
            const bool understood = frame && (!*frame || take_frame(now, talk, **frame));
            if (!understood) {
                hub_.reset(stream);
                drop(now, stream);
                return false;
            }
            if (!*frame || talk.full) break;
        }
        if (read->ended) {
            end(now, stream);
            return false;
        }
    }
    return true;
}

bool Courier::take_frame(Instant now, Talk& talk, const Frame& frame) {
    switch (frame.type) {
        case FrameType::kData: return take_letter(now, talk, frame);
        case FrameType::kAck: {
            const auto sent = talk.sent.find(frame.sequence);
            if (sent == talk.sent.end()) return true;
            const MessageId id = sent->second;
            talk.sent.erase(sent);
            outgoing_.handle_receipt(now, talk.peer, id);
            return true;
        }
        case FrameType::kPing: say(now, talk, FrameType::kPong, frame.sequence, {}); return true;
        case FrameType::kPong: return true;
        case FrameType::kPresence: {
            auto presence = messaging::read_presence(frame.payload);
            if (!presence) return false;
            note_presence(now, talk.peer, std::move(*presence));
            return true;
        }
    }
    return false;
}

bool Courier::take_letter(Instant now, Talk& talk, const Frame& frame) {
    auto letter = messaging::read_letter(frame.payload);
    if (!letter) return false;
    if (const auto* receipts = std::get_if<messaging::Receipts>(&*letter)) {
        for (const MessageId& id : receipts->ids) outgoing_.handle_receipt(now, talk.peer, id);
        return true;
    }
    // Without a receipt its sender keeps it. The stream stays: it may carry ours.
    if (!options_.is_welcome(talk.peer)) return true;
    auto& message = std::get<messaging::Message>(*letter);
    talk.to_be_acked[message.id] = frame.sequence;
    const auto wall = std::chrono::duration_cast<std::chrono::milliseconds>(now.time_since_epoch());
    talk.full =
        incoming_.take(options_.wall_clock + static_cast<UnixMillis>(wall.count()), talk.peer,
                       std::move(message)) == messaging::Incoming::Verdict::kFull;
    return true;
}

// The sender keeps the message and comes back after a pause; receipts of what came before it are
// said first.
void Courier::end_if_full(Instant now, const StreamId& stream) {
    const auto talk = talks_.find(stream);
    if (talk == talks_.end() || !talk->second.full) return;
    end(now, stream);
    pump(now);
}

void Courier::note_presence(Instant now, const PeerId& peer, messaging::Presence presence) {
    asked_.erase(peer);
    if (presences_.size() >= options_.limits.presences_max && !presences_.contains(peer)) {
        presences_.erase(std::min_element(
            presences_.begin(), presences_.end(),
            [](const auto& a, const auto& b) { return a.second.said < b.second.said; }));
    }
    events_.push_back(PresenceChanged{peer, presence});
    presences_[peer] = {std::move(presence), now};
}

void Courier::drop(Instant now, const StreamId& stream) {
    const auto talk = talks_.find(stream);
    if (talk == talks_.end()) return;
    const PeerId peer = talk->second.peer;
    talks_.erase(talk);
    auto& streams = by_peer_[peer];
    const bool sending = streams.front() == stream;
    std::erase(streams, stream);
    const bool other = !streams.empty();
    if (!other) {
        by_peer_.erase(peer);
        if (asked_.erase(peer) > 0) events_.push_back(PresenceChanged{peer, std::nullopt});
    }
    if (!sending) return;
    outgoing_.handle_closed(now, peer);
    if (other) outgoing_.handle_open(now, peer);
}

void Courier::end(Instant now, const StreamId& stream) {
    const auto talk = talks_.find(stream);
    if (talk == talks_.end()) return;
    say_acks(now, talk->second);
    // What the stream did not take is of no interest to somebody who has said everything or
    // nothing for minutes.
    if (!hub_.write(stream, {}, true)) hub_.reset(stream);
    drop(now, stream);
}

void Courier::make_room(Instant now) {
    if (talks_.size() < options_.limits.streams_max) return;
    const auto oldest = std::min_element(
        talks_.begin(), talks_.end(),
        [](const auto& a, const auto& b) { return a.second.used < b.second.used; });
    const StreamId stream = oldest->first;
    end(now, stream);
}

}  // namespace sov::hub
