#pragma once

#include <chrono>
#include <cstdint>

#include "daemon/core/base/instant.h"
#include "daemon/core/guard/rate_limiter.h"

namespace sov::app {

/// What of the node hears that addresses, links or routes of this host changed.
struct Look {
    bool paths = false;  ///< connections, and who calls us: cheap, and streams wait for it
    bool all = false;    ///< the rest: the table, own records, layers, the router
    friend bool operator==(const Look&, const Look&) = default;
};

/// When a host that changes looks around. Paths hear of each change at once, as long as changes are
/// few; everything else hears of the first one at once and then of all that came in five seconds
/// together, so that a cable that flaps costs no more than that. Pure: the time comes from outside.
class LookPace {
  public:
    /// Addresses that come and go together are one change: it is over after this much quiet, and
    /// counts after the second in any case.
    static constexpr std::chrono::milliseconds kSettle{100}, kSettleMax{300};
    /// Between two times that everything looks around.
    static constexpr std::chrono::seconds kAllEvery{5};
    /// Between them paths hear of this many changes in a row, then of one in kPathsEvery on
    /// average. Past it they wait for the next look of everything.
    static constexpr std::uint32_t kPathsBurst = 12;
    static constexpr std::chrono::seconds kPathsEvery{2};

    void note_change(Instant now);
    /// What is due. `reachable`: the host has an address beyond itself; without one there is nobody
    /// to tell, and an address that comes next is not to wait for that.
    Look take(Instant now, bool reachable);
    /// Everything looks around now, for another reason.
    void note_all(Instant now);
    Instant next() const { return earliest(settled_at_, all_at_); }

  private:
    Instant settled_at_ = kNever, settled_last_ = kNever;  ///< of a change that is not over
    Instant all_at_ = kNever;
    Instant looked_ = Instant::min();  ///< when everything did
    bool untold_ = false;              ///< paths have not heard of the last change
    guard::TokenBucket quick_;
};

}  // namespace sov::app
