#include "daemon/hub/stream_table.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "daemon/core/base/check.h"

namespace sov::hub {

using ports::ConnectionId;
using ports::StreamId;

namespace {

/// What one read takes while a protocol is being agreed on: bounds what is held behind it.
constexpr std::size_t kNegotiationRead = 2048;
/// Negotiation bytes that may wait for the transport: a peer that proposes without reading.
constexpr std::size_t kNegotiationOut = 32 << 10;

void append(Bytes& to, ByteView bytes) { to.insert(to.end(), bytes.begin(), bytes.end()); }

}  // namespace

// ---- who serves what
// -----------------------------------------------------------------------------

Result<void> StreamTable::serve(std::string protocol, StreamUser& user, bool system) {
    if (!streams::is_protocol_name(protocol)) return Errc::kInvalidArgument;
    if (served_.contains(protocol)) return Errc::kExists;
    if (served_.size() >= limits_.served_protocols_max) return Errc::kOverQuota;
    served_.emplace(std::move(protocol), Server{&user, system});
    return {};
}

void StreamTable::withdraw(std::string_view protocol) {
    const auto found = served_.find(protocol);
    if (found != served_.end() && !found->second.system) served_.erase(found);
}

std::vector<std::string> StreamTable::served() const {
    std::vector<std::string> names;
    for (const auto& [name, server] : served_) names.push_back(name);
    return names;
}

void StreamTable::forget_user(StreamUser& user) {
    std::erase_if(served_, [&](const auto& entry) { return entry.second.user == &user; });
    std::erase_if(calls_, [&](const Call& call) { return call.user == &user; });
    for (auto at = streams_.begin(); at != streams_.end();) {
        if (at->second.user != &user) {
            ++at;
            continue;
        }
        transport_.reset(at->first, kCloseNone);
        at = erase(at);
    }
}

// ---- streams that we open
// ------------------------------------------------------------------------

std::size_t OpenRequest::take_first(ByteView bytes, const HubLimits& limits) {
    const std::size_t room = limits.first_bytes_max - first.size();
    const std::size_t taken = std::min(room, bytes.size());
    first.insert(first.end(), bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(taken));
    return taken;
}

void StreamTable::fail(const OpenRequest& request, Errc why, std::string words) {
    call({Call::Kind::kFailed, request.user, {}, request.command, why, std::move(words)});
}

void StreamTable::open(Instant now, ConnectionId connection, OpenRequest request) {
    if (!request.system && app_streams(request.peer) >= limits_.streams_per_peer_max) {
        fail(request, Errc::kBusy, "this daemon has too many streams to that peer");
        return;
    }
    const auto id = transport_.open_stream(connection);
    if (!id) {
        fail(request, id.error(),
             id.error() == Errc::kBusy ? "the other side allows no more streams for now"
                                       : "the connection is gone");
        return;
    }
    Stream stream;
    stream.peer = request.peer;
    stream.user = request.user;
    stream.system = request.system;
    const bool lazy = request.speaks_first();
    stream.proposer.emplace(request.protocols, lazy ? streams::Proposer::Mode::kLazy
                                                    : streams::Proposer::Mode::kStrict);
    stream.out = stream.proposer->opening();
    if (lazy) append(stream.out, request.first);
    request.spoken = lazy && !request.first.empty();
    stream.negotiate_until = now + streams::kNegotiationTime;
    if (!request.system) ++app_count_[request.peer];
    stream.request = std::move(request);
    push_out(streams_.emplace(*id, std::move(stream)).first);
}

StreamTable::Streams::iterator StreamTable::under_negotiation(CommandId command) {
    return std::find_if(streams_.begin(), streams_.end(), [&](const auto& entry) {
        return entry.second.request && entry.second.request->command == command;
    });
}

bool StreamTable::cancel(CommandId command) {
    const auto at = under_negotiation(command);
    if (at == streams_.end()) return false;
    give_up(at, Errc::kCancelled, kCloseNone);
    return true;
}

std::optional<std::size_t> StreamTable::write_first(CommandId command, ByteView bytes) {
    const auto at = under_negotiation(command);
    if (at == streams_.end()) return std::nullopt;
    OpenRequest& request = *at->second.request;
    const std::size_t taken = request.take_first(bytes, limits_);
    if (request.speaks_first() && taken > 0) {
        append(at->second.out, bytes.first(taken));
        request.spoken = true;
        push_out(at);
    }
    return taken;
}

// ---- what the transport says
// ---------------------------------------------------------------------

void StreamTable::arrived(Instant now, const StreamId& id, const PeerId& peer) {
    if (unnamed(id.connection) >= limits_.unnamed_streams_max) {
        transport_.reset(id, kCloseOverLimit);
        return;
    }
    Stream stream;
    stream.peer = peer;
    stream.system = true;  // nobody's, until it has a name
    stream.chooser.emplace(served());
    stream.negotiate_until = now + streams::kNegotiationTime;
    streams_.emplace(id, std::move(stream));
}

void StreamTable::readable(const StreamId& id) {
    const auto at = streams_.find(id);
    if (at == streams_.end()) return;
    if (at->second.proposer || at->second.chooser) {
        negotiate(at);
    } else {
        call({Call::Kind::kReadable, at->second.user, {id, {}, {}, false}, {}, {}, {}});
    }
}

void StreamTable::writable(const StreamId& id) {
    const auto at = streams_.find(id);
    if (at == streams_.end()) return;
    if (!push_out(at)) return;
    if (at->second.proposer || at->second.chooser) {
        negotiate(at);  // which was waiting for room
    } else {
        call({Call::Kind::kWritable, at->second.user, {id, {}, {}, false}, {}, {}, {}});
    }
}

// True when nothing of the negotiation waits for the transport.
bool StreamTable::push_out(Streams::iterator at) {
    Bytes& out = at->second.out;
    if (out.empty()) return true;
    const auto taken = transport_.write(at->first, out, false);
    if (!taken) {
        out.clear();  // they no longer listen; what they say decides
        return true;
    }
    out.erase(out.begin(), out.begin() + static_cast<std::ptrdiff_t>(*taken));
    return out.empty();
}

void StreamTable::negotiate(Streams::iterator at) {
    Stream& stream = at->second;
    for (;;) {
        if (!push_out(at) && stream.out.size() > kNegotiationOut) return;
        auto read = transport_.read(at->first, kNegotiationRead);
        if (!read) return;
        stream.end_held = stream.end_held || read->ended;
        const bool proposes = stream.proposer.has_value();
        const Result<void> taken = proposes ? stream.proposer->receive(read->bytes, stream.out)
                                            : stream.chooser->receive(read->bytes, stream.out);
        push_out(at);
        const std::string agreed = proposes ? stream.proposer->agreed() : stream.chooser->agreed();
        if (!taken) {
            give_up(at, taken.error(), kCloseNegotiationFailed);
            return;
        }
        if (!agreed.empty()) {
            agree(at, agreed,
                  proposes ? stream.proposer->take_rest() : stream.chooser->take_rest());
            return;
        }
        if (stream.end_held) {
            give_up(at, Errc::kUnsupported, kCloseNegotiationFailed);
            return;
        }
        if (read->bytes.empty()) return;
    }
}

void StreamTable::agree(Streams::iterator at, std::string protocol, Bytes rest) {
    Stream& stream = at->second;
    const bool inbound = stream.chooser.has_value();
    CommandId command = kNoCommand;
    if (inbound) {
        const auto server = served_.find(protocol);
        if (server == served_.end()) {  // withdrawn meanwhile
            give_up(at, Errc::kUnsupported, kCloseNegotiationFailed);
            return;
        }
        if (!server->second.system && app_streams(stream.peer) >= limits_.streams_per_peer_max) {
            give_up(at, Errc::kBusy, kCloseOverLimit);
            return;
        }
        stream.user = server->second.user;
        stream.system = server->second.system;
        if (!stream.system) ++app_count_[stream.peer];
    } else {
        command = stream.request->command;
        if (!stream.request->speaks_first()) {
            append(stream.out, stream.request->first);
            push_out(at);
        }
    }
    stream.proposer.reset();
    stream.chooser.reset();
    stream.request.reset();
    stream.negotiate_until = kNever;
    stream.protocol = protocol;
    stream.rest = std::move(rest);
    const HubStream view{at->first, stream.peer, std::move(protocol), inbound};
    call({Call::Kind::kOpened, stream.user, view, command, {}, {}});
    // The transport says it once; what came during the negotiation was its once.
    call({Call::Kind::kReadable, stream.user, view, {}, {}, {}});
}

// A negotiation that failed.
void StreamTable::give_up(Streams::iterator at, Errc why, ports::CloseCode code) {
    if (at->second.request) {
        fail(*at->second.request, why,
             why == Errc::kUnsupported ? "the other side does not serve this protocol"
             : why == Errc::kBusy      ? "the other side has too many streams with us"
             : why == Errc::kTimedOut  ? "the other side did not answer which protocol it speaks"
             : why == Errc::kCancelled ? "given up here"
                                       : "the other side does not speak multistream-select");
    }
    transport_.reset(at->first, code);
    erase(at);
}

void StreamTable::over(Streams::iterator at, std::optional<Errc> error) {
    if (at->second.request) {
        give_up(at, error.value_or(Errc::kUnsupported), kCloseNone);
        return;
    }
    if (at->second.user != nullptr) {
        call({Call::Kind::kOver, at->second.user, {at->first, {}, {}, false}, {}, error, {}});
    }
    erase(at);
}

void StreamTable::given_up(const StreamId& id, ports::CloseCode code) {
    const auto at = streams_.find(id);
    if (at == streams_.end()) return;
    transport_.reset(id, kCloseNone);  // half a stream is of no use to anybody here
    if (!at->second.request) {
        over(at, Errc::kCancelled);
    } else {
        over(at, code == kCloseOverLimit ? Errc::kBusy : Errc::kUnsupported);
    }
}

void StreamTable::ended(const StreamId& id) {
    const auto at = streams_.find(id);
    if (at == streams_.end()) return;
    // The end was taken off the transport here, and its user has not read it yet.
    if (at->second.end_held) {
        at->second.transport_done = true;
        return;
    }
    over(at, std::nullopt);
}

std::vector<OpenRequest> StreamTable::connection_gone(ConnectionId connection, Errc why) {
    std::vector<OpenRequest> again;
    auto at = streams_.lower_bound({connection, std::numeric_limits<std::int64_t>::min()});
    while (at != streams_.end() && at->first.connection == connection) {
        if (at->second.request) {
            again.push_back(std::move(*at->second.request));
        } else if (at->second.user != nullptr) {
            call({Call::Kind::kOver, at->second.user, {at->first, {}, {}, false}, {}, why, {}});
        }
        at = erase(at);
    }
    std::erase(unused_, connection);
    return again;
}

void StreamTable::handle_timeout(Instant now) {
    for (auto at = streams_.begin(); at != streams_.end();) {
        const auto next = std::next(at);
        if (at->second.negotiate_until <= now) {
            give_up(at, Errc::kTimedOut, kCloseNegotiationFailed);
        }
        at = next;
    }
}

Instant StreamTable::next_timeout() const {
    Instant first = kNever;
    for (const auto& [id, stream] : streams_) first = earliest(first, stream.negotiate_until);
    return first;
}

// ---- for users
// -----------------------------------------------------------------------------------

Result<std::size_t> StreamTable::write(const StreamId& id, ByteView bytes, bool end) {
    const auto at = streams_.find(id);
    if (at == streams_.end() || at->second.negotiate_until != kNever) return Errc::kNotFound;
    // The last words of the negotiation go first; they are few and nearly always gone.
    if (!push_out(at)) return std::size_t{0};
    return transport_.write(id, bytes, end);
}

Result<ports::StreamBytes> StreamTable::read(const StreamId& id, std::size_t bytes_max) {
    const auto at = streams_.find(id);
    if (at == streams_.end() || at->second.negotiate_until != kNever) return Errc::kNotFound;
    Stream& stream = at->second;
    if (stream.rest.empty() && !stream.end_held) return transport_.read(id, bytes_max);
    ports::StreamBytes read;
    const auto taken = static_cast<std::ptrdiff_t>(std::min(bytes_max, stream.rest.size()));
    read.bytes.assign(stream.rest.begin(), stream.rest.begin() + taken);
    stream.rest.erase(stream.rest.begin(), stream.rest.begin() + taken);
    if (!stream.rest.empty()) return read;
    if (stream.end_held) {
        read.ended = true;
        stream.end_held = false;
        if (stream.transport_done) over(at, std::nullopt);
        return read;
    }
    if (read.bytes.size() < bytes_max) {
        const auto more = transport_.read(id, bytes_max - read.bytes.size());
        if (more) {
            read.bytes.insert(read.bytes.end(), more->bytes.begin(), more->bytes.end());
            read.ended = more->ended;
        }
    } else {
        call({Call::Kind::kReadable, stream.user, {id, {}, {}, false}, {}, {}, {}});
    }
    return read;
}

void StreamTable::reset(const StreamId& id, ports::CloseCode code) {
    const auto at = streams_.find(id);
    if (at == streams_.end()) return;
    transport_.reset(id, code);
    erase(at);
    std::erase_if(calls_, [&](const Call& call) { return call.stream.id == id; });
}

bool StreamTable::deliver(Instant now) {
    if (calls_.empty()) return false;
    while (!calls_.empty()) {
        const Call next = std::move(calls_.front());
        calls_.pop_front();
        const bool there = streams_.contains(next.stream.id);
        switch (next.kind) {
            case Call::Kind::kOpened:
                next.user->stream_opened(now, next.stream, next.command);
                break;
            case Call::Kind::kFailed:
                next.user->stream_failed(now, next.command, *next.error, next.words);
                break;
            case Call::Kind::kReadable:
                if (there) next.user->stream_readable(now, next.stream.id);
                break;
            case Call::Kind::kWritable:
                if (there) next.user->stream_writable(now, next.stream.id);
                break;
            case Call::Kind::kOver: next.user->stream_over(now, next.stream.id, next.error); break;
        }
    }
    return true;
}

// ---- counts
// --------------------------------------------------------------------------------------

std::size_t StreamTable::app_streams(const PeerId& peer) const {
    const auto found = app_count_.find(peer);
    return found == app_count_.end() ? 0 : found->second;
}

StreamTable::Streams::const_iterator StreamTable::first_of(ConnectionId connection) const {
    return streams_.lower_bound({connection, std::numeric_limits<std::int64_t>::min()});
}

std::size_t StreamTable::app_streams(ConnectionId connection) const {
    std::size_t count = 0;
    for (auto at = first_of(connection); at != streams_.end() && at->first.connection == connection;
         ++at) {
        if (!at->second.system) ++count;
    }
    return count;
}

std::size_t StreamTable::unnamed(ConnectionId connection) const {
    std::size_t count = 0;
    for (auto at = first_of(connection); at != streams_.end() && at->first.connection == connection;
         ++at) {
        if (at->second.system && !at->second.request) ++count;
    }
    return count;
}

StreamTable::Streams::iterator StreamTable::erase(Streams::iterator at) {
    if (!at->second.system) {
        const auto counted = app_count_.find(at->second.peer);
        SOV_CHECK(counted != app_count_.end());
        if (--counted->second == 0) app_count_.erase(counted);
        unused_.push_back(at->first.connection);
    }
    return streams_.erase(at);
}

}  // namespace sov::hub
