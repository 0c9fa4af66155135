#include "daemon/core/guard/reputation.h"

#include <gtest/gtest.h>

namespace sov::guard {

namespace {

using std::chrono::hours;
using std::chrono::minutes;

const Subject kLiar = subject_of(NodeKey{{1}}), kBystander = subject_of(NodeKey{{2}});

}  // namespace

TEST(Reputation, has_no_account_of_who_did_nothing_bad) {
    Reputation reputation(4);
    EXPECT_EQ(reputation.note({}, kLiar, Deed::kAnswered), Standing::kGood);
    EXPECT_EQ(reputation.size(), 0U);
    EXPECT_FALSE(reputation.account({}, kLiar).has_value());
}

TEST(Reputation, refuses_a_liar_after_three_lies_and_forgives_within_hours) {
    Reputation reputation(4);
    EXPECT_EQ(reputation.note({}, kLiar, Deed::kLied), Standing::kDoubtful);
    EXPECT_EQ(reputation.note({}, kLiar, Deed::kLied), Standing::kDoubtful);
    EXPECT_EQ(reputation.note({}, kLiar, Deed::kLied), Standing::kRefused);
    EXPECT_EQ(reputation.standing({}, kBystander), Standing::kGood);
    EXPECT_EQ(reputation.standing(Instant{} + hours{1}, kLiar), Standing::kDoubtful);
    EXPECT_EQ(reputation.standing(Instant{} + hours{3}, kLiar), Standing::kGood);
    const auto account = reputation.account({}, kLiar);
    ASSERT_TRUE(account.has_value());
    EXPECT_EQ(account->points, 120);
    EXPECT_EQ(reputation.standing(account->good_after + Instant{}, kLiar), Standing::kGood);
    EXPECT_EQ(reputation.standing(account->good_after - minutes{2} + Instant{}, kLiar),
              Standing::kDoubtful);
}

TEST(Reputation, says_what_was_done_how_often_and_when_the_gravest_first) {
    Reputation reputation(4);
    reputation.note({}, kLiar, Deed::kSilent);
    reputation.note(Instant{} + minutes{1}, kLiar, Deed::kDenied);
    reputation.note(Instant{} + minutes{2}, kLiar, Deed::kDenied);
    const auto account = reputation.account(Instant{} + minutes{5}, kLiar);
    ASSERT_TRUE(account.has_value());
    ASSERT_EQ(account->deeds.size(), 2U);
    EXPECT_EQ(account->deeds[0].deed, Deed::kDenied);
    EXPECT_EQ(account->deeds[0].times, 2U);
    EXPECT_EQ(account->deeds[0].last_ago, minutes{3});
    EXPECT_EQ(account->deeds[1].deed, Deed::kSilent);
    EXPECT_EQ(account->standing, Standing::kDoubtful);
}

TEST(Reputation, grows_back_with_useful_answers_and_never_above_nothing) {
    Reputation reputation(4);
    reputation.note({}, kLiar, Deed::kMalformed);
    for (int answer = 0; answer < 100; ++answer) reputation.note({}, kLiar, Deed::kAnswered);
    EXPECT_EQ(reputation.account({}, kLiar)->points, 0);
    EXPECT_EQ(reputation.note({}, kLiar, Deed::kMalformed), Standing::kDoubtful)
        << "nobody saves up for a betrayal";
}

TEST(Reputation, in_full_forgets_the_mildest_and_keeps_liars_when_a_crowd_is_silent) {
    Reputation reputation(2);
    reputation.note({}, kLiar, Deed::kLied);
    for (std::uint8_t at = 10; at < 200; ++at)
        reputation.note({}, subject_of(NodeKey{{at}}), Deed::kSilent);
    EXPECT_EQ(reputation.size(), 2U);
    EXPECT_EQ(reputation.standing({}, kLiar), Standing::kDoubtful);
    reputation.note({}, kBystander, Deed::kDenied);
    EXPECT_EQ(reputation.standing({}, kBystander), Standing::kDoubtful);
    EXPECT_EQ(reputation.note({}, subject_of(NodeKey{{3}}), Deed::kSilent), Standing::kGood);
    EXPECT_FALSE(reputation.account({}, subject_of(NodeKey{{3}})).has_value())
        << "everybody who is remembered did worse";
    reputation.forget(kLiar);
    EXPECT_EQ(reputation.standing({}, kLiar), Standing::kGood);
}

}  // namespace sov::guard
