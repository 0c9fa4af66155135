#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "daemon/core/base/rng.h"
#include "daemon/hub/connection_pool.h"
#include "daemon/hub/dials.h"
#include "daemon/hub/ice_calls.h"
#include "daemon/hub/identify_user.h"
#include "daemon/hub/ping_user.h"
#include "daemon/hub/stream_hub.h"
#include "daemon/hub/stream_table.h"

namespace sov::hub {

/// What the hub is made of, and how its parts meet: the transport's events and the users' wishes
/// go to the pool, the dials and the streams, and what one has to tell another is carried here.
class StreamHub::Parts {
  public:
    Parts(ports::StreamTransport& transport, HubOptions options, std::uint64_t seed);

    /// Somebody has interest in a peer.
    struct Interest {
        std::size_t count = 0;
        Instant retry_at = kNever;
        Duration pause{};
    };

    // --- what is asked of the hub (stream_hub.cpp goes straight to the parts for the rest) ---
    CommandId next_command() { return CommandId{++last_command_}; }
    CommandId connect(Instant now, const PeerId& peer, const ConnectOptions& options);
    CommandId open(Instant now, OpenRequest request);
    bool disconnect(Instant now, const PeerId& peer);
    void cancel(CommandId command);
    void shut_down(Instant now);
    void network_changed(Instant now);
    void start_ice(ports::IceAgents& agents, UnixMillis wall_clock, std::function<void()> wake);

    void run(Instant now);
    Instant next_timeout(Instant now) const;
    ConnectionView view(const Connection& connection) const;

    ports::StreamTransport& transport;
    HubOptions options;
    Rng rng;
    ConnectionPool pool;
    StreamTable table;
    Dials dials;
    IceCalls ice;
    PingUser pings;
    IdentifyUser identify;
    std::map<PeerId, Interest> interests;
    std::function<bool(const PeerId&)> is_friend;
    std::deque<HubEvent> events;
    std::map<CommandId, PeerId> followed;  ///< connects whose steps are told
    /// Peers that are dialled although there is a connection, which seems dead.
    std::set<PeerId> doubted;
    Instant last_run{};
    bool leaving = false;

  private:
    void take(Instant now, const ports::TransportEvent& event);
    void take(Instant now, const ports::PeerProven& proven);
    void take(Instant now, const ports::Connected& connected);
    void take(Instant now, const ports::Closed& closed);
    void take(Instant now, const ports::PeerMoved& moved);
    void open_again(Instant now, OpenRequest request, const ports::Closed& closed);
    void dial_again(Instant now, OpenRequest request, const ports::Closed& closed);
    void wait_for(Instant now, OpenRequest request);
    bool admit(Instant now, const ports::Connected& connected);
    void take_timeouts(Instant now);
    void retry(Instant now);
    void settle(Instant now);
    void settle_calls(Instant now);
    void tell_steps();
    Instant unanswered_at(const Connection& connection) const;
    Instant mend_at(const Connection& connection) const;
    Instant doubted_at(const Connection& connection) const;
    Instant missed_at(const PeerId& peer, const Interest& interest) const;
    void give_up_doubted(Instant now, const PeerId& peer);
    void believe_again(Instant now);
    void mend(Instant now);
    void dial_callers(Instant now);
    bool move_onto(Instant now, const IceCalls::Ready& ready);
    void content(Instant now, Waiter waiter, const Connection& connection);
    void fail(Waiter waiter, const PeerId& peer, Errc why, std::string words);
    bool busy(const Connection& connection) const;
    std::vector<std::pair<ports::ConnectionId, PeerId>> push_takers() const;
    ConnectionPool::Busy busy_test() const {
        return [this](const Connection& one) { return busy(one); };
    }

    std::uint64_t last_command_ = 0;
    std::optional<Instant> addresses_changed_;
};

}  // namespace sov::hub
