#include "daemon/core/session/replay_window.h"

#include <gtest/gtest.h>

#include <set>

#include "daemon/core/base/rng.h"

namespace sov::session {

TEST(ReplayWindow, accepts_every_counter_once_in_any_order_within_its_size) {
    Rng rng(5);
    for (int round = 0; round < 20; ++round) {
        ReplayWindow window;
        std::set<std::uint64_t> seen;
        std::uint64_t highest = 0;
        for (int step = 0; step < 20'000; ++step) {
            const std::uint64_t jump = rng.below(50) == 0 ? rng.below(5000) : rng.below(3);
            const bool forward = rng.below(2) == 0;
            const std::uint64_t back = rng.below(3000);
            const std::uint64_t counter =
                forward ? highest + jump : highest - std::min(highest, back);
            const bool too_old = highest + 1 - counter > ReplayWindow::kSize && counter <= highest;
            const bool expected = !too_old && !seen.contains(counter);
            ASSERT_EQ(window.accept(counter), expected) << counter << " after " << highest;
            if (expected) seen.insert(counter);
            highest = std::max(highest, expected ? counter : 0);
        }
    }
}

TEST(ReplayWindow, refuses_repeats_while_everything_came_in_order) {
    ReplayWindow window;
    for (std::uint64_t counter = 0; counter < 200; ++counter) {
        EXPECT_TRUE(window.accept(counter));
        EXPECT_FALSE(window.accept(counter));
        EXPECT_FALSE(window.accept(0));
    }
}

TEST(ReplayWindow, survives_a_jump_over_its_whole_size) {
    ReplayWindow window;
    EXPECT_TRUE(window.accept(0));
    EXPECT_TRUE(window.accept(1'000'000));
    EXPECT_FALSE(window.accept(0));
    EXPECT_TRUE(window.accept(999'999));
    EXPECT_FALSE(window.accept(999'999));
    EXPECT_TRUE(window.accept(1'000'000 - 2047));
    EXPECT_FALSE(window.accept(1'000'000 - 2048));
}

TEST(ReplayWindow, is_small_until_a_gap_comes) { EXPECT_LE(sizeof(ReplayWindow), 24U); }

}  // namespace sov::session
