#include "daemon/core/base/coordinate.h"

#include <algorithm>
#include <cstdlib>

namespace sov {

bool Coordinate::plausible() const {
    return height <= kHeightMost && error <= kErrorMost &&
           std::all_of(at.begin(), at.end(),
                       [](std::int16_t axis) { return axis >= -kFarthest && axis <= kFarthest; });
}

RoughCoordinate RoughCoordinate::of(const Coordinate& coordinate) {
    RoughCoordinate rough;
    for (std::size_t axis = 0; axis < Coordinate::kDimensions; ++axis) {
        const int exact = coordinate.at[axis];
        const int steps = (exact < 0 ? exact - kStep / 2 : exact + kStep / 2) / kStep;
        rough.at[axis] = static_cast<std::int8_t>(std::clamp(steps, -127, 127));
    }
    const int steps = (coordinate.height + kStep / 2) / kStep;
    rough.height = static_cast<std::uint8_t>(std::min(steps, kUnknown - 1));
    return rough;
}

Coordinate RoughCoordinate::expanded() const {
    Coordinate coordinate;
    for (std::size_t axis = 0; axis < Coordinate::kDimensions; ++axis)
        coordinate.at[axis] = static_cast<std::int16_t>(at[axis] * kStep);
    coordinate.height = static_cast<std::uint16_t>(height * kStep);
    return coordinate;
}

Reach reach_between(const Coordinate& one, const Coordinate& other) {
    std::uint64_t squares = 0;
    for (std::size_t axis = 0; axis < Coordinate::kDimensions; ++axis) {
        const std::int64_t away = one.at[axis] - other.at[axis];
        squares += static_cast<std::uint64_t>(away * away);
    }
    const std::uint64_t all = whole_root(squares) + one.height + other.height;
    return static_cast<Reach>(std::clamp<std::uint64_t>(all, 1, UINT16_MAX));
}

Reach reach_of(Duration round_trip) {
    const auto tenths =
        std::chrono::duration_cast<std::chrono::microseconds>(round_trip).count() / 100;
    return static_cast<Reach>(std::clamp<std::int64_t>(tenths, 1, UINT16_MAX));
}

std::uint64_t whole_root(std::uint64_t square) {
    std::uint64_t root = 0;
    for (std::uint64_t bit = 1ULL << 31; bit > 0; bit >>= 1) {
        if ((root + bit) * (root + bit) <= square) root += bit;
    }
    return root;
}

}  // namespace sov
