#include "daemon/core/dht/value_store.h"

#include <gtest/gtest.h>

#include "daemon/core/base/rng.h"
#include "daemon/core/dht/tokens.h"
#include "tests/support/sim_crypto.h"

namespace sov::dht {

namespace {

using std::chrono::hours;
using std::chrono::seconds;

identity::CheckedRecord record_of(std::uint8_t owner, const Key& key, std::uint64_t sequence,
                                  seconds ttl = seconds{1000}, std::size_t bytes = 100,
                                  std::uint8_t filling = 0) {
    identity::CheckedRecord record;
    record.head.kind = identity::RecordKind::kName;
    record.head.owner = PeerId{{owner}};
    record.head.sequence = sequence;
    record.head.ttl = ttl;
    record.key = key;
    record.bytes = Bytes(bytes, filling);
    return record;
}

Errc error_of(const Result<ValueStore::Stored>& result) { return result ? Errc{} : result.error(); }

}  // namespace

class ValueStores : public ::testing::Test {
  protected:
    Limits limits;
    Counters counters;
    NodeId own{};
    Instant now = Instant{} + seconds{10};
    Endpoint from = Endpoint::v4(0x08080808, 1);
    Key key{{1}};

    void TearDown() override { store.check_invariants(); }
    ValueStore store{own, limits, counters};
};

TEST_F(ValueStores, keep_the_newest_of_an_owner_and_refuse_older_ones) {
    EXPECT_TRUE(store.put(now, record_of(1, key, 5), from, 0)->changed);
    EXPECT_EQ(error_of(store.put(now, record_of(1, key, 4), from, 0)), Errc::kStale);
    EXPECT_TRUE(store.put(now, record_of(1, key, 6), from, 0)->changed);
    ASSERT_EQ(store.at(now, key).size(), 1U);
    EXPECT_EQ(store.at(now, key)[0]->head.sequence, 6U);
}

TEST_F(ValueStores, keep_the_first_hand_over_and_no_peer_record_beside_it) {
    const auto of_kind = [&](identity::RecordKind kind, std::uint64_t sequence,
                             std::uint8_t filling) {
        auto record = record_of(1, key, sequence, hours{168}, 100, filling);
        record.head.kind = kind;
        return record;
    };
    using enum identity::RecordKind;
    EXPECT_TRUE(store.put(now, of_kind(kPeer, 5, 0), from, 0)->changed);
    EXPECT_TRUE(store.put(now, of_kind(kHandOver, 1, 7), from, 0)->changed);
    ASSERT_EQ(store.at(now, key).size(), 1U) << "who has gone is not there";
    EXPECT_EQ(error_of(store.put(now, of_kind(kPeer, 6, 0), from, 0)), Errc::kStale);
    for (const std::uint8_t smaller_or_larger : {std::uint8_t{3}, std::uint8_t{9}}) {
        EXPECT_EQ(error_of(store.put(now, of_kind(kHandOver, 1, smaller_or_larger), from, 0)),
                  Errc::kConflict);
    }
    EXPECT_EQ(store.at(now, key)[0]->bytes[0], 7U);
    // Anybody keeps it alive for as long as he likes.
    for (int day = 0; day < 30; ++day) {
        now += hours{24};
        ASSERT_EQ(error_of(store.put(now, of_kind(kHandOver, 1, 7), from, 0)), Errc{}) << day;
    }
    now += hours{169};
    store.take_expired(now);
    EXPECT_EQ(error_of(store.put(now, of_kind(kHandOver, 1, 7), from, 0)), Errc{});
}

TEST_F(ValueStores, let_an_identical_put_extend_a_records_life) {
    store.put(now, record_of(1, key, 5, seconds{100}), from, 0);
    now += seconds{90};
    const auto again = store.put(now, record_of(1, key, 5, seconds{100}), from, 0);
    ASSERT_TRUE(again.has_value());
    EXPECT_FALSE(again->changed);
    EXPECT_EQ(store.at(now + seconds{50}, key).size(), 1U);
}

TEST_F(ValueStores, end_the_life_of_a_sequence_number_that_others_keep_refreshing) {
    store.put(now, record_of(1, key, 5, hours{20}), from, 0);
    now += hours{19};
    EXPECT_TRUE(store.touch(now, key, PeerId{{1}}, identity::RecordKind::kName, 5).has_value());
    now += hours{8};
    EXPECT_EQ(store.touch(now, key, PeerId{{1}}, identity::RecordKind::kName, 5).error(),
              Errc::kExpired);
    EXPECT_EQ(error_of(store.put(now, record_of(1, key, 5), from, 0)), Errc::kExpired);
    EXPECT_EQ(error_of(store.put(now, record_of(1, key, 6), from, 0)), Errc{});
}

TEST_F(ValueStores, refuse_copies_of_what_has_lapsed) {
    store.put(now, record_of(1, key, 5, seconds{100}), from, 0);
    now += seconds{100};
    // Its time is over, whether or not it has been swept out yet.
    EXPECT_EQ(error_of(store.put(now, record_of(1, key, 5, seconds{100}), from, 0)),
              Errc::kExpired);
    store.take_expired(now);
    EXPECT_EQ(store.size(), 0U);
    EXPECT_EQ(store.lapsed(), 1U);
    EXPECT_EQ(error_of(store.put(now, record_of(1, key, 5, seconds{100}), from, 0)),
              Errc::kExpired);
    EXPECT_EQ(error_of(store.put(now, record_of(1, key, 4, seconds{100}), from, 0)), Errc::kStale);
    EXPECT_EQ(error_of(store.put(now, record_of(2, key, 1, seconds{100}), from, 0)), Errc{})
        << "somebody else's";
    EXPECT_EQ(error_of(store.put(now, record_of(1, key, 6, seconds{100}), from, 0)), Errc{});
    EXPECT_EQ(counters.records_refused, 3U);
}

TEST_F(ValueStores, remember_a_withdrawal_when_it_is_over) {
    store.put(now, record_of(1, key, 5, seconds{1000}), from, 0);
    identity::CheckedRecord gone = record_of(1, key, 6, seconds{50});
    gone.head.tombstone = true;
    store.put(now, gone, from, 0, seconds{20});
    now += seconds{60};
    store.take_expired(now);
    EXPECT_EQ(error_of(store.put(now, record_of(1, key, 5, seconds{1000}), from, 0)), Errc::kStale);
    EXPECT_EQ(error_of(store.put(now, gone, from, 0)), Errc::kExpired);
    now += limits.lapsed_time;
    EXPECT_EQ(error_of(store.put(now, record_of(1, key, 5, seconds{1000}), from, 0)), Errc{})
        << "a replica's memory ends";
}

TEST_F(ValueStores, take_again_what_was_kept_for_less_than_its_life) {
    store.put(now, record_of(1, key, 5, seconds{100}), from, 0, seconds{50});
    now += seconds{60};
    store.take_expired(now);
    EXPECT_EQ(error_of(store.put(now, record_of(1, key, 4, seconds{100}), from, 0)), Errc::kStale);
    EXPECT_EQ(error_of(store.put(now, record_of(1, key, 5, seconds{100}), from, 0)), Errc{});
    EXPECT_EQ(store.lapsed(), 0U);
}

TEST_F(ValueStores, remember_no_more_of_what_is_over_than_their_limit) {
    limits.lapsed_max = 3;
    for (std::uint8_t owner = 1; owner <= 5; ++owner) {
        store.put(now, record_of(owner, key, 5, seconds{100}), from, 0);
        now += seconds{100};
        store.take_expired(now);
        store.check_invariants();
    }
    EXPECT_EQ(store.lapsed(), 3U);
    EXPECT_EQ(error_of(store.put(now, record_of(2, key, 5, seconds{100}), from, 0)), Errc{});
    EXPECT_EQ(error_of(store.put(now, record_of(3, key, 5, seconds{100}), from, 0)),
              Errc::kExpired);
}

TEST_F(ValueStores, agree_on_one_of_two_records_under_one_sequence) {
    ValueStore other(own, limits, counters);
    const auto small = record_of(1, key, 5, seconds{100}, 100, 1);
    const auto large = record_of(1, key, 5, seconds{100}, 100, 2);
    store.put(now, small, from, 0);
    store.put(now, large, from, 0);
    other.put(now, large, from, 0);
    other.put(now, small, from, 0);
    EXPECT_EQ(store.at(now, key).at(0)->bytes, other.at(now, key).at(0)->bytes);
}

TEST_F(ValueStores, forget_records_when_their_time_is_over) {
    store.put(now, record_of(1, key, 5, seconds{100}), from, 0);
    EXPECT_EQ(store.next_expiry(), now + seconds{100});
    EXPECT_TRUE(store.take_expired(now + seconds{99}).empty());
    EXPECT_TRUE(store.at(now + seconds{100}, key).empty());
    EXPECT_EQ(store.take_expired(now + seconds{100}).size(), 1U);
    EXPECT_EQ(store.size(), 0U);
    EXPECT_EQ(store.bytes(), 0U);
}

TEST_F(ValueStores, replace_a_record_by_its_withdrawal_and_remember_it) {
    store.put(now, record_of(1, key, 5), from, 0);
    auto tombstone = record_of(1, key, 6);
    tombstone.head.tombstone = true;
    EXPECT_TRUE(store.put(now, tombstone, from, 0).has_value());
    ASSERT_EQ(store.at(now, key).size(), 1U);
    EXPECT_TRUE(store.at(now, key)[0]->head.tombstone);
    EXPECT_EQ(error_of(store.put(now, record_of(1, key, 5), from, 0)), Errc::kStale)
        << "a replay does not bring it back";
}

TEST_F(ValueStores, rank_claims_on_one_key_by_work_and_keep_the_best) {
    for (std::uint8_t owner = 1; owner <= limits.records_per_key_max; ++owner) {
        EXPECT_TRUE(store.put(now, record_of(owner, key, 1), from, owner + 10).has_value());
    }
    EXPECT_EQ(error_of(store.put(now, record_of(100, key, 1), from, 5)), Errc::kOverQuota);
    EXPECT_TRUE(store.put(now, record_of(101, key, 1), from, 99).has_value());
    const auto claims = store.at(now, key);
    ASSERT_EQ(claims.size(), limits.records_per_key_max);
    EXPECT_EQ(claims[0]->head.owner, PeerId{{101}});
    EXPECT_EQ(claims.back()->work, 12) << "the one with the least work gave way";
    EXPECT_EQ(store.take_expired(now).size(), 1U) << "the disk forgets it too";
}

TEST_F(ValueStores, bound_what_one_subnet_stores) {
    limits.record_bytes_per_subnet_max = 1000;
    Errc last{};
    for (std::uint8_t number = 0; number < 20 && last == Errc{}; ++number) {
        last = error_of(store.put(now, record_of(number, Key{{number}}, 1), from, 0));
    }
    EXPECT_EQ(last, Errc::kOverQuota);
    EXPECT_LE(store.bytes(), 1000U);
    EXPECT_TRUE(store.put(now, record_of(200, key, 1), Endpoint::v4(0x09090909, 1), 0).has_value());
}

TEST_F(ValueStores, keep_what_lies_near_when_full_whoever_floods_them) {
    limits.records_max = 64;
    limits.record_bytes_per_subnet_max = 1 << 30;
    Rng rng(1);
    for (std::uint8_t number = 0; number < 8; ++number) {
        store.put(now, record_of(number, Key{{0, 0, number}}, 1), from, 0);
    }
    for (int flood = 0; flood < 2000; ++flood) {
        Key far;
        for (auto& byte : far.bytes) byte = static_cast<std::uint8_t>(rng.next());
        far.bytes[0] |= 1;
        (void)store.put(now, record_of(static_cast<std::uint8_t>(flood), far, 1), from, 0);
        ASSERT_LE(store.size(), 64U);
    }
    for (std::uint8_t number = 0; number < 8; ++number) {
        EXPECT_EQ(store.at(now, Key{{0, 0, number}}).size(), 1U);
    }
}

TEST_F(ValueStores, refuse_more_bytes_and_longer_lives_than_the_limits_allow) {
    EXPECT_EQ(error_of(store.put(now, record_of(1, key, 1, seconds{10}, 1001), from, 0)),
              Errc::kTooLarge);
    EXPECT_EQ(error_of(store.put(now, record_of(1, key, 1, hours{24 * 7 + 1}), from, 0)),
              Errc::kInvalidArgument);
}

TEST(Tokens, hold_for_one_node_one_address_one_key_and_ten_minutes) {
    support::SimCrypto crypto(1);
    Tokens tokens(crypto);
    const Instant now = Instant{} + std::chrono::minutes{17};
    const NodeKey node{{1}};
    const Endpoint endpoint = Endpoint::v4(0x08080808, 1);
    const Key key{{2}};
    const wire::Token token = tokens.mint(now, node, endpoint, key);
    EXPECT_TRUE(tokens.valid(now, token, node, endpoint, key));
    EXPECT_TRUE(tokens.valid(now + std::chrono::minutes{5}, token, node, endpoint, key));
    EXPECT_FALSE(tokens.valid(now + std::chrono::minutes{11}, token, node, endpoint, key));
    EXPECT_FALSE(tokens.valid(now, token, NodeKey{}, endpoint, key));
    EXPECT_FALSE(tokens.valid(now, token, node, Endpoint::v4(0x08080808, 2), key));
    EXPECT_FALSE(tokens.valid(now, token, node, endpoint, Key{}));
    EXPECT_FALSE(tokens.valid(now, wire::Token{}, node, endpoint, key));
    Tokens others(crypto);
    EXPECT_FALSE(others.valid(now, token, node, endpoint, key));
}

}  // namespace sov::dht
