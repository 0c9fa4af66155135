#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "client/result.h"

// Connections to peers and streams on them: a part of sovereign_client.h.

namespace sov::client {

/// A port of the router that sends on to ours.
struct PortMapping {
    std::string external;             ///< "198.51.100.7:6881"; empty: there is none
    std::string method;               ///< nat_pmp upnp
    std::chrono::seconds lifetime{};  ///< 0: until it is deleted
    std::string reason;               ///< without one: why
};

/// Connections to peers, in numbers.
struct ConnectionCounts {
    struct Stuck {
        PeerId peer;
        milliseconds age{0};
    };
    std::uint32_t lan = 0, direct = 0, relayed = 0;
    std::vector<Stuck> stuck;  ///< relayed for more than a minute, the longest first
};

/// A connection to a peer.
struct Connection {
    PeerId peer;
    std::string path;     ///< lan direct relayed
    std::string carrier;  ///< udp ice
    std::string remote;   ///< the other side's address
    bool inbound = false;
    milliseconds age{0};
    std::optional<microseconds> round_trip;
    std::uint64_t bytes_in = 0, bytes_out = 0;
    std::uint32_t streams = 0;
    /// What the other side says of itself, unproven: clean it before a terminal sees it.
    std::string agent;
    std::vector<std::string> protocols;
};

/// One thing that was tried for a connection.
struct ConnectAttempt {
    std::string way;       ///< lan address ice
    std::string endpoint;  ///< empty for ice
    microseconds took{0};
    bool won = false;
    std::string outcome;  ///< connected no_answer wrong_peer ...
    milliseconds ago{0};  ///< of a past one: since it began
};

/// One thing that happened while connecting.
struct ConnectStep {
    std::string what;    ///< trying no_answer calling our_candidate answered checking path ...
    std::string detail;  ///< an address or a pair; may be empty
    microseconds after{0};
};

/// How the two sides last looked for a path through their NATs.
struct PeerCall {
    bool by_peer = false;
    milliseconds ago{0};
    std::string outcome;  ///< connected trying no_answer no_path refused clocks_apart ...
    bool answered = false, relays = false;
    std::uint32_t rounds = 0;
    std::vector<std::string> ours, theirs;  ///< "srflx 192.0.2.1:40000"
    std::string state;                      ///< of the checks; empty before
    std::string pair;                       ///< "srflx 192.0.2.1:1 to host 192.0.2.7:2"; or empty
    std::optional<microseconds> connected_after;
    std::vector<ConnectStep> steps;
};

/// Why a connection is as it is, or why there is none.
struct ConnectionReason {
    PeerId peer;
    std::optional<Connection> connection;
    std::vector<ConnectAttempt> attempts;  ///< the newest first
    std::optional<PeerCall> call;
    std::string reason, next_step;
};

struct ConnectQuery {
    std::string peer;      ///< "sov1...", what a friend is called here, or "bob", "bob#k7f3q2"
    std::string policy;    ///< any direct relay lan; empty: any
    milliseconds time{0};  ///< 0: the daemon's 15 s
};

using StepTold = std::function<void(const ConnectStep&)>;

/// How connecting went. `attempts` are known for a failure, too.
struct ConnectReport {
    PeerId peer;  ///< empty when the failure came before it was known
    std::vector<ConnectAttempt> attempts;
    microseconds took{0};
    Connection connection;         ///< on success
    std::optional<Error> failure;  ///< in place of a connection
};

struct ConnectionChange {
    std::string change;  ///< listed opened moved closed; missed: a reader too slow
    Connection connection;
    std::string before;  ///< moved: the path before
    std::string reason;  ///< closed: asked by_peer idle ...
    std::string words;   ///< closed: what the other side said, unproven; may be empty
    std::uint64_t missed = 0;
    std::chrono::system_clock::time_point time;
};

struct PeerPing {
    PeerId peer;
    microseconds round_trip{0};
    Connection connection;  ///< its path is empty when it has gone since
};

/// A stream to a peer, as a connected Unix socket: read and write descriptor() as any other, half a
/// shutdown ends a direction. Its end closes the descriptor and resets a stream that is not over.
class Stream {
  public:
    virtual ~Stream() = default;
    /// Non-blocking; owned by the stream.
    virtual int descriptor() const = 0;
    virtual const PeerId& peer() const = 0;
    virtual const std::string& protocol() const = 0;
    /// Waits until the stream is over and says how it ended: call it when a read says that nothing
    /// follows and nothing is left to write. Errors: "reset", "peer_silent", "peer_gone" when bytes
    /// may be missing.
    virtual Result<Done> finish() = 0;
};

/// A stream that somebody opened and that take_stream() takes up.
struct IncomingStream {
    std::string token;
    PeerId peer;
    std::string protocol;
};

struct ServeQuery {
    std::string protocol;                 ///< as "/chat/1.0.0"
    std::vector<std::string> only_peers;  ///< "sov1..."; none: everybody who may connect
};

}  // namespace sov::client
