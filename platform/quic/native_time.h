#pragma once

#include <ngtcp2/ngtcp2.h>

#include "daemon/core/base/instant.h"

namespace sov::quic {

/// ngtcp2 takes 0 for "never" in places, and Instant{} is 0.
inline constexpr ngtcp2_tstamp kNativeOffset = NGTCP2_SECONDS;

inline ngtcp2_tstamp stamp(Instant now) {
    return static_cast<ngtcp2_tstamp>(now.time_since_epoch().count()) + kNativeOffset;
}

/// The reverse of stamp(); ngtcp2's largest value is kNever.
inline Instant instant(ngtcp2_tstamp at) {
    if (at >= stamp(kNever)) return kNever;
    return Instant{
        Duration{static_cast<Duration::rep>(at < kNativeOffset ? 0 : at - kNativeOffset)}};
}

inline ngtcp2_duration nanoseconds(Duration time) {
    return static_cast<ngtcp2_duration>(time.count());
}

}  // namespace sov::quic
