#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "daemon/core/base/bytes.h"
#include "daemon/core/base/endpoint.h"
#include "daemon/core/base/ice.h"
#include "daemon/core/base/result.h"
#include "daemon/ports/datagram_path.h"

// Paths through NATs (RFC 8445). Everything here lives on the core thread: calls return at once,
// and what comes of them is told later, never from within a call.

namespace sov::ports {

/// Somebody else's server that helps: STUN tells our address (RFC 8489), TURN passes on (RFC 8656).
struct IceServer {
    enum class Kind : std::uint8_t { kStun, kTurnUdp, kTurnTcp };
    Kind kind = Kind::kStun;
    Endpoint endpoint;
    std::string user, password;  ///< TURN's long-term credential
};

struct IceStart {
    IceRole role = IceRole::kControlling;
    std::vector<IceServer> servers;
    /// Where our sockets are reachable besides what the servers say: as other peers saw us, or a
    /// port mapping. Port 0 means the port of our own socket, for routers that keep ports.
    std::vector<Endpoint> extra_addresses;
    /// The ports our sockets may have; 0 and 0: any. One port only is for a session that owns a
    /// port mapping.
    std::uint16_t port_min = 0, port_max = 0;
    bool relay_only = false;  ///< our address is not shown to the other side
};

enum class IceState : std::uint8_t {
    kGathering,     ///< the other side is not known yet
    kChecking,      ///< looking for a pair that works
    kConnected,     ///< a pair works: the path carries data
    kDisconnected,  ///< it was connected, and the other side answers no more (RFC 7675)
    kFailed,        ///< no pair works, or there was nothing to try with; `words` says what
};
/// The stable lower-case word, as in "checking".
constexpr std::string_view ice_state_name(IceState state) {
    switch (state) {
        case IceState::kGathering: return "gathering";
        case IceState::kChecking: return "checking";
        case IceState::kConnected: return "connected";
        case IceState::kDisconnected: return "disconnected";
        case IceState::kFailed: return "failed";
    }
    return "unknown";
}

/// Tell the other side at once; waiting for the last one costs seconds. Each is of the description
/// that was in force when it is told.
struct IceLocalCandidate {
    IceCandidate candidate;
};
/// No local candidate follows until restart(). May come long after Connected.
struct IceGathered {};
/// Told again when another pair takes over. Neither kDisconnected nor kFailed is the end: restart()
/// tries anew over the same sockets.
struct IceStateChanged {
    IceState state{};
    std::optional<IcePair> pair;  ///< with kConnected
    std::string words;            ///< for a person; may be empty
};
using IceEvent = std::variant<IceLocalCandidate, IceGathered, IceStateChanged>;

/// Where a session's news go. Both may close any session, this one too, but not end the agents.
struct IceSinks {
    std::function<void(const IceEvent&)> event;
    /// What arrived in one burst, in order; valid during the call.
    std::function<void(std::span<const ByteView>)> datagrams;
};

/// One attempt to reach one peer, and the path when it works. Destroying it closes the sockets and
/// gives back what TURN servers lent; no sink is called after that.
class IceSession {
  public:
    virtual ~IceSession() = default;

    /// What the other side needs besides candidates; there from the start.
    virtual const IceDescription& local() const = 0;
    /// What the other side told. Checks begin when this and a candidate are there, in either order.
    /// kInvalidArgument for texts out of their range; kConflict for another description than
    /// before: that is its restart, which is answered by restart() first.
    virtual Result<void> set_remote(const IceDescription& description) = 0;
    /// kInvalidArgument for addresses that must not be sent to: port 0, multicast, broadcast, of
    /// one link, this host's own; kOverQuota past the limit; kExists when it was told before.
    virtual Result<void> add_remote_candidate(const IceCandidate& candidate) = 0;
    /// The other side has no more. Without this word checking goes on until the session is closed.
    virtual void remote_gathered() = 0;
    /// Begins anew over the same sockets (RFC 8445 s9): a new local description, candidates told
    /// again, the other side's forgotten. The old pair carries data meanwhile. For a path that
    /// died and for one that may have become better. `extra_addresses` takes the place of the
    /// start's: this host may be seen elsewhere by now; past the limit they are left out.
    virtual const IceDescription& restart(const std::vector<Endpoint>& extra_addresses) = 0;

    /// The way for data. Its address and remote() are made up and stay the same whatever pair is
    /// in use (docs/decisions, "ICE on libnice"), so whoever sends sees one path. Datagrams are
    /// dropped while there is no pair. datagram_bytes_max() is exactly 1200.
    virtual DatagramPath& path() = 0;
    /// The other end's made-up address, which is where datagrams come from too; path() sends to
    /// nobody else. The same in all sessions, so a connection can move from one to another.
    virtual Endpoint remote() const = 0;

    virtual IceState state() const = 0;
    /// The pair in use. After restart() it is the old one until another takes over.
    virtual std::optional<IcePair> pair() const = 0;
};

/// Makes sessions. Outlives them.
class IceAgents {
  public:
    virtual ~IceAgents() = default;

    /// Gathering begins at once. kBusy at the limit of sessions, kInvalidArgument for a server that
    /// can't be one or ports out of order.
    virtual Result<std::unique_ptr<IceSession>> open(const IceStart& start, IceSinks sinks) = 0;
    virtual std::size_t sessions() const = 0;
};

}  // namespace sov::ports
