#include "daemon/hub/identify_user.h"

namespace sov::hub {

using ports::StreamId;

namespace {

/// Names and addresses of one message; what is beyond is left out. Leaves room for the rest within
/// streams::kIdentifySentMax.
constexpr std::size_t kNamesMax = 2560, kAddressesMax = 16;

}  // namespace

Bytes IdentifyUser::words_for(ports::ConnectionId connection) const {
    streams::Identify us;
    us.peer = about_.self;
    us.protocol_version = "sovereign/1";
    us.agent = about_.agent;
    us.observed = streams::Multiaddr::quic(remote_of_(connection));
    for (const Endpoint& endpoint : about_.addresses) {
        if (us.addresses.size() == kAddressesMax) break;
        us.addresses.push_back(streams::Multiaddr::quic(endpoint.without_zone()));
    }
    std::size_t size = 0;
    for (std::string& name : table_.served()) {
        size += name.size() + 3;
        if (size > kNamesMax) break;
        us.protocols.push_back(std::move(name));
    }
    Bytes words;
    if (const auto message = streams::encode_identify(us))
        streams::append_delimited(words, *message);
    return words;
}

void IdentifyUser::stream_opened(Instant now, const HubStream& stream, CommandId) {
    if (stream.inbound && stream.protocol == streams::kIdentifyProtocol) {
        // A fresh stream has room for 4 kB, and nothing is expected back.
        (void)table_.write(stream.id, words_for(stream.id.connection), true);
        return;
    }
    if (!stream.inbound && stream.protocol == streams::kIdentifyPushProtocol) {
        (void)table_.write(stream.id, words_for(stream.id.connection), true);
        pushes_[stream.id] = now + kAnswerTime;
        return;
    }
    if (!stream.inbound) (void)table_.write(stream.id, {}, true);
    readers_[stream.id] = {{}, now + kAnswerTime};
}

void IdentifyUser::stream_readable(Instant, const StreamId& stream) {
    const auto found = readers_.find(stream);
    if (found == readers_.end()) {  // who asks says nothing, but its end is to be taken
        const auto read = table_.read(stream, 64);
        if (read && !read->bytes.empty()) table_.reset(stream, kCloseViolation);
        return;
    }
    for (;;) {
        const auto read = table_.read(stream, 4096);
        if (!read) return;
        const bool sound = found->second.reader.receive(read->bytes).has_value();
        if (sound && !read->ended) {
            if (read->bytes.empty()) return;
            continue;
        }
        if (sound) {
            if (auto they = found->second.reader.finish()) {
                learn_(stream.connection, std::move(*they));
            }
            (void)table_.write(stream, {}, true);
        } else {
            table_.reset(stream, kCloseViolation);
        }
        readers_.erase(found);
        return;
    }
}

void IdentifyUser::handle_timeout(Instant now) {
    for (auto at = readers_.begin(); at != readers_.end();) {
        if (at->second.until > now) {
            ++at;
            continue;
        }
        table_.reset(at->first, kCloseNegotiationFailed);
        at = readers_.erase(at);
    }
    for (auto at = pushes_.begin(); at != pushes_.end();) {
        if (at->second > now) {
            ++at;
            continue;
        }
        table_.reset(at->first, kCloseNegotiationFailed);
        at = pushes_.erase(at);
    }
    if (push_at_ > now) return;
    push_at_ = kNever;
    pushed_at_ = now;
    for (const auto& [connection, peer] : takers_()) {
        OpenRequest request;
        request.peer = peer;
        request.protocols = {std::string(streams::kIdentifyPushProtocol)};
        request.user = this;
        request.system = true;
        table_.open(now, connection, std::move(request));
    }
}

Instant IdentifyUser::next_timeout() const {
    Instant first = push_at_;
    for (const auto& [id, until] : pushes_) first = earliest(first, until);
    for (const auto& [id, reader] : readers_) first = earliest(first, reader.until);
    return first;
}

}  // namespace sov::hub
