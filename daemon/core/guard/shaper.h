#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "daemon/core/base/endpoint.h"
#include "daemon/core/base/instant.h"
#include "daemon/core/base/limits.h"
#include "daemon/core/base/urgency.h"
#include "daemon/core/guard/rate_limiter.h"

namespace sov::guard {

/// Keeps what leaves for the Internet within what a home router bears. Two bounds of Limits, each
/// off when it is 0: `flows_max`, the endpoints that a NAT keeps a mapping for because we sent
/// there within `flow_time` (RFC 4787 REQ-5), and `datagrams_per_second`, over any second and not
/// only on average. Addresses of this host and of its own networks pass no router and count for
/// neither. Strangers can use up half of both at most, so that what they ask never keeps us from
/// asking.
///
/// Besides it spreads our own requests out after the host woke up or its network changed, when
/// everything is due at once.
class Shaper {
  public:
    explicit Shaper(const Limits& limits);

    enum class Room : std::uint8_t {
        kYes,
        kSoon,    ///< too many datagrams lately: in less than a second
        kNoFlow,  ///< the router's table is full of ours: only endpoints in it for a while
    };

    /// Whether a request of ours may go there now. A `kYes` holds its place until drained(), since
    /// one input may send many; in the calm time after calm() it uses a turn. Calls use up to seven
    /// eighths of what may leave in a second, so that what follows them has room; other requests
    /// six eighths, such as are not urgent five at most and upkeep a quarter, spread over the
    /// second.
    Room room(Instant now, const Endpoint& to, Urgency urgency = Urgency::kUrgent);
    /// Whether something may be answered there, or a stranger be listened to at all.
    bool room_for_others(Instant now, const Endpoint& to) const;
    /// Whether what comes from there is worth a look: it may be an answer, or there is room to
    /// answer.
    bool listens_to(Instant now, const Endpoint& from) const {
        return open_flow(now, from) != nullptr || room_for_others(now, from);
    }
    /// Counts a datagram that leaves now. False when a bound is reached, or while silent: then it
    /// must not leave.
    bool admit(Instant now, const Endpoint& to);

    /// All that was let through since the last call has left.
    void drained() { granted_ = 0; }

    /// Our requests are at most Limits::resume_per_second for Limits::resume_time from now on, and
    /// until none had to wait for a second.
    void calm(Instant now);
    /// While it is, nothing leaves for the Internet.
    void set_silent(bool silent) { silent_ = silent; }
    /// Flows that somebody else on our sockets holds open; they count, but never for more than half
    /// of the bound.
    void set_flows_elsewhere(std::size_t flows) { elsewhere_ = flows; }

    bool bounded() const { return silent_ || limits_.flows_max > 0 || rate() > 0; }
    /// Endpoints in a NAT's view now, those elsewhere included.
    std::size_t flows(Instant now) const;

  private:
    struct Flow {
        Endpoint to;
        Instant used;
    };

    std::size_t rate() const { return limits_.datagrams_per_second; }
    bool take_share(Instant now, Urgency urgency);
    void put_back_share(Urgency urgency);
    std::size_t flows_free(Instant now, std::size_t most) const;
    void open(Instant now, const Endpoint& to);
    const Flow* open_flow(Instant now, const Endpoint& to) const;
    bool fits_rate(Instant now, std::size_t most) const;

    const Limits& limits_;
    std::vector<Flow> flows_;    ///< at most Limits::flows_max
    std::vector<Instant> left_;  ///< when the last datagrams left: a ring of rate() places
    std::size_t next_left_ = 0;  ///< the oldest of them
    std::size_t elsewhere_ = 0;
    std::size_t granted_ = 0;  ///< requests that may leave and have not
    TokenBucket turns_;
    TokenBucket not_urgent_, upkeep_;  ///< upkeep takes from both
    Instant calm_until_{};
    bool silent_ = false;
};

}  // namespace sov::guard
