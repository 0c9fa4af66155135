#include "daemon/core/dht/offer_store.h"

#include <gtest/gtest.h>

#include <set>

#include "daemon/core/identity/providers.h"
#include "tests/support/sim_crypto.h"

namespace sov::dht {

namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

class OfferStoreTest : public ::testing::Test {
  protected:
    identity::CheckedRecord offer(std::uint16_t owner, std::uint64_t sequence = 1,
                                  seconds ttl = hours{1}, bool tombstone = false) {
        identity::CheckedRecord record;
        record.head = {identity::RecordKind::kProvider, tombstone, {}, sequence, ttl};
        record.head.owner.bytes[0] = static_cast<std::uint8_t>(owner >> 8);
        record.head.owner.bytes[1] = static_cast<std::uint8_t>(owner);
        record.key = key;
        record.bytes = Bytes(100, static_cast<std::uint8_t>(owner));
        record.bytes[0] = static_cast<std::uint8_t>(owner >> 8);
        return record;
    }
    static Endpoint in_subnet(std::uint32_t subnet, std::uint8_t host = 1) {
        return Endpoint::v4(0x08000000U | (subnet << 8) | host, 6881);
    }
    OfferStore::Verdict put(std::uint16_t owner, std::uint32_t subnet) {
        return store.put(now, offer(owner), in_subnet(subnet));
    }
    // How many of the offers in a sample were announced from subnets below this number, when
    // owners are numbered by `subnet * 100 + n`.
    std::size_t from_below(const std::vector<const Bytes*>& sample, std::uint16_t owners) {
        std::size_t count = 0;
        for (const Bytes* record : sample)
            count += ((*record)[0] * 256U + (*record)[1]) < owners ? 1U : 0U;
        return count;
    }

    Limits limits;
    Counters counters;
    NodeId own;
    OfferStore store{own, limits, counters};
    Rng rng{1};
    Key key{{1}};
    Instant now = Instant{} + seconds{100};
};

}  // namespace

TEST_F(OfferStoreTest, keeps_one_offer_of_each_owner_until_its_time_is_over) {
    EXPECT_EQ(put(1, 1).time, Duration(hours{1}));
    EXPECT_FALSE(put(2, 2).error);
    EXPECT_FALSE(store.put(now, offer(1, 2), in_subnet(1)).error);
    EXPECT_EQ(store.count_at(now, key), 2U);
    EXPECT_EQ(store.put(now, offer(1, 1), in_subnet(1)).error, Errc::kStale);
    EXPECT_EQ(store.count_at(now, Key{{2}}), 0U);
    now += minutes{59};
    EXPECT_FALSE(store.put(now, offer(2), in_subnet(2)).error) << "refreshed";
    now += minutes{2};
    EXPECT_EQ(store.count_at(now, key), 1U);
    store.drop_expired(now);
    EXPECT_EQ(store.size(), 1U);
    store.check_invariants();
}

TEST_F(OfferStoreTest, never_keeps_longer_than_an_hour_nor_under_one_sequence_for_ever) {
    EXPECT_EQ(store.put(now, offer(1, 1, hours{48}), in_subnet(1)).time, Duration(hours{1}));
    EXPECT_EQ(store.put(now, offer(2), in_subnet(1), minutes{5}).time, Duration(minutes{5}));
    const Instant first = now;
    while (now - first <= limits.same_sequence_max) {
        now += minutes{40};
        const auto verdict = store.put(now, offer(1, 1, hours{48}), in_subnet(1));
        EXPECT_EQ(verdict.error.has_value(), now - first > limits.same_sequence_max);
    }
    EXPECT_EQ(store.put(now, offer(1, 1, hours{48}), in_subnet(1)).error, Errc::kExpired);
}

TEST_F(OfferStoreTest, a_tombstone_takes_the_offer_away) {
    put(1, 1);
    EXPECT_FALSE(store.put(now, offer(1, 2, hours{1}, true), in_subnet(9)).error);
    EXPECT_EQ(store.size(), 0U);
    store.check_invariants();
}

TEST_F(OfferStoreTest, a_full_subnet_waits_until_one_of_its_offers_is_over) {
    for (std::uint16_t owner = 0; owner < limits.offers_per_subnet_max; ++owner) {
        EXPECT_FALSE(put(owner, 1).error);
        now += minutes{1};
    }
    const auto verdict = put(99, 1);
    EXPECT_EQ(verdict.error, Errc::kOverQuota);
    EXPECT_EQ(verdict.time, Duration(minutes{56})) << "until the first of the four is over";
    EXPECT_FALSE(put(1, 1).error) << "who is in may refresh";
    EXPECT_FALSE(put(100, 2).error);
    EXPECT_EQ(store.put(now, offer(100), in_subnet(1)).error, Errc::kOverQuota)
        << "nor can one move in";
    now += verdict.time;
    store.drop_expired(now);
    EXPECT_FALSE(put(99, 1).error);
    const auto home = Endpoint::v4(0xc0a80001, 6881);
    for (std::uint16_t owner = 200; owner < 220; ++owner)
        EXPECT_FALSE(store.put(now, offer(owner), home).error) << "a LAN is nobody's subnet";
    store.check_invariants();
}

TEST_F(OfferStoreTest, a_full_key_makes_room_at_the_expense_of_the_subnet_with_the_most) {
    limits.offers_per_key_max = 8;
    for (std::uint16_t owner = 0; owner < 8; ++owner) put(owner, 1U + owner / 4U);
    EXPECT_FALSE(put(10, 3).error);
    EXPECT_FALSE(put(11, 4).error);
    EXPECT_FALSE(put(12, 5).error);
    EXPECT_FALSE(put(13, 6).error);
    EXPECT_FALSE(put(14, 7).error);
    EXPECT_FALSE(put(15, 8).error);
    EXPECT_EQ(counters.offers_evicted, 6U);
    EXPECT_EQ(put(16, 9).error, Errc::kOverQuota) << "now every subnet has one";
    EXPECT_GT(put(16, 9).time, Duration{0});
    EXPECT_EQ(store.count_at(now, key), 8U);
    store.check_invariants();
}

TEST_F(OfferStoreTest, one_owner_and_one_subnet_have_a_share_of_all_keys) {
    limits.offers_per_owner_max = 3;
    limits.offers_per_subnet_total_max = 5;
    for (std::uint8_t at = 0; at < 3; ++at) {
        key.bytes[1] = at;
        EXPECT_FALSE(put(1, 1).error);
    }
    key.bytes[1] = 3;
    EXPECT_EQ(put(1, 2).error, Errc::kOverQuota);
    EXPECT_FALSE(put(2, 1).error);
    EXPECT_FALSE(put(3, 1).error);
    EXPECT_EQ(put(4, 1).error, Errc::kOverQuota);
    EXPECT_EQ(put(4, 1).time, Duration{0}) << "nobody knows when";
    store.check_invariants();
}

TEST_F(OfferStoreTest, in_full_what_lies_nearer_to_us_stays) {
    limits.offers_max = 4;
    for (std::uint8_t at = 1; at <= 4; ++at) {
        key.bytes[0] = static_cast<std::uint8_t>(at * 16);
        EXPECT_FALSE(put(1, at).error);
    }
    key.bytes[0] = 0xf0;
    EXPECT_EQ(put(1, 5).error, Errc::kBusy);
    key.bytes[0] = 1;
    EXPECT_FALSE(put(1, 6).error);
    EXPECT_EQ(store.size(), 4U);
    EXPECT_EQ(store.count_at(now, Key{{64}}), 0U);
    store.check_invariants();
}

TEST_F(OfferStoreTest, refuses_other_kinds_and_offers_without_a_life) {
    auto record = offer(1);
    record.head.kind = identity::RecordKind::kPeer;
    EXPECT_EQ(store.put(now, record, in_subnet(1)).error, Errc::kInvalidArgument);
    EXPECT_EQ(store.put(now, offer(1, 1, seconds{0}), in_subnet(1)).error, Errc::kInvalidArgument);
    EXPECT_EQ(counters.offers_refused, 2U);
}

TEST_F(OfferStoreTest, samples_take_every_subnet_before_any_twice_and_differ) {
    // Three of one subnet, one each of seven others.
    for (std::uint16_t owner = 0; owner < 3; ++owner) put(owner, 1);
    for (std::uint16_t owner = 10; owner < 17; ++owner) put(owner, owner);
    std::set<Bytes> seen;
    for (int round = 0; round < 200; ++round) {
        const auto eight = store.sample(now, rng, key, 8);
        EXPECT_EQ(eight.size(), 8U);
        EXPECT_EQ(from_below(eight, 3), 1U);
        seen.insert(*store.sample(now, rng, key, 1).front());
    }
    EXPECT_EQ(seen.size(), 10U) << "everybody comes first at some time";
    EXPECT_EQ(store.sample(now, rng, key, 100).size(), 10U);
    EXPECT_TRUE(store.sample(now, rng, key, 0).empty());
    EXPECT_TRUE(store.sample(now + hours{2}, rng, key, 8).empty());
}

TEST_F(OfferStoreTest, nine_tenths_of_spam_from_fifty_subnets_get_less_than_a_third_of_samples) {
    // Spam comes first, and all of it that is let in stays.
    for (std::uint16_t number = 0; number < 1350; ++number) put(number, number % 50U);
    for (std::uint16_t number = 0; number < 150; ++number)
        EXPECT_FALSE(put(static_cast<std::uint16_t>(2000 + number), 1000U + number).error);
    std::size_t spam = 0, all = 0;
    for (int round = 0; round < 500; ++round) {
        const auto sample = store.sample(now, rng, key, 8);
        spam += from_below(sample, 1350);
        all += sample.size();
    }
    EXPECT_LT(100 * spam, 30 * all) << spam << " of " << all;
}

}  // namespace sov::dht
