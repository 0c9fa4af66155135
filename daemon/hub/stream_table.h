#pragma once

#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "daemon/hub/hub_types.h"
#include "daemon/streams/negotiation.h"

namespace sov::hub {

/// A stream that somebody here wants: waits for a connection, then for the other side's agreement.
struct OpenRequest {
    CommandId command{};
    PeerId peer;
    std::vector<std::string> protocols;
    StreamUser* user = nullptr;
    Bytes first = {};     ///< what the stream begins with, kept until the protocol is agreed
    bool spoken = false;  ///< `first` is on its way: the other side may have acted on it
    bool system = false;  ///< the hub's own: counts as no app's
    bool retried = false;

    /// Adds to `first` what fits; returns how much that was.
    std::size_t take_first(ByteView bytes, const HubLimits& limits);
    /// A single proposal needs no answer before the application speaks (Proposer::Mode::kLazy).
    bool speaks_first() const { return protocols.size() == 1; }
};

/// Streams from the first byte on: agrees on their protocols and takes what happens to them to
/// their users. Users are called by deliver() only.
class StreamTable {
  public:
    StreamTable(ports::StreamTransport& transport, const HubLimits& limits)
        : transport_(transport), limits_(limits) {}

    // --- who serves what ---
    Result<void> serve(std::string protocol, StreamUser& user, bool system);
    void withdraw(std::string_view protocol);
    std::vector<std::string> served() const;
    void forget_user(StreamUser& user);

    // --- streams that we open ---
    /// stream_opened() or stream_failed() follows.
    void open(Instant now, ports::ConnectionId connection, OpenRequest request);
    void fail(const OpenRequest& request, Errc why, std::string words);
    /// True when there was such a request under negotiation; its user is told.
    bool cancel(CommandId command);
    /// As of StreamHub; nothing when there is no such request under negotiation.
    std::optional<std::size_t> write_first(CommandId command, ByteView bytes);

    // --- what the transport says ---
    void arrived(Instant now, const ports::StreamId& id, const PeerId& peer);
    void readable(const ports::StreamId& id);
    void writable(const ports::StreamId& id);
    void given_up(const ports::StreamId& id, ports::CloseCode code);
    void ended(const ports::StreamId& id);
    /// All its streams are over. Requests on which the other side had not agreed yet come back.
    std::vector<OpenRequest> connection_gone(ports::ConnectionId connection, Errc why);

    void handle_timeout(Instant now);
    Instant next_timeout() const;

    // --- for users ---
    Result<std::size_t> write(const ports::StreamId& id, ByteView bytes, bool end);
    Result<ports::StreamBytes> read(const ports::StreamId& id, std::size_t bytes_max);
    void reset(const ports::StreamId& id, ports::CloseCode code = kCloseNone);

    /// Calls users for what happened; false when nothing had.
    bool deliver(Instant now);

    std::size_t app_streams(const PeerId& peer) const;
    std::size_t app_streams(ports::ConnectionId connection) const;
    /// Connections whose last app stream has ended since the last call.
    std::vector<ports::ConnectionId> take_unused() { return std::exchange(unused_, {}); }

  private:
    struct Stream {
        PeerId peer;
        std::optional<streams::Proposer> proposer;  ///< one of the two until agreed
        std::optional<streams::Chooser> chooser;
        std::optional<OpenRequest> request;  ///< of one that we opened, until agreed
        std::string protocol;
        StreamUser* user = nullptr;  ///< none before the protocol is agreed, if they opened it
        bool system = false;
        Bytes out;              ///< of the negotiation, not taken by the transport yet
        Bytes rest;             ///< came behind the agreement, not read yet
        bool end_held = false;  ///< the end was read off the transport, but not by the user yet
        bool transport_done = false;  ///< the transport has forgotten the stream
        Instant negotiate_until = kNever;
    };
    struct Server {
        StreamUser* user = nullptr;
        bool system = false;
    };
    struct Call {
        enum class Kind : std::uint8_t { kOpened, kFailed, kReadable, kWritable, kOver } kind{};
        StreamUser* user = nullptr;
        HubStream stream;
        CommandId command{};
        std::optional<Errc> error;
        std::string words;
    };
    using Streams = std::map<ports::StreamId, Stream>;

    void call(Call call) { calls_.push_back(std::move(call)); }
    Streams::iterator under_negotiation(CommandId command);
    void negotiate(Streams::iterator at);
    bool push_out(Streams::iterator at);
    void agree(Streams::iterator at, std::string protocol, Bytes rest);
    void give_up(Streams::iterator at, Errc why, ports::CloseCode code);
    void over(Streams::iterator at, std::optional<Errc> error);
    Streams::iterator erase(Streams::iterator at);
    std::size_t unnamed(ports::ConnectionId connection) const;
    Streams::const_iterator first_of(ports::ConnectionId connection) const;

    ports::StreamTransport& transport_;
    HubLimits limits_;
    std::map<std::string, Server, std::less<>> served_;
    Streams streams_;
    std::map<PeerId, std::size_t> app_count_;
    std::deque<Call> calls_;
    std::vector<ports::ConnectionId> unused_;
};

}  // namespace sov::hub
