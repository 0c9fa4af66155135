#include "daemon/core/guard/clock_watch.h"

#include <gtest/gtest.h>

namespace sov::guard {

namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr UnixMillis kToday = 1'795'000'000'000, kDay = 86'400'000;

struct ClockWatchTest : testing::Test {
    Instant now = Instant{} + minutes(1);
    std::int64_t set_off = 0;  ///< what somebody did to the wall clock
    ClockWatch watch{now, wall(), kToday - kDay};

    UnixMillis truth() const {
        return kToday + static_cast<UnixMillis>((now - Instant{}) / milliseconds(1));
    }
    UnixMillis wall() const { return truth() + static_cast<UnixMillis>(set_off); }
    std::optional<milliseconds> after(Duration span) {
        now += span;
        return watch.look(now, wall());
    }
};

constexpr std::int64_t kTwoDays = 2 * 86'400'000;

}  // namespace

TEST_F(ClockWatchTest, says_nothing_of_a_clock_that_runs) {
    for (int look = 0; look < 1000; ++look) ASSERT_EQ(after(seconds(5)), std::nullopt);
    EXPECT_EQ(watch.time(now), truth());
    EXPECT_EQ(watch.distrusted(), milliseconds(0));
    EXPECT_EQ(watch.steps(), 0U);
}

TEST_F(ClockWatchTest, sees_two_days_forward_and_goes_on_by_the_time_before) {
    set_off = kTwoDays;
    EXPECT_EQ(after(seconds(5)), milliseconds(kTwoDays));
    EXPECT_EQ(watch.time(now), truth());
    EXPECT_EQ(watch.distrusted(), milliseconds(kTwoDays));
    EXPECT_EQ(after(minutes(50)), std::nullopt);
    set_off = 0;
    EXPECT_EQ(after(seconds(5)), milliseconds(-kTwoDays));
    EXPECT_EQ(watch.distrusted(), milliseconds(0));
    EXPECT_EQ(watch.steps(), 0U);
}

TEST_F(ClockWatchTest, believes_a_jump_that_stands_for_an_hour) {
    set_off = kTwoDays;
    after(seconds(5));
    after(minutes(59));
    EXPECT_NE(watch.distrusted(), milliseconds(0));
    after(minutes(2));
    EXPECT_EQ(watch.distrusted(), milliseconds(0));
    EXPECT_EQ(watch.time(now), wall());
    EXPECT_EQ(watch.steps(), 1U);
}

TEST_F(ClockWatchTest, never_believes_1970_nor_what_lies_before_our_own_files) {
    set_off = -static_cast<std::int64_t>(wall());
    EXPECT_TRUE(after(seconds(5)));
    EXPECT_TRUE(watch.absurd());
    after(hours(30));
    EXPECT_EQ(watch.time(now), truth());
    set_off = -kTwoDays - 2 * kTwoDays;
    after(seconds(5));
    after(hours(30));
    EXPECT_TRUE(watch.absurd());
    EXPECT_EQ(watch.time(now), truth());
}

TEST_F(ClockWatchTest, follows_leap_seconds_and_corrections_at_once) {
    set_off = -1000;
    EXPECT_EQ(after(seconds(5)), std::nullopt);
    EXPECT_EQ(watch.time(now), wall());
    EXPECT_EQ(watch.steps(), 0U);
    set_off = 600'000;
    EXPECT_EQ(after(seconds(5)), milliseconds(601'000));
    EXPECT_EQ(watch.time(now), wall());
    EXPECT_EQ(watch.steps(), 1U);
}

TEST(ClockWatch, that_begins_in_1970_goes_by_what_surely_was_until_the_clock_is_set) {
    Instant now = Instant{} + seconds(1);
    ClockWatch watch(now, 5000, kToday);
    EXPECT_TRUE(watch.absurd());
    EXPECT_EQ(watch.time(now), kToday);
    now += seconds(20);
    EXPECT_EQ(watch.look(now, 25'000), std::nullopt);
    EXPECT_EQ(watch.time(now), kToday + 20'000);
    EXPECT_TRUE(watch.look(now, kToday + kDay));
    EXPECT_FALSE(watch.absurd());
    EXPECT_EQ(watch.time(now), kToday + kDay);
    EXPECT_EQ(watch.distrusted(), milliseconds(0));
    EXPECT_EQ(watch.steps(), 1U);
}

}  // namespace sov::guard
