#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "daemon/core/base/bytes.h"
#include "daemon/core/base/endpoint.h"
#include "daemon/core/base/ids.h"
#include "daemon/core/base/instant.h"
#include "daemon/core/base/result.h"
#include "daemon/ports/datagram_path.h"

// Connections to peers and streams on them. A connection has proven at both ends which peer is on
// the other before anything is told about it; a stream is bytes in order, both ways.

namespace sov::ports {

/// Never used twice in a transport's life.
enum class ConnectionId : std::uint64_t {};

/// `number` is the protocol's, so it is the same at both ends.
struct StreamId {
    ConnectionId connection{};
    std::int64_t number = 0;

    friend auto operator<=>(const StreamId&, const StreamId&) = default;
};

/// What one side tells the other when it ends a stream or a connection; below 2^62. 0 says nothing.
using CloseCode = std::uint64_t;
inline constexpr CloseCode kCloseCodeMax = (CloseCode{1} << 62) - 1;

/// Why a connection is over.
enum class CloseReason : std::uint8_t {
    kAsked,           ///< close() was called here
    kByPeer,          ///< the other side closed it; `code` is what it said
    kRefused,         ///< the other side ended the handshake: it did not accept us
    kWrongPeer,       ///< somebody else than the dialled peer answered
    kBadCertificate,  ///< the other side did not prove who it is
    kNoAnswer,        ///< the handshake did not get through in time
    kIdle,            ///< silent for the idle time: the path or the other side is dead
    kProtocol,        ///< the other side broke the protocol
    kPathGone,        ///< forget_path() was called
};
/// The stable lower-case word for a reason, as in "wrong_peer".
constexpr std::string_view close_reason_name(CloseReason reason) {
    switch (reason) {
        case CloseReason::kAsked: return "asked";
        case CloseReason::kByPeer: return "by_peer";
        case CloseReason::kRefused: return "refused";
        case CloseReason::kWrongPeer: return "wrong_peer";
        case CloseReason::kBadCertificate: return "bad_certificate";
        case CloseReason::kNoAnswer: return "no_answer";
        case CloseReason::kIdle: return "idle";
        case CloseReason::kProtocol: return "protocol";
        case CloseReason::kPathGone: return "path_gone";
    }
    return "unknown";
}

/// The dialled peer has proven itself, but has not said yet whether it accepts us. Streams may be
/// opened; what is written on them leaves together with our own proof, and nobody there sees it
/// before that. Connected or Closed follows.
struct PeerProven {
    ConnectionId connection{};
    PeerId peer;
};
/// Both sides have proven themselves to each other.
struct Connected {
    ConnectionId connection{};
    PeerId peer;
    Endpoint remote;
    bool inbound = false;
    Endpoint local;  ///< local() of the path that it runs over
};
/// The connection and its streams are gone. Of a dialled one it may come without Connected.
struct Closed {
    ConnectionId connection{};
    CloseReason reason{};
    CloseCode code = 0;
    std::string words;  ///< for a person; may be empty
};
/// The other side opened a stream.
struct StreamArrived {
    StreamId stream;
};
/// There is something to read(), be it the end. Told again only after a read() took everything.
struct StreamReadable {
    StreamId stream;
};
/// write() takes bytes again after it took less than it was given.
struct StreamWritable {
    StreamId stream;
};
/// The other side gave up writing; what was not read yet is lost.
struct StreamReset {
    StreamId stream;
    CloseCode code = 0;
};
/// The other side gave up reading; what was not acknowledged yet is lost. Told when there was
/// something to send.
struct StreamStopped {
    StreamId stream;
};
/// Both directions are over and everything was read: the id means nothing any more.
struct StreamEnded {
    StreamId stream;
};
/// A connection of ours goes on over another path of ours, or with another address of its peer,
/// which has been proven.
struct PeerMoved {
    ConnectionId connection{};
    Endpoint remote;
    Endpoint local;  ///< local() of the path that it runs over
};

using TransportEvent =
    std::variant<PeerProven, Connected, Closed, StreamArrived, StreamReadable, StreamWritable,
                 StreamReset, StreamStopped, StreamEnded, PeerMoved>;

/// How a connection does.
struct ConnectionFigures {
    std::optional<Duration> round_trip;  ///< smoothed (RFC 9002 s5.3); nothing before the first
    std::uint64_t bytes_in = 0, bytes_out = 0;  ///< of datagrams, since it began
    Instant heard{};                            ///< when the other side was last heard
    /// Since when the other side owes an answer to what was sent; nothing while it owes none.
    std::optional<Instant> owed_since;
};

/// What read() took.
struct StreamBytes {
    Bytes bytes;
    bool ended = false;  ///< nothing comes after these
};

/// A machine on the core thread, like the core itself: inputs and commands carry the time, which
/// never goes back; flush() after them sends what they caused; then all events are taken and the
/// next deadline is asked for. It has no thread, socket or clock.
class StreamTransport {
  public:
    struct DialOptions {
        /// What is known of the round trip: decides how long a lost first packet is waited for.
        Duration round_trip = std::chrono::milliseconds{100};
    };

    virtual ~StreamTransport() = default;

    // --- inputs ---

    /// Whether a datagram is this transport's. On a shared socket whatever is not belongs to
    /// others; may be wrong for random bytes with a probability below 2^-32.
    virtual bool claims(ByteView datagram) const = 0;
    /// `path` outlives the transport or is forgotten.
    virtual void handle_datagram(Instant now, DatagramPath& path, const Endpoint& from,
                                 ByteView datagram) = 0;
    /// Early and repeated calls do nothing.
    virtual void handle_timeout(Instant now) = 0;
    /// The path is about to be destroyed: connections on it are closed without a word.
    virtual void forget_path(DatagramPath& path) = 0;

    // --- commands ---

    /// kBusy at the limit of connections, kInvalidArgument for an address that can't be dialled.
    virtual Result<ConnectionId> dial(Instant now, DatagramPath& path, const Endpoint& to,
                                      const PeerId& peer, const DialOptions& options) = 0;
    /// Goes on over another path of ours, or over the same one, when our own address behind it has
    /// changed, with the peer at `to`. PeerMoved follows when that is proven to work and is news.
    /// Only who dialled can (RFC 9000 s9): kUnsupported otherwise; kBusy before Connected or while
    /// a move is on.
    virtual Result<void> move(Instant now, ConnectionId connection, DatagramPath& path,
                              const Endpoint& to) = 0;
    /// Says something that has to be answered, at once: a dialler follows a listener that speaks
    /// from another address, and a path that is dead shows. Unknown ids are ignored.
    virtual void nudge(Instant now, ConnectionId connection) = 0;
    /// Says goodbye once and forgets. Closed follows. Unknown ids are ignored.
    virtual void close(Instant now, ConnectionId connection, CloseCode code) = 0;

    /// From PeerProven or Connected on. kNotFound, kBusy while the other side allows no more
    /// streams.
    virtual Result<StreamId> open_stream(ConnectionId connection) = 0;
    /// Takes up to as many bytes as there is room for and tells how many; `end` says that nothing
    /// follows and counts only if all were taken. kNotFound, kCancelled when the other side stopped
    /// reading or the end was said already.
    virtual Result<std::size_t> write(const StreamId& stream, ByteView bytes, bool end) = 0;
    /// At most `bytes_max` bytes that have arrived; makes room for as many at the other side.
    virtual Result<StreamBytes> read(const StreamId& stream, std::size_t bytes_max) = 0;
    /// Gives up reading; what arrives is dropped from now on.
    virtual void stop_reading(const StreamId& stream, CloseCode code) = 0;
    /// Gives up both directions.
    virtual void reset(const StreamId& stream, CloseCode code) = 0;

    // --- outputs ---

    /// Sends what is due, as far as congestion and flow control allow.
    virtual void flush(Instant now) = 0;
    virtual std::optional<TransportEvent> poll_event() = 0;
    /// Nothing for an unknown connection.
    virtual std::optional<ConnectionFigures> figures(ConnectionId connection) const = 0;
    /// When handle_timeout() wants to be called, kNever if not at all. Never late.
    virtual Instant next_timeout() const = 0;
};

}  // namespace sov::ports
