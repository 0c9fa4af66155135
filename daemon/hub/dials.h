#pragma once

#include <array>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "daemon/core/connect/path_planner.h"
#include "daemon/hub/connection_pool.h"
#include "daemon/hub/stream_table.h"

namespace sov::hub {

/// Somebody who waits for a connection: a connect(), a stream to be opened, or neither of them, an
/// interest.
struct Waiter {
    CommandId command{};
    DialPolicy policy{};
    Instant begun{}, deadline{};
    std::optional<OpenRequest> open = {};
    /// Whether a path through NATs may be called for, too.
    bool calls = true;
};

/// Peers that are being dialled: for each one plan, whose attempts race, and all who wait for it.
/// The first attempt that is proven wins and the others are closed.
class Dials {
  public:
    struct Failed {
        Waiter waiter;
        PeerId peer;
        Errc why{};
        std::string words;
    };

    Dials(ports::StreamTransport& transport, const PeerId& self, const HubLimits& limits)
        : transport_(transport), self_(self), limits_(limits) {}

    /// Looks for a path through NATs: path_ready() or path_failed() follows when it says no error.
    using Call = std::function<Result<void>(Instant now, const PeerId&, DialPolicy)>;
    /// Without it there is no such way.
    void set_call(Call call) { call_ = std::move(call); }
    void set_path(Family family, ports::DatagramPath* path);
    ports::DatagramPath* path(Family family) const {
        return paths_[family == Family::kIpv4 ? 0 : 1];
    }
    /// The class of a path over the daemon's own port.
    PathClass plain_class(const Endpoint& remote) const;
    /// Adds to what is being dialled, or begins. False at a limit.
    bool wait(const PeerId& peer, Waiter waiter, const std::vector<DialAddress>& addresses);
    void add_addresses(const PeerId& peer, const std::vector<DialAddress>& addresses,
                       bool complete);
    /// True when somebody with this command waited; it is among the failed then.
    bool cancel(CommandId command);
    /// As of StreamHub; nothing when nobody with this command waits.
    std::optional<std::size_t> write_first(CommandId command, ByteView bytes);
    /// Drops the streams that this user waits for.
    void forget_user(const StreamUser& user);
    void fail_all(Errc why, const std::string& words);
    /// Begins attempts that are due and gives up what is late.
    void step(Instant now);
    Instant next_timeout(Instant now) const;

    bool dialling(const PeerId& peer) const { return dials_.contains(peer); }
    /// The peer of an attempt has proven itself: the streams to be opened on it at once. The
    /// attempt is not given up any more when another one wins.
    std::vector<OpenRequest> proven(const ports::PeerProven& proven);
    /// There is a connection with the peer: those who may now go on. Its own rivals are closed.
    std::vector<Waiter> connected(Instant now, const Connection& connection);
    /// Dials over a path that was called for. Nothing when nobody waits any more, or at a limit.
    std::optional<ports::ConnectionId> path_ready(Instant now, const PeerId& peer,
                                                  ports::DatagramPath& path,
                                                  const Endpoint& remote);
    void path_failed(Instant now, const PeerId& peer, const std::string& outcome);
    /// True when it was an attempt.
    bool closed(Instant now, const ports::Closed& closed);

    std::vector<DialAttempt> attempts(const PeerId& peer) const;
    std::vector<Failed> take_failed() { return std::exchange(failed_, {}); }
    /// What happened since, for whoever follows.
    std::vector<ConnectStepped> take_steps() { return std::exchange(steps_, {}); }
    /// Peers to which no path is looked for any more.
    std::vector<PeerId> take_uncalled() { return std::exchange(uncalled_, {}); }
    /// Peers whose addresses are needed.
    std::vector<PeerId> take_wanted() { return std::exchange(wanted_, {}); }

  private:
    struct Dial {
        connect::PathPlanner planner{{}};
        bool lan = false, global = false;  ///< what those who wait allow
        std::vector<DialAddress> known;
        bool complete = false;
        std::vector<Waiter> waiters;
        std::map<ports::ConnectionId, std::size_t> under_way;  ///< index in `tried`
        std::set<ports::ConnectionId> carrying;  ///< of these: streams were opened on them
        std::vector<DialAttempt> tried;
        bool not_admitted = false;
        bool lingers = false;  ///< nobody waits, but attempts may still win; see connected()
        /// When the next attempt may begin, as the planner said.
        Instant due{};
        Instant begun{};
        bool called = false;
        std::optional<std::size_t> call;  ///< index in `tried`, while there is no path yet
    };
    using DialMap = std::map<PeerId, Dial>;

    bool allows_outside(DialPolicy policy) const;
    connect::PathPlanner plan_for(const Dial& dial) const;
    void begin_anew(const PeerId& peer, Dial& dial, Instant now);
    void begin(Instant now, const PeerId& peer, Dial& dial, const Endpoint& endpoint);
    void advance(Instant now, const PeerId& peer, Dial& dial);
    Instant begin_call(Instant now, const PeerId& peer, Dial& dial);
    void end_call(Instant now, const PeerId& peer, Dial& dial, const std::string& outcome);
    void abandon(Instant now, const PeerId& peer, Dial& dial, const Connection* winner = nullptr);
    void fail(const PeerId& peer, Dial& dial, Waiter waiter);
    DialMap::iterator finish(DialMap::iterator at);

    ports::StreamTransport& transport_;
    PeerId self_;
    HubLimits limits_;
    Call call_;
    std::array<ports::DatagramPath*, 2> paths_{};
    DialMap dials_;
    std::vector<Failed> failed_;
    std::vector<ConnectStepped> steps_;
    std::vector<PeerId> wanted_, uncalled_;
    std::deque<std::pair<PeerId, std::vector<DialAttempt>>> history_;  ///< the newest last
};

}  // namespace sov::hub
