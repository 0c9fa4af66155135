#include "daemon/core/guard/rate_limiter.h"

namespace sov::guard {

bool SourceLimiter::allow(Instant now, std::uint64_t source) {
    if (slots_.empty()) slots_.resize(slot_count_);
    const std::uint64_t mixed = source * 0x9e3779b97f4a7c15ULL;
    Slot& first = slots_[(mixed >> 32) % slot_count_];
    Slot& second = slots_[(mixed ^ (mixed >> 29)) % slot_count_];
    Slot* slot = nullptr;
    if (first.source == source) {
        slot = &first;
    } else if (second.source == source) {
        slot = &second;
    } else {
        slot = first.bucket.last_used() <= second.bucket.last_used() ? &first : &second;
        *slot = Slot{source, {}};
    }
    return slot->bucket.take(now, interval_, burst_);
}

}  // namespace sov::guard
