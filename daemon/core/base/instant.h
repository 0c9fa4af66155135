#pragma once

#include <chrono>
#include <cstdint>

// Time as the core sees it. The clock type has no now(): asking for the time inside the core does
// not compile, so every decision takes its `Instant now` from the driver or from the simulator.

namespace sov {

using Duration = std::chrono::nanoseconds;

/// Time since the node was made; monotonic, counts suspend (the driver feeds it CLOCK_BOOTTIME).
struct CoreClock {
    using rep = Duration::rep;
    using period = Duration::period;
    using duration = Duration;
    using time_point = std::chrono::time_point<CoreClock, Duration>;
    static constexpr bool is_steady = true;
};

using Instant = CoreClock::time_point;

/// Later than every instant that happens: the deadline of a timer that is not armed.
inline constexpr Instant kNever = Instant::max();

/// Whole seconds since the node was made, for compact stamps; wraps after 136 years.
constexpr std::uint32_t whole_seconds(Instant at) {
    return static_cast<std::uint32_t>(
        std::chrono::duration_cast<std::chrono::seconds>(at.time_since_epoch()).count());
}

/// The earlier of two deadlines.
constexpr Instant earliest(Instant a, Instant b) { return a < b ? a : b; }

/// Milliseconds since the Unix epoch: the wall clock, handed in as a value where a record needs it.
using UnixMillis = std::uint64_t;

}  // namespace sov
