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
    Limits limits;
    limits.reads_cached_max = 2;
    cache.keep(now + seconds{30}, answer(1), limits);
    cache.keep(now + seconds{10}, answer(2), limits);
    cache.keep(now + seconds{20}, answer(3), limits);
    EXPECT_EQ(cache.size(), 2U);
    EXPECT_EQ(cache.find(now, Key{{2}}), nullptr);
    EXPECT_NE(cache.find(now, Key{{1}}), nullptr);
    EXPECT_EQ(cache.find(now + seconds{20}, Key{{3}}), nullptr);
    cache.shorten_misses(now + seconds{5});
    EXPECT_EQ(cache.find(now + seconds{5}, Key{{1}}), nullptr);
}

TEST(ReadCache, keeps_no_more_content_than_it_may) {
    ReadCache cache;
    Limits limits;
    limits.reads_cached_bytes_max = 100;
    const Instant now = Instant{} + seconds{100};
    const auto keep = [&](std::uint8_t key, std::size_t size, int ends) {
        ValueGotten gotten;
        gotten.key = Key{{key}};
        gotten.value.content = Bytes(size, 1);
        cache.keep(now + seconds{ends}, std::move(gotten), limits);
    };
    keep(1, 60, 10);
    keep(2, 40, 20);
    EXPECT_EQ(cache.bytes(), 100U);
    keep(3, 50, 30);
    EXPECT_EQ(cache.find(now, Key{{1}}), nullptr) << "it ended first";
    keep(3, 30, 30);
    EXPECT_EQ(cache.bytes(), 70U);
    keep(4, 101, 40);
    EXPECT_EQ(cache.find(now, Key{{4}}), nullptr) << "there is no room for so much";
    EXPECT_EQ(cache.find(now + seconds{25}, Key{{2}}), nullptr);
    cache.drop(Key{{3}});
    EXPECT_EQ(cache.bytes(), 0U);
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
    CommandId begin_put(Side side, const ValuePut& what) {
        CommandId command{};
        pair->with(side, [&](Node& node, Instant now) { command = node.put_value(now, what); });
        return command;
    }
    ValuePublished end_put(Side side, CommandId command) {
        pair->run_until([&] { return pair->answer<ValuePutFinished>(side, command) != nullptr; },
                        seconds{30});
        const auto* finished = pair->answer<ValuePutFinished>(side, command);
        return finished == nullptr ? ValuePublished{} : finished->published;
    }
    ValuePublished put(const ValuePut& what, Side side = Side::kA) {
        return end_put(side, begin_put(side, what));
    }
    ValuePublished put_signed(const identity::CheckedRecord& value, Side side = Side::kA) {
        CommandId command{};
        pair->with(side, [&](Node& node, Instant now) {
            command = node.put_signed_value(now, value.key, value.bytes);
        });
        return end_put(side, command);
    }
    /// Of numbered node 3, with the sequence number 5.
    identity::CheckedRecord signed_elsewhere(std::uint8_t first) {
        return identity::make_mutable(crypto, support::numbered_node(crypto, 3).user_key,
                                      support::numbered_node(crypto, 1).network, "x",
                                      {identity::RecordKind::kMutable, false, {}, 5, seconds{600}},
                                      Bytes{first});
    }
    std::optional<Errc> let_go(const Key& key, std::optional<std::uint32_t> app) {
        CommandId command{};
        pair->with(Side::kA,
                   [&](Node& node, Instant now) { command = node.let_go(now, key, app); });
        const auto* finished = pair->answer<LetGoFinished>(Side::kA, command);
        EXPECT_NE(finished, nullptr) << "there is no disk to wait for";
        return finished == nullptr ? Errc::kTimedOut : finished->error;
    }
    /// The sequence numbers that values of this side have lost to.
    std::vector<std::uint64_t> losses(Side side) {
        std::vector<std::uint64_t> lost;
        for (const sov::Event& event : pair->events(side)) {
            const auto* over = std::get_if<OwnValueOver>(&event);
            if (over != nullptr && over->lost_to) lost.push_back(*over->lost_to);
        }
        return lost;
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
    EXPECT_EQ(let_go(own[0].key, own[0].app + 1), Errc::kNotFound) << "it is somebody else's";
    EXPECT_EQ(let_go(own[0].key, own[0].app), std::nullopt);
    EXPECT_EQ(pair->node(Side::kA).own_values(pair->now()).size(), 1U);
    EXPECT_FALSE(put(other).error.has_value());
}

TEST_F(TwoWithValues, tell_who_brings_the_larger_of_two_under_one_sequence_of_the_conflict) {
    const auto one = signed_elsewhere(1), two = signed_elsewhere(2);
    EXPECT_EQ(put_signed(one.bytes < two.bytes ? one : two).error, std::nullopt);
    const auto refused = put_signed(one.bytes < two.bytes ? two : one);
    EXPECT_EQ(refused.error, Errc::kConflict);
    EXPECT_EQ(refused.conflict, 5U);
    EXPECT_FALSE(refused.held_here);
}

TEST_F(TwoWithValues, end_what_lost_to_the_smaller_of_two_under_one_sequence) {
    const auto one = signed_elsewhere(1), two = signed_elsewhere(2);
    const auto& smaller = one.bytes < two.bytes ? one : two;
    EXPECT_EQ(put_signed(one.bytes < two.bytes ? two : one).error, std::nullopt);
    EXPECT_EQ(put_signed(smaller, Side::kB).error, std::nullopt);
    pair->run_for(seconds{400});
    EXPECT_TRUE(pair->node(Side::kA).own_values(pair->now()).empty());
    EXPECT_EQ(losses(Side::kA), std::vector<std::uint64_t>{5});
    EXPECT_EQ(pair->node(Side::kB).own_values(pair->now()).size(), 1U);
    EXPECT_TRUE(losses(Side::kB).empty());
}

// Two devices of one person.
class TwoDevices : public TwoWithValues {
  protected:
    void SetUp() override {
        support::VirtualPair::Options options{support::numbered_node(crypto, 1),
                                              support::numbered_node(crypto, 2)};
        options.b.user_key = options.a.user_key;
        pair.emplace(crypto, options);
        pair->start();
        ASSERT_TRUE(pair->run_until([&] { return pair->acquainted(); }, seconds{30}));
    }
    static ValuePut labelled(std::uint8_t first, std::optional<std::uint64_t> expected = {}) {
        ValuePut what = content(first);
        what.label = "note";
        what.expected = expected;
        return what;
    }
    Bytes read_fast(Side side, const Key& key) {
        CommandId command{};
        pair->with(side, [&](Node& node, Instant now) {
            command = node.get_value(now, key, Level::kFast);
        });
        pair->run_until([&] { return pair->answer<ValueGetFinished>(side, command) != nullptr; },
                        seconds{30});
        return pair->answer<ValueGetFinished>(side, command)->gotten.value.content;
    }
};

TEST_F(TwoDevices, who_is_told_of_a_conflict_keeps_the_version_that_lost_no_longer) {
    const auto first = put(labelled(1, 0));
    ASSERT_EQ(first.error, std::nullopt);
    const auto second = put(labelled(2, first.sequence), Side::kB);
    ASSERT_EQ(second.error, std::nullopt);
    const auto late = put(labelled(3, first.sequence));
    EXPECT_EQ(late.error, Errc::kConflict);
    EXPECT_EQ(late.conflict, second.sequence);
    EXPECT_TRUE(pair->node(Side::kA).own_values(pair->now()).empty());
    EXPECT_EQ(losses(Side::kA), std::vector<std::uint64_t>{second.sequence});
    EXPECT_EQ(read_fast(Side::kA, first.key), Bytes{2});
    ASSERT_EQ(pair->node(Side::kB).own_values(pair->now()).size(), 1U);
    EXPECT_TRUE(losses(Side::kB).empty());
}

TEST_F(TwoDevices, who_races_and_is_told_of_a_conflict_does_not_hold_what_lost) {
    const auto first = put(labelled(1, 0));
    ASSERT_EQ(first.error, std::nullopt);
    const CommandId a = begin_put(Side::kA, labelled(2, first.sequence));
    const CommandId b = begin_put(Side::kB, labelled(3, first.sequence));
    // Both look before either writes.
    EXPECT_EQ(end_put(Side::kA, a).error, Errc::kConflict);
    EXPECT_EQ(end_put(Side::kB, b).error, Errc::kConflict);
    EXPECT_NE(read_fast(Side::kA, first.key), Bytes{2});
    EXPECT_NE(read_fast(Side::kB, first.key), Bytes{3});
}

TEST_F(TwoDevices, a_new_version_of_our_own_is_no_loss) {
    std::uint64_t sequence = 0;
    for (std::uint8_t at = 0; at < 8; ++at) {
        const auto stored = put(labelled(at, sequence));
        ASSERT_EQ(stored.error, std::nullopt);
        sequence = stored.sequence;
        pair->run_for(seconds{40});
    }
    EXPECT_EQ(pair->node(Side::kA).own_values(pair->now()).size(), 1U);
    EXPECT_TRUE(losses(Side::kA).empty());
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

// A writes, and its disk answers a millisecond later.
class OneWithADisk : public TwoWithValues {
  protected:
    void SetUp() override {
        support::VirtualPair::Options options{support::numbered_node(crypto, 1),
                                              support::numbered_node(crypto, 2)};
        options.a.durable_acknowledgement = true;
        pair.emplace(crypto, options);
        pair->start();
        ASSERT_TRUE(pair->run_until([&] { return pair->acquainted(); }, seconds{30}));
        key = put(content(1)).key;
        ASSERT_EQ(pair->node(Side::kA).own_values(pair->now()).size(), 1U);
    }
    CommandId begin_let_go() {
        CommandId command{};
        pair->with(Side::kA,
                   [&](Node& node, Instant now) { command = node.let_go(now, key, std::nullopt); });
        return command;
    }
    const LetGoFinished* answer(CommandId command) {
        return pair->answer<LetGoFinished>(Side::kA, command);
    }
    std::uint64_t ticket() {
        for (const sov::Event& event : pair->events(Side::kA)) {
            if (const auto* over = std::get_if<OwnValueOver>(&event)) return over->ticket;
        }
        return 0;
    }
    Key key;
};

TEST_F(OneWithADisk, answers_who_lets_go_when_the_disk_has_it) {
    const CommandId command = begin_let_go();
    EXPECT_TRUE(pair->node(Side::kA).own_values(pair->now()).empty());
    EXPECT_NE(ticket(), 0U);
    EXPECT_EQ(answer(command), nullptr) << "a crash now would bring the value back";
    pair->run_for(std::chrono::milliseconds{2});
    ASSERT_NE(answer(command), nullptr);
    EXPECT_EQ(answer(command)->error, std::nullopt);
    const CommandId again = begin_let_go();
    ASSERT_NE(answer(again), nullptr);
    EXPECT_EQ(answer(again)->error, Errc::kNotFound);
}

TEST_F(OneWithADisk, tells_who_lets_go_when_the_disk_did_not_take_it) {
    const CommandId command = begin_let_go();
    pair->with(Side::kA, [&](Node& node, Instant now) {
        node.handle_persisted(now, ticket() + 1000, true);
        node.handle_persisted(now, ticket(), false);
    });
    ASSERT_NE(answer(command), nullptr);
    EXPECT_EQ(answer(command)->error, Errc::kBusy);
}

TEST_F(OneWithADisk, lets_go_all_the_same_when_nobody_waits_any_more) {
    const CommandId command = begin_let_go();
    pair->with(Side::kA, [&](Node& node, Instant now) { node.cancel(now, command); });
    ASSERT_NE(answer(command), nullptr);
    EXPECT_EQ(answer(command)->error, Errc::kCancelled);
    pair->run_for(seconds{1});
    EXPECT_TRUE(pair->node(Side::kA).own_values(pair->now()).empty());
}

TEST_F(OneWithADisk, refuses_to_let_go_of_more_at_once_than_it_waits_for) {
    std::vector<Key> keys{key};
    for (std::uint8_t at = 2; at < 67; ++at) keys.push_back(put(content(at)).key);
    for (std::size_t at = 0; at < keys.size(); ++at) {
        key = keys[at];
        const CommandId command = begin_let_go();
        if (at < 64) continue;
        ASSERT_NE(answer(command), nullptr);
        EXPECT_EQ(answer(command)->error, Errc::kOverQuota);
    }
    EXPECT_EQ(pair->node(Side::kA).own_values(pair->now()).size(), keys.size() - 64);
    pair->run_for(seconds{1});
    const CommandId later = begin_let_go();
    pair->run_for(seconds{1});
    ASSERT_NE(answer(later), nullptr);
    EXPECT_EQ(answer(later)->error, std::nullopt);
}

}  // namespace sov::dht
