#include "daemon/core/guard/traffic_budget.h"

#include <gtest/gtest.h>

namespace sov::guard {

namespace {

using Stage = TrafficBudget::Stage;

// 2026-11-30 12:00 UTC and half a day later.
constexpr UnixMillis kLastNoon = 1'796'040'000'000, kMidnight = kLastNoon + 43'200'000;
constexpr UnixMillis kBudgetDay = 86'400'000;
constexpr std::uint64_t kMillion = 1'000'000;

}  // namespace

TEST(TrafficBudget, knows_the_months_of_utc) {
    EXPECT_EQ(TrafficBudget::month_of(kLastNoon), 2026U * 12 + 10);
    EXPECT_EQ(TrafficBudget::month_of(kMidnight - 1), 2026U * 12 + 10);
    EXPECT_EQ(TrafficBudget::month_of(kMidnight), 2026U * 12 + 11);
    EXPECT_EQ(TrafficBudget::end_of(2026U * 12 + 10), kMidnight);
    EXPECT_EQ(TrafficBudget::end_of(2026U * 12 + 11), kMidnight + 31 * kBudgetDay);
    EXPECT_EQ(TrafficBudget::month_of(0), 1970U * 12);
    EXPECT_EQ(TrafficBudget::month_of(~UnixMillis{0}), 2100U * 12);
}

TEST(TrafficBudget, sheds_in_its_order_as_it_runs_out) {
    TrafficBudget budget(100 * kMillion);
    const auto use = [&](std::uint64_t millions) {
        budget.note(kLastNoon, millions * kMillion);
        return budget.stage();
    };
    EXPECT_EQ(use(74), Stage::kPlenty);
    EXPECT_EQ(use(1), Stage::kServesNobody);
    EXPECT_EQ(use(15), Stage::kRefreshesLess);
    EXPECT_EQ(use(7), Stage::kNoBulk);
    EXPECT_EQ(budget.left(), 3 * kMillion);
    EXPECT_EQ(use(3), Stage::kUsedUp);
    EXPECT_EQ(budget.left(), 0U);
    EXPECT_EQ(use(50), Stage::kUsedUp);
    EXPECT_EQ(budget.left(), 0U);
}

TEST(TrafficBudget, begins_anew_with_the_month) {
    TrafficBudget budget(100 * kMillion);
    budget.note(kMidnight - 1, 100 * kMillion);
    EXPECT_EQ(budget.stage(), Stage::kUsedUp);
    budget.note(kMidnight, 1);
    EXPECT_EQ(budget.stage(), Stage::kPlenty);
    EXPECT_EQ(budget.used(), 1U);
}

TEST(TrafficBudget, goes_on_after_a_restart_where_it_was) {
    TrafficBudget first(100 * kMillion);
    first.note(kLastNoon, 80 * kMillion);
    TrafficBudget second(100 * kMillion, first.months());
    EXPECT_EQ(second.stage(), Stage::kServesNobody);
    second.note(kLastNoon, kMillion);
    EXPECT_EQ(second.used(), 81 * kMillion);
}

TEST(TrafficBudget, a_clock_that_jumps_over_the_end_of_the_month_and_back_frees_nothing) {
    TrafficBudget budget(100 * kMillion);
    budget.note(kLastNoon, 80 * kMillion);
    budget.note(kLastNoon + 2 * kBudgetDay, 5 * kMillion);
    EXPECT_EQ(budget.used(), 5 * kMillion);
    budget.note(kLastNoon, kMillion);
    EXPECT_EQ(budget.used(), 86 * kMillion);
    // 1970 is no month to begin in, either.
    budget.note(0, kMillion);
    EXPECT_EQ(budget.used(), 87 * kMillion);
    EXPECT_LE(budget.months().size(), 3U);
}

TEST(TrafficBudget, without_a_bound_only_counts) {
    TrafficBudget budget(0);
    budget.note(kLastNoon, 1'000'000 * kMillion);
    EXPECT_EQ(budget.stage(), Stage::kPlenty);
    EXPECT_EQ(budget.used(), 1'000'000 * kMillion);
    EXPECT_GT(budget.left(), 1'000'000 * kMillion);
}

}  // namespace sov::guard
