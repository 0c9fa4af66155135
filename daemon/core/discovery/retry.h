#pragma once

#include <algorithm>

#include "daemon/core/base/instant.h"
#include "daemon/core/base/rng.h"

namespace sov::discovery {

/// When to try something again: 1, 2, 4 ... 300 seconds, each give or take a quarter, so that many
/// nodes that lost the same peer don't come back at the same moment.
class Retry {
  public:
    static constexpr std::chrono::seconds kFirst{1}, kLast{300};

    Instant next(Instant now, Rng& rng) {
        const Duration base = wait_;
        wait_ = std::min<Duration>(wait_ * 2, kLast);
        const auto quarter = static_cast<std::uint64_t>(base.count() / 4);
        return now + base - Duration(quarter) + Duration(rng.below(2 * quarter + 1));
    }
    void reset() { wait_ = kFirst; }

  private:
    Duration wait_ = kFirst;
};

}  // namespace sov::discovery
