#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>

namespace sov::client {

/// A span of so many units, as messages tell it.
template <typename Unit>
Unit span_of(std::uint64_t count) {
    // Further than nanoseconds can count (292 years) is a sender's mistake and must not become
    // negative.
    constexpr auto kMost = std::chrono::floor<Unit>(std::chrono::nanoseconds::max()).count();
    return Unit(static_cast<std::int64_t>(std::min(count, static_cast<std::uint64_t>(kMost))));
}

}  // namespace sov::client
