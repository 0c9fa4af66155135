#include "daemon/api/answer_cache.h"

#include <gtest/gtest.h>

namespace sov::api {
namespace {

using std::chrono::hours;
using std::chrono::seconds;

constexpr Instant kNow = Instant{} + seconds{100};

AnswerCache::Question question(std::uint32_t number, uid_t user = 1000) {
    AnswerCache::Question asked{user, PeerId{{7}}, "notes.list", Bytes(4)};
    store_u32(asked.body.data(), number);
    return asked;
}

TEST(AnswerCache, gives_an_answer_again_until_its_time_is_over) {
    AnswerCache cache;
    cache.keep(kNow, question(1), {1, 2}, seconds{5});
    ASSERT_NE(cache.find(kNow + seconds{4}, question(1)), nullptr);
    EXPECT_EQ(*cache.find(kNow + seconds{4}, question(1)), (Bytes{1, 2}));
    EXPECT_EQ(cache.find(kNow + seconds{5}, question(1)), nullptr);
    EXPECT_EQ(cache.bytes(), 0u);
    cache.keep(kNow, question(1), {1}, Duration{0});
    EXPECT_EQ(cache.size(), 0u);
}

TEST(AnswerCache, tells_users_peers_names_and_bodies_apart) {
    AnswerCache cache;
    cache.keep(kNow, question(1), {1}, seconds{5});
    EXPECT_EQ(cache.find(kNow, question(2)), nullptr);
    EXPECT_EQ(cache.find(kNow, question(1, 1001)), nullptr);
    auto other = question(1);
    other.peer = PeerId{{8}};
    EXPECT_EQ(cache.find(kNow, other), nullptr);
    other = question(1);
    other.name = "notes.get";
    EXPECT_EQ(cache.find(kNow, other), nullptr);
}

TEST(AnswerCache, a_later_answer_takes_the_place_of_the_earlier) {
    AnswerCache cache;
    cache.keep(kNow, question(1), {1, 1, 1}, seconds{5});
    cache.keep(kNow, question(1), {2}, seconds{50});
    EXPECT_EQ(cache.size(), 1u);
    EXPECT_EQ(*cache.find(kNow + seconds{9}, question(1)), Bytes{2});
    cache.keep(kNow, question(1), {3}, Duration{0});
    EXPECT_EQ(cache.find(kNow, question(1)), nullptr) << "this one may not be kept";
}

TEST(AnswerCache, past_its_limits_the_answer_that_ends_first_goes) {
    AnswerCache cache;
    const auto count = static_cast<std::uint32_t>(AnswerCache::kAnswersMax);
    for (std::uint32_t at = 0; at <= count; ++at)
        cache.keep(kNow, question(at), {1}, seconds{at == 7 ? 1 : 10});
    EXPECT_EQ(cache.size(), AnswerCache::kAnswersMax);
    EXPECT_EQ(cache.find(kNow, question(7)), nullptr);
    EXPECT_NE(cache.find(kNow, question(8)), nullptr);
    const Bytes largest(AnswerCache::kAnswerBytesMax);
    for (std::uint32_t at = 0; at < 20; ++at)
        cache.keep(kNow, question(1000 + at), largest, seconds{20});
    EXPECT_LE(cache.bytes(), AnswerCache::kBytesMax);
    EXPECT_NE(cache.find(kNow, question(1019)), nullptr);
}

TEST(AnswerCache, keeps_nothing_that_is_too_large_and_nothing_for_too_long) {
    AnswerCache cache;
    cache.keep(kNow, question(1), Bytes(AnswerCache::kAnswerBytesMax + 1), seconds{5});
    EXPECT_EQ(cache.size(), 0u);
    cache.keep(kNow, question(1), {1}, hours{1000});
    EXPECT_EQ(cache.find(kNow + AnswerCache::kTimeMax, question(1)), nullptr);
}

}  // namespace
}  // namespace sov::api
