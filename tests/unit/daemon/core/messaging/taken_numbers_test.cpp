#include "daemon/core/messaging/taken_numbers.h"

#include <gtest/gtest.h>

namespace sov::messaging {

TEST(TakenNumbers, remembers_what_came_in_any_order) {
    TakenNumbers taken;
    for (const std::uint64_t number : {3U, 1U, 5U}) taken.add({7, number});
    for (const std::uint64_t number : {1U, 3U, 5U}) EXPECT_TRUE(taken.contains({7, number}));
    for (const std::uint64_t number : {2U, 4U, 6U}) EXPECT_FALSE(taken.contains({7, number}));
    EXPECT_FALSE(taken.contains({8, 1}));
}

TEST(TakenNumbers, forgets_the_line_used_longest_ago) {
    TakenNumbers taken;
    for (std::uint64_t line = 1; line <= TakenNumbers::kLinesMax; ++line) taken.add({line, 1});
    taken.add({1, 2});
    taken.add({100, 1});
    EXPECT_TRUE(taken.contains({1, 1}));
    EXPECT_FALSE(taken.contains({2, 1}));
    EXPECT_TRUE(taken.contains({3, 1}));
}

TEST(TakenNumbers, closes_the_lowest_hole_when_there_are_too_many) {
    TakenNumbers taken;
    for (std::uint64_t i = 1; i <= TakenNumbers::kScatteredMax + 1; ++i) taken.add({7, 2 * i});
    EXPECT_TRUE(taken.contains({7, 1}));
    EXPECT_FALSE(taken.contains({7, 3}));
}

TEST(TakenNumbers, survives_numbers_at_the_end_of_their_range) {
    TakenNumbers taken;
    taken.add({7, ~std::uint64_t{0}});
    taken.add({7, 1});
    EXPECT_TRUE(taken.contains({7, ~std::uint64_t{0}}));
    EXPECT_FALSE(taken.contains({7, 2}));
}

TEST(TakenNumbers, reads_back_what_it_encoded) {
    TakenNumbers taken;
    for (const std::uint64_t number : {1U, 2U, 9U, 11U}) taken.add({7, number});
    taken.add({8, 4});
    EXPECT_EQ(TakenNumbers::read(taken.encode()).value(), taken);
    EXPECT_FALSE(TakenNumbers::read(Bytes(17)).has_value());
    EXPECT_FALSE(TakenNumbers::read(Bytes(18 * (TakenNumbers::kLinesMax + 1))).has_value());
}

}  // namespace sov::messaging
