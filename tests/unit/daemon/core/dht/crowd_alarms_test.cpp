#include "daemon/core/dht/crowd_alarms.h"

#include <gtest/gtest.h>

#include "daemon/core/dht/size_samples.h"

namespace sov::dht {

namespace {

using std::chrono::minutes;

const Key kPlace{{1}}, kOther{{2}};

}  // namespace

TEST(CrowdAlarms, begin_with_one_crowded_walk_and_end_after_three_calm_ones_in_a_row) {
    CrowdAlarms alarms(4);
    EXPECT_TRUE(alarms.note_walk({}, kPlace, false).empty());
    const auto raised = alarms.note_walk({}, kPlace, true);
    ASSERT_EQ(raised.size(), 1U);
    EXPECT_TRUE(raised[0].key == kPlace && raised[0].crowded);
    EXPECT_TRUE(alarms.note_walk({}, kPlace, true).empty()) << "told once";
    alarms.note_walk({}, kPlace, false);
    alarms.note_walk({}, kPlace, false);
    EXPECT_TRUE(alarms.note_walk({}, kPlace, true).empty()) << "no flapping";
    alarms.note_walk({}, kPlace, false);
    alarms.note_walk({}, kPlace, false);
    EXPECT_TRUE(alarms.alarmed(kPlace));
    const auto ended = alarms.note_walk({}, kPlace, false);
    ASSERT_EQ(ended.size(), 1U);
    EXPECT_FALSE(ended[0].crowded);
    EXPECT_FALSE(alarms.alarmed(kPlace));
}

TEST(CrowdAlarms, end_an_hour_after_the_last_crowd_that_anybody_saw) {
    CrowdAlarms alarms(4);
    EXPECT_EQ(alarms.next_timeout(), kNever);
    alarms.note_walk({}, kPlace, true);
    alarms.note_walk(Instant{} + minutes{30}, kPlace, true);
    EXPECT_EQ(alarms.next_timeout(), Instant{} + minutes{90});
    EXPECT_TRUE(alarms.expire(Instant{} + minutes{89}).empty());
    ASSERT_EQ(alarms.expire(Instant{} + minutes{90}).size(), 1U);
    EXPECT_EQ(alarms.size(), 0U);
}

TEST(CrowdAlarms, past_their_bound_leave_out_the_one_seen_longest_ago_and_say_so) {
    CrowdAlarms alarms(2);
    alarms.note_walk({}, kPlace, true);
    alarms.note_walk(Instant{} + minutes{1}, kOther, true);
    const auto changes = alarms.note_walk(Instant{} + minutes{2}, Key{{3}}, true);
    ASSERT_EQ(changes.size(), 2U);
    EXPECT_TRUE(changes[0].key == kPlace && !changes[0].crowded);
    EXPECT_TRUE(changes[1].key == Key{{3}} && changes[1].crowded);
    EXPECT_EQ(alarms.size(), 2U);
}

TEST(SizeSamples, correct_a_wrong_view_of_our_own_neighbourhood_once_there_are_four) {
    SizeSamples samples;
    const std::uint64_t share = UINT64_MAX / 1000;  // 20 nodes in a thousandth: 20,000 of them
    for (int seen = 0; seen < 3; ++seen) samples.add(20, share);
    EXPECT_EQ(samples.with(90'000), 90'000U);
    EXPECT_EQ(samples.elsewhere(), 0U);
    samples.add(20, share);
    EXPECT_NEAR(static_cast<double>(samples.with(90'000)), 20'000, 100);
    for (std::size_t seen = 0; seen < SizeSamples::kKept; ++seen) samples.add(20, share / 2);
    EXPECT_NEAR(static_cast<double>(samples.elsewhere()), 40'000, 200) << "only the last count";
    samples.add(20, 0);
    EXPECT_NEAR(static_cast<double>(samples.elsewhere()), 40'000, 200);
}

}  // namespace sov::dht
