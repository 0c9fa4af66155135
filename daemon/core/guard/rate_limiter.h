#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "daemon/core/base/instant.h"

namespace sov::guard {

/// A token bucket that counts in time: one token every `interval` on average, at most `burst` at
/// once.
class TokenBucket {
  public:
    /// False when the bucket is empty; then nothing is taken.
    bool take(Instant now, Duration interval, std::uint32_t burst) {
        const Duration full = interval * burst;
        credit_ = last_ == Instant::min() ? full : std::min(full, credit_ + (now - last_));
        last_ = now;
        if (credit_ < interval) return false;
        credit_ -= interval;
        return true;
    }

    /// The token just taken was not used after all.
    void put_back(Duration interval) { credit_ += interval; }

    /// When something was last asked of it; earlier than everything for a bucket never used.
    Instant last_used() const { return last_; }

  private:
    Duration credit_{0};  ///< time saved up; a token costs one interval
    Instant last_ = Instant::min();
};

/// The interval between tokens for this many a second; for none a second, one in an hour.
constexpr Duration every(std::uint32_t per_second) {
    return per_second == 0 ? Duration(std::chrono::hours(1))
                           : Duration(std::chrono::seconds(1)) / per_second;
}

/// Token buckets for many sources in a fixed number of slots: two candidate slots per source, the
/// one idle longer gives way, so memory is bounded whatever an attacker spoofs. A source whose slot
/// was taken starts with a full burst again; that is the price of the bound.
class SourceLimiter {
  public:
    SourceLimiter(std::size_t slots, Duration interval, std::uint32_t burst)
        : slot_count_(slots), interval_(interval), burst_(burst) {}

    bool allow(Instant now, std::uint64_t source);

  private:
    struct Slot {
        std::uint64_t source = 0;
        TokenBucket bucket;
    };

    std::size_t slot_count_;
    Duration interval_;
    std::uint32_t burst_;
    std::vector<Slot> slots_;  ///< empty until first used
};

}  // namespace sov::guard
