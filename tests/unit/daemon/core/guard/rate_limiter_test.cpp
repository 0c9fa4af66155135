#include "daemon/core/guard/rate_limiter.h"

#include <gtest/gtest.h>

namespace sov::guard {

namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;

int taken_at(TokenBucket& bucket, Instant now, std::uint32_t per_second, std::uint32_t burst) {
    int count = 0;
    while (bucket.take(now, guard::every(per_second), burst)) ++count;
    return count;
}

}  // namespace

TEST(TokenBucket, allows_a_burst_and_then_its_rate) {
    TokenBucket bucket;
    Instant now = Instant{} + seconds{5};
    EXPECT_EQ(taken_at(bucket, now, 10, 30), 30);
    EXPECT_EQ(taken_at(bucket, now + milliseconds{99}, 10, 30), 0);
    EXPECT_EQ(taken_at(bucket, now + milliseconds{100}, 10, 30), 1);
    EXPECT_EQ(taken_at(bucket, now + seconds{1}, 10, 30), 9);
    EXPECT_EQ(taken_at(bucket, now + hours{100}, 10, 30), 30);
}

TEST(TokenBucket, loses_nothing_to_rounding_when_asked_often) {
    TokenBucket bucket;
    Instant now{};
    taken_at(bucket, now, 3, 1);
    int count = 0;
    for (int step = 0; step < 10'000; ++step) {
        now += milliseconds{1};
        count += bucket.take(now, guard::every(3), 1) ? 1 : 0;
    }
    EXPECT_NEAR(count, 30, 1);
}

TEST(TokenBucket, does_not_overflow_at_the_highest_settings) {
    TokenBucket bucket;
    const Instant now{};
    EXPECT_TRUE(bucket.take(now, hours{1}, 1'000'000));
    EXPECT_TRUE(bucket.take(now + hours{24 * 365 * 100}, hours{1}, 1'000'000));
    TokenBucket fine;
    EXPECT_TRUE(fine.take(now, Duration{1}, 4'000'000'000U));
}

TEST(SourceLimiter, keeps_one_source_from_using_up_the_share_of_others) {
    SourceLimiter limiter(1024, guard::every(10), 20);
    const Instant now{};
    int loud = 0;
    for (int count = 0; count < 1000; ++count) loud += limiter.allow(now, 1) ? 1 : 0;
    EXPECT_EQ(loud, 20);
    EXPECT_TRUE(limiter.allow(now, 2));
}

TEST(SourceLimiter, bounds_its_memory_under_any_number_of_sources) {
    SourceLimiter limiter(16, guard::every(10), 20);
    for (std::uint64_t source = 1; source < 100'000; ++source) {
        EXPECT_TRUE(limiter.allow(Instant{} + milliseconds{source}, source)) << "a new source";
    }
}

}  // namespace sov::guard
