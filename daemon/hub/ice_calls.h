#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "daemon/core/base/rng.h"
#include "daemon/core/connect/signalling.h"
#include "daemon/hub/hub_types.h"
#include "daemon/ports/ice_agent.h"

namespace sov::hub {

/// Paths through NATs: calls peers and is called (core/connect), keeps the ICE sessions, and tells
/// when one carries data. Of a call the side that offers it dials over the path once there is one.
/// A path that died is mended, and a relayed one is tried to be bettered, by further rounds over
/// the same session; the connection on it notices nothing.
///
/// Sessions tell their news when they like, without the time: they wait in an inbox for run().
class IceCalls {
  public:
    /// Called when there is something for run().
    using Wake = std::function<void()>;

    /// While a path is relayed another round looks for a better one after these, the last again
    /// and again.
    static constexpr std::chrono::seconds kBetterAfter[] = {
        std::chrono::seconds{5}, std::chrono::seconds{30}, std::chrono::seconds{300}};
    /// A dead path is tried again after this; the side that was called leaves the first try to the
    /// other.
    static constexpr std::chrono::seconds kMendAgain{5}, kMendSecond{2};
    /// Reports that are kept, of the peers called last.
    static constexpr std::size_t kReportsMax = 64;
    /// Bytes of datagrams that wait for run(); past it they are dropped, as a network would.
    static constexpr std::size_t kInboxBytesMax = 4 << 20;

    /// A session that a connection has left goes on for what is still under way there.
    static constexpr std::chrono::seconds kHandOver{5};

    /// A path of a call works. Of one of ours: dial over it, unless a connection moves onto it.
    struct Ready {
        PeerId peer;
        ports::DatagramPath* path = nullptr;
        Endpoint remote;
        bool ours = false;
    };
    /// A call is over that carried no connection. `outcome` is as of DialAttempt.
    struct Failed {
        PeerId peer;
        std::string outcome;
    };
    struct Changed {
        ports::ConnectionId connection{};
        PathClass path{};
    };

    IceCalls(ports::StreamTransport& transport, const PeerId& self, std::uint64_t seed)
        : transport_(transport), self_(self), rng_(seed) {}
    ~IceCalls();
    IceCalls(const IceCalls&) = delete;
    IceCalls& operator=(const IceCalls&) = delete;

    /// Once, before all else; without it call() is kUnsupported. `agents` outlives this.
    void set_wall_clock(UnixMillis at_start);
    void start(ports::IceAgents& agents, UnixMillis wall_clock,
               connect::Signalling::TrustOf trust_of, Wake wake);
    void set_options(IceOptions options) { options_ = std::move(options); }
    bool available() const { return agents_ != nullptr; }

    // --- commands ---

    /// Ready, Failed, or a connection of the peer's follows. kUnsupported without agents,
    /// kInvalidArgument for a policy that needs no ICE, kBusy at a limit. Nothing new happens while
    /// a call with this peer is under way.
    Result<void> call(Instant now, const PeerId& peer, DialPolicy policy);
    /// Nobody wants a path to this peer: calls of ours without a connection end.
    void cancel(Instant now, const PeerId& peer);
    /// Calls of ours end that have a path which nobody has begun to use, as when the other side
    /// heard us still when the path was there: the next call may do better.
    void give_up_unused(Instant now, const PeerId& peer);
    /// A dial has begun over the path that is at `local`.
    void note_dial(ports::ConnectionId connection, const Endpoint& local);
    /// A connection runs over the path that is at `local`, and over no other any more. True when
    /// that is one of ours.
    bool take_connection(Instant now, ports::ConnectionId connection, const Endpoint& local);
    /// The connection, or the dial, is over, and its call with it unless another one runs there.
    /// `others`: its peer has more connections, and may have moved one of them there without our
    /// having noticed yet; then the session goes on for a while.
    void drop_connection(Instant now, ports::ConnectionId connection, bool others);
    bool carries(ports::ConnectionId connection) const;
    /// A dial or a move over one of our paths is under way.
    bool awaits(ports::ConnectionId connection) const;
    std::optional<PathClass> path_of(ports::ConnectionId connection) const;
    /// False for a connection over a path that was to keep our address from the peer.
    bool shows_address(ports::ConnectionId connection) const;
    /// The pair that carries a connection.
    std::optional<IcePair> pair_of(ports::ConnectionId connection) const;

    // --- inputs ---

    void handle_words(Instant now, const PeerId& from, ByteView words);
    void handle_network_change(Instant now);
    /// Hands datagrams to the transport, moves calls on.
    void run(Instant now);
    /// Closes sessions that are over; after the transport's flush, so that goodbyes are sent.
    /// True when there were any.
    bool reap();

    // --- outputs ---

    std::vector<Ready> take_ready() { return std::exchange(ready_, {}); }
    std::vector<Failed> take_failed() { return std::exchange(failed_, {}); }
    /// Friends who have called.
    std::vector<PeerId> take_callers() { return std::exchange(callers_, {}); }
    std::vector<Changed> take_changed() { return std::exchange(changed_, {}); }
    /// What happened since, for whoever follows.
    std::vector<ConnectStepped> take_steps() { return std::exchange(steps_, {}); }
    std::vector<SignalWanted> take_words() { return std::exchange(words_, {}); }
    Instant next_timeout() const;

    // --- views ---

    /// The last call with this peer.
    std::optional<IceReport> report(const PeerId& peer) const;
    connect::SignalCounters counters() const;

  private:
    using Number = std::uint64_t;
    /// A session and the call that it belongs to.
    struct Path {
        Number number = 0;
        PeerId peer;
        std::unique_ptr<ports::IceSession> session;
        connect::CallId call{};
        IceRole role{};
        bool relay_only = false;
        std::optional<ports::ConnectionId> dialled;
        /// Usually one; two after both sides dialled at once and both moved theirs here.
        std::set<ports::ConnectionId> connections;
        bool ready = false;  ///< told
        bool over = false;   ///< to be closed by reap()
        std::optional<PathClass> path;
        std::optional<IcePair> pair;
        Instant restart_at = kNever;
        Instant end_at = kNever;  ///< its connections have left it
        std::size_t betterings = 0;

        /// Somebody may still begin a connection over it.
        bool is_free() const { return !over && connections.empty() && end_at == kNever; }
    };
    struct Datagram {
        Number path = 0;
        std::size_t from = 0, size = 0;
    };
    struct Inbox {
        std::vector<std::pair<Number, ports::IceEvent>> events;
        Bytes bytes;
        std::vector<Datagram> datagrams;
    };

    Result<Path*> open(Instant now, const PeerId& peer, IceRole role, DialPolicy policy);
    Path* find(Number number);
    Path* find(connect::CallId call);
    void wake();
    void take_datagrams(Instant now);
    void take_signals(Instant now);
    void take(Instant now, Path& path, const ports::IceEvent& event);
    void take_state(Instant now, Path& path, const ports::IceStateChanged& changed);
    void take(Instant now, const connect::CallOffered& offered);
    void take(Instant now, const connect::CallAnswered& answered);
    void take(Instant now, const connect::CallRestarted& restarted);
    void take(Instant now, const connect::CandidatesTold& told);
    void take(Instant now, const connect::CallEnded& ended);
    void connected(Instant now, Path& path, const IcePair& pair);
    void restart(Instant now, Path& path);
    void leave(Instant now, Path& path);
    void close(Path& path, std::string outcome);
    IceReport& report_of(const Path& path);
    void note(Instant now, const Path& path, std::string what, std::string detail = {});

    ports::StreamTransport& transport_;
    const PeerId self_;
    Rng rng_;
    ports::IceAgents* agents_ = nullptr;
    std::unique_ptr<connect::Signalling> signalling_;
    IceOptions options_;
    Wake wake_;
    Inbox inbox_;
    bool woken_ = false;
    Number last_number_ = 0;
    std::map<Number, Path> paths_;
    std::vector<std::pair<Number, IceReport>> reports_;  ///< the newest last
    IceReport unread_;
    std::vector<Ready> ready_;
    std::vector<Failed> failed_;
    std::vector<Changed> changed_;
    std::vector<PeerId> callers_;
    std::vector<SignalWanted> words_;
    std::vector<ConnectStepped> steps_;
};

}  // namespace sov::hub
