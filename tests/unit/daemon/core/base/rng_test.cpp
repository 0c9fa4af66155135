#include "daemon/core/base/rng.h"

#include <gtest/gtest.h>

namespace sov {

// The authors' splitmix64.c and xoshiro256starstar.c, prng.di.unimi.it, compiled and seeded with 0
// and 42.
TEST(Rng, gives_the_reference_sequence) {
    Rng zero(0);
    EXPECT_EQ(zero.next(), 0x99ec5f36cb75f2b4ULL);
    EXPECT_EQ(zero.next(), 0xbf6e1f784956452aULL);
    EXPECT_EQ(zero.next(), 0x1a5f849d4933e6e0ULL);
    EXPECT_EQ(zero.next(), 0x6aa594f1262d2d2cULL);
    Rng other(42);
    EXPECT_EQ(other.next(), 0x15780b2e0c2ec716ULL);
    EXPECT_EQ(other.next(), 0x6104d9866d113a7eULL);
}

TEST(Rng, stays_below_its_bound_and_reaches_every_value) {
    Rng rng(3);
    std::array<int, 10> hits{};
    for (int round = 0; round < 10'000; ++round) ++hits.at(rng.below(10));
    for (const int count : hits) EXPECT_NEAR(count, 1000, 200);
    EXPECT_EQ(rng.below(0), 0U);
    EXPECT_EQ(rng.below(1), 0U);
}

TEST(Rng, fits_the_memory_budget_of_a_simulated_node) { EXPECT_LE(sizeof(Rng), 48U); }

}  // namespace sov
