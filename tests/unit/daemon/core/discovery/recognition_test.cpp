#include "daemon/core/discovery/recognition.h"

#include <gtest/gtest.h>

#include <set>

#include "tests/support/sim_crypto.h"

namespace sov::discovery {

using std::chrono::hours;
using std::chrono::minutes;

constexpr UnixMillis kWall = 1'800'000'000'000;

class RecognitionTest : public ::testing::Test {
  protected:
    sov::support::SimCrypto crypto{1};
    PresenceKey bobs_key{7};
    PeerId bob{{2}};
    Recognition ours{crypto, kWall};
    Recognition bobs{crypto, kWall};

    void SetUp() override {
        bobs.set_own_key(bobs_key);
        ours.set_friends({{PeerId{{9}}, PresenceKey{3}}, {bob, bobs_key}});
    }
};

TEST_F(RecognitionTest, knows_a_friend_by_the_tags_of_both_media) {
    for (const Medium medium : {Medium::kMdns, Medium::kBle}) {
        const Bytes tag = bobs.own_tag(Instant{}, medium);
        EXPECT_EQ(tag.size(), tag_size(medium));
        EXPECT_EQ(ours.recognise(Instant{}, medium, tag), bob);
    }
}

TEST_F(RecognitionTest, takes_nobody_for_a_friend) {
    Recognition strangers(crypto, kWall);
    strangers.set_own_key(PresenceKey{8});
    const Bytes tag = strangers.own_tag(Instant{}, Medium::kMdns);
    EXPECT_FALSE(ours.recognise(Instant{}, Medium::kMdns, tag));
    EXPECT_FALSE(ours.recognise(Instant{}, Medium::kBle, tag));
    EXPECT_FALSE(ours.recognise(Instant{}, Medium::kMdns, {}));
    const Bytes of_another_medium = bobs.own_tag(Instant{}, Medium::kBle);
    EXPECT_FALSE(ours.recognise(Instant{}, Medium::kMdns, of_another_medium));
}

TEST_F(RecognitionTest, changes_its_tags_with_the_epoch_and_never_repeats_one) {
    std::set<Bytes> seen;
    Instant now{};
    for (int epoch = 0; epoch < 96; ++epoch) {
        EXPECT_TRUE(seen.insert(bobs.own_tag(now, Medium::kMdns)).second);
        EXPECT_EQ(ours.recognise(now, Medium::kMdns, bobs.own_tag(now, Medium::kMdns)), bob);
        const Instant next = bobs.next_epoch(now);
        EXPECT_GT(next, now);
        EXPECT_LE(next - now, kEpochLength);
        EXPECT_EQ(bobs.epoch(next), bobs.epoch(now) + 1);
        now = next;
    }
}

TEST_F(RecognitionTest, recognises_across_the_edge_of_an_epoch) {
    const Bytes old = bobs.own_tag(Instant{}, Medium::kBle);
    EXPECT_EQ(ours.recognise(Instant{} + kEpochLength, Medium::kBle, old), bob);
}

TEST_F(RecognitionTest, finds_a_friend_whose_clock_is_hours_wrong_but_searches_only_so_often) {
    Recognition late(crypto, kWall - 7 * 3'600'000);
    late.set_own_key(bobs_key);
    EXPECT_EQ(ours.recognise(Instant{}, Medium::kBle, late.own_tag(Instant{}, Medium::kBle)), bob);
    // Remembered: the same tag costs no second search.
    EXPECT_EQ(ours.recognise(Instant{}, Medium::kBle, late.own_tag(Instant{}, Medium::kBle)), bob);
    for (std::uint8_t unknown = 0; unknown < 3; ++unknown)
        EXPECT_FALSE(ours.recognise(Instant{}, Medium::kBle, Bytes(8, unknown)));
    const Bytes other = late.own_tag(Instant{} + hours(1), Medium::kBle);
    EXPECT_FALSE(ours.recognise(Instant{}, Medium::kBle, other)) << "a fifth search in one minute";
    EXPECT_EQ(ours.recognise(Instant{} + minutes(1), Medium::kBle, other), bob);
}

TEST_F(RecognitionTest, shows_a_veiled_key_to_friends_alone) {
    const Bytes node_key(32, 0x5a);
    const Bytes salt{1, 2, 3};
    const Bytes veiled = bobs.veil(Instant{}, Medium::kMdns, salt, node_key);
    EXPECT_EQ(veiled.size(), node_key.size());
    EXPECT_NE(veiled, node_key);
    const Bytes tag = bobs.own_tag(Instant{}, Medium::kMdns);
    EXPECT_EQ(ours.unveil(Instant{}, Medium::kMdns, tag, salt, veiled), node_key);
    EXPECT_NE(ours.unveil(Instant{}, Medium::kMdns, tag, Bytes{1}, veiled), node_key);
    EXPECT_FALSE(ours.unveil(Instant{}, Medium::kMdns, Bytes(12, 0), salt, veiled));
    EXPECT_FALSE(ours.unveil(Instant{}, Medium::kMdns, tag, salt, Bytes(33, 0)));
}

TEST_F(RecognitionTest, lets_friends_and_nobody_else_greet_the_bearer_of_a_tag) {
    const Bytes tag = bobs.own_tag(Instant{}, Medium::kBle);
    const Bytes fresh(32, 0x11);
    const auto greeting = ours.greet(Instant{}, Medium::kBle, tag, fresh);
    ASSERT_TRUE(greeting);
    EXPECT_EQ(*greeting, bobs.expected_greeting(Medium::kBle, tag, fresh));
    EXPECT_NE(*greeting, bobs.expected_greeting(Medium::kBle, tag, Bytes(32, 0x12)));
    const Bytes next = bobs.own_tag(Instant{} + kEpochLength, Medium::kBle);
    EXPECT_NE(*greeting, bobs.expected_greeting(Medium::kBle, next, fresh));
    EXPECT_FALSE(ours.greet(Instant{}, Medium::kBle, Bytes(8, 0x33), fresh));
    EXPECT_TRUE(ours.is_friend(bob));
    EXPECT_FALSE(ours.is_friend(PeerId{{8}}));
}

TEST_F(RecognitionTest, keeps_no_more_friends_than_its_limit) {
    std::vector<std::pair<PeerId, PresenceKey>> many;
    for (std::size_t at = 0; at <= Recognition::kFriendsMax; ++at) {
        PresenceKey key{};
        store_u64(key.data(), at + 1);
        many.emplace_back(PeerId::from(key), key);
    }
    const PresenceKey last_kept = many[Recognition::kFriendsMax - 1].second;
    const PresenceKey first_over = many.back().second;
    ours.set_friends(many);
    Recognition kept(crypto, kWall), over(crypto, kWall);
    kept.set_own_key(last_kept);
    over.set_own_key(first_over);
    EXPECT_TRUE(ours.recognise(Instant{}, Medium::kBle, kept.own_tag(Instant{}, Medium::kBle)));
    EXPECT_FALSE(ours.recognise(Instant{}, Medium::kBle, over.own_tag(Instant{}, Medium::kBle)));
}

}  // namespace sov::discovery
