#pragma once

#include <array>
#include <cstdint>

#include "daemon/core/base/instant.h"

namespace sov {

/// Where a node lies in a space whose distances predict round trips (Vivaldi: Dabek, Cox, Kaashoek
/// & Morris 2004): a point in four dimensions, and a height above it for the access line, which
/// every path to the node goes down. In tenths of a millisecond. Whole numbers, so that all
/// machines agree and there is no NaN to send.
struct Coordinate {
    static constexpr std::size_t kDimensions = 4;
    static constexpr std::int16_t kFarthest = 10'000;     ///< a second from the origin, each way
    static constexpr std::uint16_t kHeightMost = 10'000;  ///< one second
    static constexpr std::uint8_t kErrorMost = 100;

    std::array<std::int16_t, kDimensions> at{};
    std::uint16_t height = 0;
    std::uint8_t error = kErrorMost;  ///< its owner's predictions are off by so many per cent

    friend bool operator==(const Coordinate&, const Coordinate&) = default;

    /// Within the bounds above. What a peer told may be anything.
    bool plausible() const;
};

/// What a node says about a third: the same in steps of 3.2 ms, without an error. Enough to tell
/// near from far, in 5 bytes instead of 11.
struct RoughCoordinate {
    static constexpr int kStep = 32;
    static constexpr std::uint8_t kUnknown = 255;  ///< as height

    std::array<std::int8_t, Coordinate::kDimensions> at{};
    std::uint8_t height = kUnknown;

    friend bool operator==(const RoughCoordinate&, const RoughCoordinate&) = default;

    bool known() const { return height != kUnknown; }
    /// What does not fit into the range, 409 ms from the origin and 812 ms of height, becomes the
    /// farthest that does.
    static RoughCoordinate of(const Coordinate& coordinate);
    /// The middle of the step; `known` must hold.
    Coordinate expanded() const;
};

/// A round trip in tenths of a millisecond; 0: nobody knows.
using Reach = std::uint16_t;

/// The round trip that two coordinates predict, at least 1.
Reach reach_between(const Coordinate& one, const Coordinate& other);
/// A measured one, at least 1, at most what a Reach holds.
Reach reach_of(Duration round_trip);

/// The square root, rounded down, without floating point.
std::uint64_t whole_root(std::uint64_t square);

}  // namespace sov
