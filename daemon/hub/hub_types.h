#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "daemon/core/base/endpoint.h"
#include "daemon/core/base/ice.h"
#include "daemon/core/base/ids.h"
#include "daemon/core/base/instant.h"
#include "daemon/core/base/result.h"
#include "daemon/ports/ice_agent.h"
#include "daemon/ports/stream_transport.h"

// What the hub is asked and what it tells: limits, views and events.

namespace sov::hub {

using sov::path_class_name;
using sov::PathClass;

/// Which paths a dial may use. kDirectOnly allows the LAN too.
enum class DialPolicy : std::uint8_t { kAny, kDirectOnly, kRelayOnly, kLanOnly };
bool allows(DialPolicy policy, PathClass path);

/// Whose connections are taken: those of friends, or everybody's.
enum class Admission : std::uint8_t { kFriends, kAnyone };

/// Why the hub ends a connection or a stream, as the other side learns it (libp2p specs,
/// error-codes).
enum HubClose : ports::CloseCode {
    kCloseNone = 0,
    kCloseNegotiationFailed = 0x1001,
    kCloseOverLimit = 0x1002,   ///< a limit of this side: try again later
    kCloseViolation = 0x1004,   ///< the protocol was broken
    kCloseSupplanted = 0x1005,  ///< another connection between the two goes on instead
    kCloseIdle = 0x1006,        ///< nobody used it
    kCloseShutdown = 0x1007,    ///< this side leaves
    kCloseNotAdmitted = 0x1008  ///< this side takes connections from its friends only
};

/// Where a peer may be dialled, and who said so.
struct DialAddress {
    enum class Source : std::uint8_t { kGiven, kNear, kRecord };

    Endpoint endpoint;
    Source source{};

    friend bool operator==(const DialAddress&, const DialAddress&) = default;
};

struct HubLimits {
    /// Past it the least valuable idle one is closed; when all are in use, kBusy or refused.
    std::size_t connections_max = 256;
    std::size_t dials_max = 64;             ///< peers dialled at a time; past it kBusy
    std::size_t waiters_max = 64;           ///< commands that wait for one peer; past it kBusy
    std::size_t dial_addresses_max = 8;     ///< tried for one connect; the rest is not
    std::size_t streams_per_peer_max = 64;  ///< of apps, both directions; past it kBusy or reset
    /// Streams of a peer whose protocol is not agreed yet, or is one that the hub itself serves;
    /// past it new ones are reset.
    std::size_t unnamed_streams_max = 32;
    /// Of what an app gives a stream that is not open yet; past it write_first() takes no more.
    std::size_t first_bytes_max = 64 << 10;
    std::size_t served_protocols_max = 256;  ///< past it serve() is kOverQuota
    std::size_t interests_max = 256;         ///< peers held; past it hold() is kOverQuota
    std::size_t attempts_peers_max = 64;     ///< peers whose attempts are remembered; the oldest go
    std::size_t attempts_max = 16;           ///< remembered of one peer; the oldest go
    /// A connection without streams and without interest is closed after this.
    std::chrono::seconds idle_time{300};
    /// A connection that another supplants goes on for the streams that it has, and for at least
    /// this long, because the other side may just be opening one.
    std::chrono::seconds supplanted_time{5};
    /// Between tries to have a connection again in which somebody has interest; doubles from the
    /// first to the last.
    std::chrono::seconds retry_first{1}, retry_last{300};
};

struct HubOptions {
    PeerId self{};
    Admission admission = Admission::kFriends;
    std::string agent = {};  ///< said in identify, "sovereignd/0.1.0"
    HubLimits limits{};
};

/// One try of a connect, for whoever asks why.
struct DialAttempt {
    enum class Way : std::uint8_t { kLan, kAddress, kIce };

    Way way{};
    Endpoint endpoint;  ///< not for ICE
    Instant begun{};
    Duration took{0};  ///< 0 while under way
    bool won = false;
    /// Stable words: "connected", "trying", "not_needed", or the name of a ports::CloseReason. Of
    /// ICE also "no_answer": the peer said nothing to our call; "no_path": no pair of addresses
    /// works; "refused": the peer ended the call; "clocks_apart"; "over_limit".
    std::string outcome;
};

/// What helps to find paths through NATs.
struct IceOptions {
    std::vector<ports::IceServer> servers;
    /// As other peers see this host; port 0: with the port of whichever socket is asked for.
    std::vector<Endpoint> extra_addresses;
};

/// One thing that happened while a path to a peer was looked for.
struct ConnectStep {
    /// Stable words: "trying", "calling", "called", "our_candidate", "gathered", "answered",
    /// "their_candidate", "restarting", "path"; a state of the checks; how an attempt ended, as of
    /// DialAttempt::outcome.
    std::string what;
    std::string detail;  ///< an address or a pair; may be empty
    Duration after{0};   ///< since the dial or the call began
};

/// The last call with a peer: how far it came, for whoever asks why there is no path.
struct IceReport {
    PeerId peer;
    bool called = false;  ///< by the peer
    Instant begun{};
    std::string outcome = "trying";  ///< as of DialAttempt
    bool answered = false;           ///< the peer took part
    bool relays = false;             ///< we have a relay to offer
    std::size_t rounds = 1;
    std::vector<IceCandidate> ours, theirs;  ///< of all rounds, bounded
    std::string state;                       ///< of the checks, as of ice_state_name()
    std::optional<IcePair> pair;
    std::optional<Duration> connected_after;  ///< from the beginning to the first pair
    std::string words;                        ///< of the session, for a person
    static constexpr std::size_t kStepsMax = 48;
    std::vector<ConnectStep> steps;  ///< the first kStepsMax, in order
};

struct ConnectionView {
    ports::ConnectionId id{};
    PeerId peer;
    Endpoint remote;
    bool inbound = false;
    PathClass path{};
    std::string carrier;  ///< "udp" or "ice"
    Instant since{};
    std::optional<Duration> round_trip;
    std::uint64_t bytes_in = 0, bytes_out = 0;
    std::size_t streams = 0;             ///< of apps
    bool supplanted = false;             ///< another connection to the same peer takes new streams
    std::string agent;                   ///< from identify; empty before
    std::vector<std::string> protocols;  ///< from identify
};

// --- events ---

/// Answers connect(): with a connection that both sides have proven, or with why not.
/// kNotFound: nobody knows an address. kTimedOut: none answered. kUnauthorized: the other side
/// does not take connections from us. kWrongKey: somebody else lives there. kBusy: a limit here.
/// kCancelled.
struct ConnectFinished {
    CommandId command{};
    PeerId peer;
    Result<ConnectionView> outcome = Errc::kTimedOut;
    std::vector<DialAttempt> attempts;
    std::string words;  ///< for a person: what stood in the way and what to do; empty on success
};
struct ConnectionOpened {
    ConnectionView connection;
};
struct ConnectionClosed {
    ConnectionView connection;
    ports::CloseReason reason{};
    ports::CloseCode code = 0;
    std::string words;
};
/// The same connection and its streams go on over another path.
struct PathChanged {
    ConnectionView connection;
    PathClass before{};
};
/// Something happened on the way to a connection, for who asked connect() to tell.
struct ConnectStepped {
    PeerId peer;
    ConnectStep step;
};
/// Answers ping(). Errors as of ConnectFinished; kTimedOut when no answer came.
struct PingFinished {
    CommandId command{};
    PeerId peer;
    Result<Duration> outcome = Errc::kTimedOut;
    std::string words;
};
/// Addresses are needed: answered by handle_addresses(), maybe several times.
struct AddressesWanted {
    PeerId peer;
};
/// Sealed words for another hub, to be carried by the DHT: best effort.
struct SignalWanted {
    PeerId peer;
    Bytes words;
};

using HubEvent = std::variant<ConnectFinished, ConnectionOpened, ConnectionClosed, PathChanged,
                              ConnectStepped, PingFinished, AddressesWanted, SignalWanted>;

/// A stream whose protocol both sides agreed on.
struct HubStream {
    ports::StreamId id;
    PeerId peer;
    std::string protocol;
    bool inbound = false;
};

/// Who uses streams of one protocol here. Called on the core thread from within run() only; it may
/// call the hub. Outlives the hub, or calls forget_user() first.
class StreamUser {
  public:
    virtual ~StreamUser() = default;
    /// Somebody opened one (inbound, `command` is kNoCommand), or open_stream() succeeded.
    virtual void stream_opened(Instant now, const HubStream& stream, CommandId command) = 0;
    /// open_stream() failed: kUnsupported when the other side knows none of the protocols; kBusy at
    /// a limit here or there; or as of ConnectFinished. `words` are for a person.
    virtual void stream_failed(Instant now, CommandId command, Errc why, std::string words) = 0;
    /// As StreamReadable and StreamWritable of the transport. After StreamStopped it is told
    /// writable, and write() says kCancelled.
    virtual void stream_readable(Instant now, const ports::StreamId& stream) = 0;
    virtual void stream_writable(Instant now, const ports::StreamId& stream) = 0;
    /// The stream means nothing any more: ended by both sides (no error); kCancelled: the other
    /// side gave it up; kTimedOut: the other side is silent; kNotFound: its connection was closed.
    /// Not told after reset().
    virtual void stream_over(Instant now, const ports::StreamId& stream,
                             std::optional<Errc> error) = 0;
};

}  // namespace sov::hub
