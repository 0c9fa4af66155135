#include "daemon/core/base/coordinate.h"

#include <gtest/gtest.h>

#include <cstdlib>

namespace sov {

TEST(Coordinates, predict_the_way_down_across_and_up_again) {
    EXPECT_EQ(reach_between({{300, 0, 0, 0}, 50, 0}, {{0, 400, 0, 0}, 70, 0}), 500 + 50 + 70);
    EXPECT_EQ(reach_between({}, {}), 1) << "0 would mean that nobody knows";
}

TEST(Coordinates, of_the_farthest_corners_stay_within_a_round_trip) {
    const Coordinate here{{-10'000, -10'000, -10'000, -10'000}, 10'000, 0};
    const Coordinate there{{10'000, 10'000, 10'000, 10'000}, 10'000, 0};
    EXPECT_EQ(reach_between(here, there), 60'000);
    const Coordinate nowhere{{INT16_MIN, INT16_MIN, INT16_MIN, INT16_MIN}, UINT16_MAX, 255};
    const Coordinate beyond{{INT16_MAX, INT16_MAX, INT16_MAX, INT16_MAX}, UINT16_MAX, 255};
    EXPECT_EQ(reach_between(nowhere, beyond), UINT16_MAX);
}

TEST(Coordinates, are_plausible_up_to_their_bounds) {
    EXPECT_TRUE((Coordinate{{10'000, -10'000, 0, 0}, 10'000, 100}).plausible());
    EXPECT_FALSE((Coordinate{{10'001, 0, 0, 0}, 0, 0}).plausible());
    EXPECT_FALSE((Coordinate{{0, 0, 0, -10'001}, 0, 0}).plausible());
    EXPECT_FALSE((Coordinate{{0, INT16_MIN, 0, 0}, 0, 0}).plausible());
    EXPECT_FALSE((Coordinate{{}, 10'001, 0}).plausible());
    EXPECT_FALSE((Coordinate{{}, 0, 101}).plausible());
}

TEST(Coordinates, told_roughly_are_at_most_half_a_step_off) {
    for (int exact = -4064; exact <= 4064; exact += 7) {
        const Coordinate coordinate{{static_cast<std::int16_t>(exact), 0, 0, 0},
                                    static_cast<std::uint16_t>(std::abs(exact)),
                                    0};
        const Coordinate again = RoughCoordinate::of(coordinate).expanded();
        EXPECT_LE(std::abs(again.at[0] - exact), RoughCoordinate::kStep / 2);
        EXPECT_LE(std::abs(again.height - std::abs(exact)), RoughCoordinate::kStep / 2);
    }
}

TEST(Coordinates, told_roughly_end_at_the_end_of_the_range_and_are_never_unknown) {
    const auto rough = RoughCoordinate::of({{10'000, -10'000, 0, 0}, 10'000, 0});
    EXPECT_EQ(rough, (RoughCoordinate{{127, -127, 0, 0}, 254}));
    EXPECT_TRUE(rough.known());
    EXPECT_FALSE(RoughCoordinate().known());
}

TEST(Coordinates, have_measured_round_trips_of_at_least_a_tenth_of_a_millisecond) {
    using namespace std::chrono_literals;
    EXPECT_EQ(reach_of(0ns), 1);
    EXPECT_EQ(reach_of(40us), 1);
    EXPECT_EQ(reach_of(12'340us), 123);
    EXPECT_EQ(reach_of(10s), UINT16_MAX);
}

TEST(Coordinates, take_roots_without_floating_point) {
    for (const std::uint64_t root : {0ULL, 1ULL, 2ULL, 65'535ULL, 4'000'000ULL, 4'294'967'295ULL}) {
        EXPECT_EQ(whole_root(root * root), root);
        EXPECT_EQ(whole_root(root * root + root), root);
        if (root > 0) {
            EXPECT_EQ(whole_root(root * root - 1), root - 1);
        }
    }
}

}  // namespace sov
