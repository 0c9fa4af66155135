#include "daemon/core/guard/shaper.h"

#include <gtest/gtest.h>

namespace sov::guard {

namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr Instant kShaperStart = Instant{} + std::chrono::hours(9);

Limits home_limits() {
    Limits limits;
    limits.flows_max = 128;
    limits.datagrams_per_second = 40;
    return limits;
}

Endpoint outside(std::uint32_t number) { return Endpoint::v4(0x51000000U + number, 6881); }

struct ShaperTest : testing::Test {
    Limits limits = home_limits();
    Shaper shaper{limits};
    Instant now = kShaperStart;

    /// How many datagrams to endpoints from `first` on, one each, leave now.
    std::size_t leave(std::uint32_t first, std::uint32_t count) {
        std::size_t left = 0;
        for (std::uint32_t at = 0; at < count; ++at)
            left += shaper.admit(now, outside(first + at)) ? 1U : 0U;
        return left;
    }
};

}  // namespace

TEST_F(ShaperTest, lets_no_more_than_its_rate_leave_in_any_second) {
    std::vector<Instant> left;
    for (int step = 0; step < 5000; ++step, now += milliseconds(1)) {
        if (shaper.admit(now, outside(1))) left.push_back(now);
    }
    EXPECT_EQ(left.size(), 5U * 40U);
    for (std::size_t at = 40; at < left.size(); ++at)
        ASSERT_GE(left[at] - left[at - 40], seconds(1)) << at;
}

TEST_F(ShaperTest, opens_no_more_flows_than_a_router_keeps_and_goes_on_in_those) {
    for (std::uint32_t batch = 0; batch < 16; ++batch, now += seconds(1)) leave(batch * 20, 20);
    EXPECT_EQ(shaper.flows(now), 128U);
    EXPECT_EQ(shaper.room(now, outside(9999)), Shaper::Room::kNoFlow);
    EXPECT_FALSE(shaper.admit(now, outside(9999)));
    EXPECT_EQ(shaper.room(now, outside(3)), Shaper::Room::kYes);
    EXPECT_TRUE(shaper.admit(now, outside(3)));
}

TEST_F(ShaperTest, forgets_a_flow_when_its_mapping_is_surely_gone) {
    leave(0, 1);
    EXPECT_EQ(shaper.flows(now + seconds(119)), 1U);
    EXPECT_EQ(shaper.flows(now + seconds(120)), 0U);
    now += seconds(120);
    for (std::uint32_t batch = 0; batch < 4; ++batch, now += seconds(1)) leave(batch * 32, 32);
    EXPECT_EQ(shaper.flows(now), 128U);
}

TEST_F(ShaperTest, leaves_half_of_both_for_us_whatever_strangers_want) {
    for (std::uint32_t batch = 0; batch < 8; ++batch, now += seconds(1)) {
        for (std::uint32_t at = 0; at < 20; ++at) {
            const Endpoint stranger = outside(batch * 20 + at);
            if (shaper.room_for_others(now, stranger)) shaper.admit(now, stranger);
        }
    }
    EXPECT_EQ(shaper.flows(now), 64U);
    EXPECT_FALSE(shaper.room_for_others(now, outside(9999)));
    EXPECT_FALSE(shaper.listens_to(now, outside(9999)));
    EXPECT_TRUE(shaper.listens_to(now, outside(3))) << "whoever has a flow may be answering us";
    EXPECT_EQ(shaper.room(now, outside(9999)), Shaper::Room::kYes);
    // The same with the rate.
    std::size_t answered = 0;
    while (shaper.room_for_others(now, outside(3)) && shaper.admit(now, outside(3))) ++answered;
    EXPECT_EQ(answered, 20U);
    EXPECT_EQ(shaper.room(now, outside(3)), Shaper::Room::kYes);
}

TEST_F(ShaperTest, keeps_room_for_what_is_urgent_whatever_else_is_wanted) {
    std::size_t usual = 0, upkeep = 0, urgent = 0;
    for (int step = 0; step < 1000; ++step, now += milliseconds(10)) {
        const auto ask = [&](Urgency urgency, std::size_t& count) {
            if (shaper.room(now, outside(1), urgency) != Shaper::Room::kYes) return false;
            EXPECT_TRUE(shaper.admit(now, outside(1)));
            ++count;
            return true;
        };
        // Strangers come first, then what is urgent once in 200 ms, then all the others.
        if (shaper.room_for_others(now, outside(2)) && step % 5 == 0) shaper.admit(now, outside(2));
        if (step % 20 == 0) {
            EXPECT_TRUE(ask(Urgency::kUrgent, urgent)) << step;
        }
        ask(Urgency::kUsual, usual);
        ask(Urgency::kUpkeep, upkeep);
        shaper.drained();
    }
    EXPECT_EQ(urgent, 50U);
    EXPECT_GT(usual, 100U);
    EXPECT_GT(upkeep, 20U);
}

TEST_F(ShaperTest, has_room_for_calls_when_all_else_has_used_up_its_share) {
    const auto fill = [&](Urgency urgency) {
        std::size_t let = 0;
        while (shaper.room(now, outside(1), urgency) == Shaper::Room::kYes) {
            EXPECT_TRUE(shaper.admit(now, outside(1)));
            ++let;
        }
        return let;
    };
    EXPECT_EQ(fill(Urgency::kUrgent), 30U);
    EXPECT_EQ(fill(Urgency::kCall), 5U);
    std::size_t answered = 0;
    while (shaper.admit(now, outside(1))) ++answered;
    EXPECT_EQ(answered, 5U) << "what follows requests";
}

TEST_F(ShaperTest, spreads_what_is_not_urgent_over_the_second) {
    std::vector<Instant> left;
    std::size_t upkeep = 0;
    for (int step = 0; step < 1000; ++step, now += milliseconds(10)) {
        for (const Urgency urgency : {Urgency::kUpkeep, Urgency::kUsual}) {
            if (shaper.room(now, outside(1), urgency) != Shaper::Room::kYes) continue;
            left.push_back(now);
            upkeep += urgency == Urgency::kUpkeep ? 1U : 0U;
            shaper.admit(now, outside(1));
        }
        shaper.drained();
    }
    // Twenty-five a second, whatever the burst to begin with.
    EXPECT_NEAR(static_cast<double>(left.size()), 250, 5);
    EXPECT_NEAR(static_cast<double>(upkeep), 105, 5);
    for (std::size_t at = 25; at < left.size(); ++at)
        ASSERT_GE(left[at] - left[at - 25], seconds(1)) << at;
}

TEST_F(ShaperTest, counts_nothing_that_stays_in_our_own_networks) {
    const Endpoint near = Endpoint::v4(0x0a000001, 6881);
    for (int at = 0; at < 1000; ++at) ASSERT_TRUE(shaper.admit(now, near));
    EXPECT_EQ(shaper.flows(now), 0U);
    shaper.set_silent(true);
    EXPECT_TRUE(shaper.admit(now, near));
    EXPECT_FALSE(shaper.admit(now, outside(1)));
    EXPECT_EQ(shaper.room(now, outside(1)), Shaper::Room::kNoFlow);
    EXPECT_FALSE(shaper.room_for_others(now, outside(1)));
}

TEST_F(ShaperTest, makes_room_for_flows_elsewhere_up_to_half) {
    shaper.set_flows_elsewhere(28);
    for (std::uint32_t batch = 0; batch < 8; ++batch, now += seconds(1)) leave(batch * 20, 20);
    EXPECT_EQ(shaper.flows(now), 128U);
    now += seconds(300);
    shaper.set_flows_elsewhere(500);
    for (std::uint32_t batch = 0; batch < 8; ++batch, now += seconds(1)) leave(batch * 20, 20);
    EXPECT_EQ(shaper.flows(now), 500U + 64U);
}

TEST(Shaper, without_bounds_counts_nothing_and_spreads_requests_out_after_a_change_only) {
    const Limits limits;
    Shaper shaper(limits);
    Instant now = kShaperStart;
    EXPECT_FALSE(shaper.bounded());
    for (std::uint32_t at = 0; at < 1000; ++at) {
        ASSERT_EQ(shaper.room(now, outside(at)), Shaper::Room::kYes);
        ASSERT_TRUE(shaper.admit(now, outside(at)));
    }
    shaper.calm(now);
    std::size_t asked = 0;
    const Instant end = now + limits.resume_time;
    for (; now < end; now += milliseconds(1)) {
        asked += shaper.room(now, outside(1)) == Shaper::Room::kYes ? 1U : 0U;
        // A network that flaps gets no new burst each time.
        if (asked % 100 == 99) shaper.calm(now);
    }
    EXPECT_NEAR(static_cast<double>(asked), 500, 10);
}

}  // namespace sov::guard
