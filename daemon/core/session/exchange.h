#pragma once

#include <array>
#include <functional>
#include <queue>
#include <unordered_map>
#include <utility>
#include <vector>

#include "daemon/core/base/counters.h"
#include "daemon/core/guard/rate_limiter.h"
#include "daemon/core/session/session_table.h"
#include "daemon/core/wire/request.h"

namespace sov::session {

/// Requests in flight: gives each an id, sends it again once when its peer is slower than usual,
/// and gives it up after the hard time-out. Time-outs adapt to each peer's round trip (RFC 6298),
/// or to everybody's while the peer's is unknown. A request that the budget for first packets, for
/// handshakes or for the router has no room for waits for its turn: it is not taken for silence,
/// and who begins more than the budget allows is slowed down. Those for whom the router has no flow
/// left step aside for others. At most Limits::requests_max; past it a request fails at once.
///
/// The more urgent go first, and among equals those that were asked first. So that nobody is
/// overtaken for ever, four times a second the one that has waited longest goes before all that
/// are more urgent, if it has waited for a quarter of a second.
class Exchange {
  public:
    Exchange(SessionTable& sessions, Rng& rng, Counters& counters, const Limits& limits)
        : sessions_(sessions),
          counters_(counters),
          limits_(limits),
          next_id_(static_cast<std::uint32_t>(rng.next())) {}

    /// Sends. A request that can't even be tried is reported as failed in the next take_notices.
    void ask(Instant now, wire::Request request, Outbox& outbox);

    /// The answer that this message is, if it is one to a request of ours to this peer.
    std::optional<wire::Answer> match(Instant now, const Received& received, const wire::Head& head,
                                      ByteView body);

    /// ICMP says that nobody listens there.
    void handle_unreachable(const Endpoint& endpoint);
    void handle_timeout(Instant now, Outbox& outbox);
    Instant next_timeout() const;

    /// What happened since the last call; emptied by it.
    std::vector<wire::Notice> take_notices() { return std::exchange(notices_, {}); }
    std::size_t in_flight() const { return pending_.size(); }

  private:
    struct Pending {
        wire::Request request;
        Instant asked, sent;
        Instant hard_at;
        bool slow = false;
        bool waits = false;     ///< for its turn; `asked` is when it began to
        bool went_out = false;  ///< so that silence is the other side's
    };
    /// Ids in the order asked; may name some that were given up.
    using Queue = std::vector<std::uint32_t>;
    struct Timer {
        Instant at;
        std::uint32_t id;
        bool operator>(const Timer& other) const {
            return at != other.at ? at > other.at : id > other.id;
        }
    };

    Duration soft_timeout(const PeerRef& peer);
    void note_round_trip(const PeerRef& peer, Duration round_trip);
    SendOutcome transmit(Instant now, std::uint32_t id, Pending& pending, Urgency urgency,
                         bool fresh, Outbox& outbox);
    SendOutcome send_first(Instant now, std::uint32_t id, Pending& pending, Urgency urgency,
                           Outbox& outbox);
    bool must_wait(const wire::Request& request) const;
    void wait(Instant now, std::uint32_t id, Pending& pending);
    void give_turns(Instant now, Outbox& outbox);
    bool give_overtaken(Instant now, Outbox& outbox);
    bool give_class(Instant now, Queue& queue, bool room, Outbox& outbox);
    Pending* waiting(std::uint32_t id);
    bool waited_too_long(Instant now, const Pending& pending) const;
    void fail(std::uint32_t id);

    SessionTable& sessions_;
    Counters& counters_;
    const Limits& limits_;
    std::uint32_t next_id_;
    std::unordered_map<std::uint32_t, Pending> pending_;
    /// May name requests that were answered meanwhile; those are skipped when their time comes.
    std::priority_queue<Timer, std::vector<Timer>, std::greater<>> timers_;
    std::array<Queue, kUrgencies> waiting_;  ///< for their turn, by Urgency
    Instant next_turn_ = kNever;
    guard::TokenBucket overtaken_;  ///< turns of those that were overtaken
    bool shaped_ = false;  ///< the router bears no more just now: who comes waits behind others
    std::vector<wire::Notice> notices_;
    std::uint32_t samples_ = 0;
    Duration smoothed_{0}, variation_{0};  ///< over all peers
};

}  // namespace sov::session
