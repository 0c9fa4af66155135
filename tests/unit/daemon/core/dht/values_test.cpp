#include "daemon/core/dht/values.h"

#include <gtest/gtest.h>

#include "tests/support/sim_crypto.h"
#include "tests/support/virtual_pair.h"

namespace sov::dht {

using std::chrono::seconds;
using support::Side;

TEST(ReadCache, forgets_what_is_old_and_in_full_what_ends_first) {
    ReadCache cache;
    const auto answer = [](std::uint8_t key) {
        ValueGotten gotten;
        gotten.key = Key{{key}};
        gotten.error = Errc::kNotFound;
        return gotten;
    };
    const Instant now = Instant{} + seconds{100};
    cache.keep(now + seconds{30}, answer(1), 2);
    cache.keep(now + seconds{10}, answer(2), 2);
    cache.keep(now + seconds{20}, answer(3), 2);
    EXPECT_EQ(cache.size(), 2U);
    EXPECT_EQ(cache.find(now, Key{{2}}), nullptr);
    EXPECT_NE(cache.find(now, Key{{1}}), nullptr);
    EXPECT_EQ(cache.find(now + seconds{20}, Key{{3}}), nullptr);
    cache.shorten_misses(now + seconds{5});
    EXPECT_EQ(cache.find(now + seconds{5}, Key{{1}}), nullptr);
}

// A writes, B is the other replica.
class TwoWithValues : public ::testing::Test {
  protected:
    TwoWithValues() {
        support::VirtualPair::Options options{support::numbered_node(crypto, 1),
                                              support::numbered_node(crypto, 2)};
        options.a.limits.own_values_max = 2;
        pair.emplace(crypto, options);
        pair->start();
        EXPECT_TRUE(pair->run_until([&] { return pair->acquainted(); }, seconds{30}));
    }
    ValuePublished put(ValuePut what) {
        CommandId command{};
        pair->with(Side::kA, [&](Node& node, Instant now) { command = node.put_value(now, what); });
        pair->run_until(
            [&] { return pair->answer<ValuePutFinished>(Side::kA, command) != nullptr; },
            seconds{30});
        const auto* finished = pair->answer<ValuePutFinished>(Side::kA, command);
        return finished == nullptr ? ValuePublished{} : finished->published;
    }
    static ValuePut content(std::uint8_t first) {
        ValuePut what;
        what.content = {first};
        what.ttl = seconds{600};
        return what;
    }

    support::SimCrypto crypto{1};
    std::optional<support::VirtualPair> pair;
};

TEST_F(TwoWithValues, look_after_so_many_of_their_own_and_no_more) {
    const auto first = put(content(1));
    EXPECT_FALSE(first.error.has_value());
    EXPECT_EQ(first.receipts.size(), 1U);
    EXPECT_TRUE(first.held_here);
    EXPECT_FALSE(put(content(2)).error.has_value());
    EXPECT_EQ(put(content(3)).error, Errc::kOverQuota);
    EXPECT_FALSE(put(content(1)).error.has_value()) << "one of the two, again";
    pair->run_for(seconds{1300});
    EXPECT_FALSE(put(content(3)).error.has_value()) << "their time was over";
}

TEST_F(TwoWithValues, bound_what_one_app_stores_by_number_and_bytes) {
    ValuePut what = content(1);
    what.app = 1000;
    what.app_values_max = 1;
    EXPECT_FALSE(put(what).error.has_value());
    EXPECT_FALSE(put(what).error.has_value()) << "the same, again";
    ValuePut other = what;
    other.content = {2};
    const auto refused = put(other);
    EXPECT_EQ(refused.error, Errc::kOverQuota);
    EXPECT_EQ(refused.quota, OwnQuota::kAppValues);
    other.app_values_max = SIZE_MAX;
    other.app_bytes_max = 200;
    EXPECT_EQ(put(other).quota, OwnQuota::kAppBytes) << "two records of more than 100 bytes";
    other.app = 1001;
    EXPECT_FALSE(put(other).error.has_value()) << "another app has a quota of its own";
    other.content = {3};
    other.app = 1002;
    EXPECT_EQ(put(other).quota, OwnQuota::kValues) << "two in all";

    const auto own = pair->node(Side::kA).own_values(pair->now());
    ASSERT_EQ(own.size(), 2U);
    EXPECT_EQ(own[0].app + own[1].app, 2001U);
    EXPECT_EQ(own[0].holders, 1U);
    bool let_go = true;
    pair->with(Side::kA, [&](Node& node, Instant now) {
        let_go = node.let_go(now, own[0].key, own[0].app + 1);
    });
    EXPECT_FALSE(let_go) << "it is somebody else's";
    pair->with(Side::kA,
               [&](Node& node, Instant now) { let_go = node.let_go(now, own[0].key, own[0].app); });
    EXPECT_TRUE(let_go);
    EXPECT_EQ(pair->node(Side::kA).own_values(pair->now()).size(), 1U);
    EXPECT_FALSE(put(other).error.has_value());
}

TEST_F(TwoWithValues, refuse_what_nobody_could_store) {
    ValuePut large = content(1);
    large.content.resize((16U << 10) + 1);
    EXPECT_EQ(put(large).error, Errc::kTooLarge);
    ValuePut unlabelled = content(1);
    unlabelled.expected = 0;
    EXPECT_EQ(put(unlabelled).error, Errc::kInvalidArgument);
    ValuePut endless = content(1);
    endless.ttl = std::chrono::hours{8 * 24};
    EXPECT_EQ(put(endless).error, Errc::kInvalidArgument);
    ValuePut last = content(1);
    last.label = "x";
    last.expected = UINT64_MAX;
    EXPECT_EQ(put(last).error, Errc::kInvalidArgument);
}

}  // namespace sov::dht
