#include <gtest/gtest.h>

#include <algorithm>

#include "daemon/core/identity/values.h"
#include "tests/sim/scenarios/value_world.h"

// Values in a network of real nodes: stored, read, changed, and told to those who listen.

namespace sov::sim {

namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

class Values : public ValueWorld {};

}  // namespace

TEST_F(Values, are_read_by_anybody_once_they_are_stored) {
    grow(21, 100);
    for (const std::size_t size : {0U, 1U, 700U, 884U, 885U, 5400U, 16384U}) {
        dht::ValuePut what;
        what.content = content_of(size, 3);
        const auto stored = put(5, what);
        ASSERT_FALSE(stored.error.has_value()) << size << ": " << errc_name(*stored.error);
        EXPECT_GE(stored.receipts.size() + (stored.held_here ? 1U : 0U), 3U);
        EXPECT_GT(stored.held_for, minutes{1});
        for (const auto level : {dht::Level::kFast, dht::Level::kNormal, dht::Level::kStrong}) {
            const auto found = get(40, stored.key, level);
            ASSERT_FALSE(found.error.has_value()) << size << ": " << errc_name(*found.error);
            EXPECT_EQ(found.value.content, what.content) << size;
        }
    }
    const auto none = get(7, Key{{0x77}});
    EXPECT_EQ(none.error, Errc::kNotFound);
}

// Two levels: every replica and every reader checks the list pages before it asks for a page.
TEST_F(Values, of_sixty_kilobytes_are_stored_read_told_and_looked_after) {
    limits.value_bytes_max = identity::kContentBytesMax;
    grow(31, 60);
    const auto listener = listen(40, key_of(3));
    world->run_for(seconds{5});
    dht::ValuePut what;
    what.label = "state";
    what.content = content_of(60000, 3);
    const auto stored = put(3, what);
    ASSERT_FALSE(stored.error.has_value()) << errc_name(*stored.error);
    const auto found = get(41, stored.key, dht::Level::kStrong);
    ASSERT_FALSE(found.error.has_value()) << errc_name(*found.error);
    EXPECT_EQ(found.value.content, what.content);
    world->run_for(seconds{5});
    ASSERT_EQ(told[listener].size(), 1U);
    EXPECT_EQ(told[listener][0].value.content, what.content);
    EXPECT_GE(holders(stored.key, stored.sequence), 15U);
    what.content.resize(65536, 7);
    const auto larger = put(3, what);
    ASSERT_FALSE(larger.error.has_value()) << errc_name(*larger.error);
    EXPECT_EQ(get(42, stored.key).value.content, what.content);
    what.content.push_back(1);
    EXPECT_EQ(put(3, what).error, Errc::kTooLarge);

    // Whoever holds it leaves; those who come are given it by the node that looks after it.
    for (const NodeIndex index : world->living()) {
        if (index != 3 && holds(index, stored.key, larger.sequence)) world->kill(index);
    }
    EXPECT_LE(holders(stored.key, larger.sequence), 1U);
    world->run_for(minutes{12});
    EXPECT_GE(holders(stored.key, larger.sequence), 15U);
    what.content.pop_back();
    EXPECT_EQ(get(population->anybody(), stored.key).value.content, what.content);
}

TEST_F(Values, of_an_owner_change_and_conditions_are_kept) {
    grow(22, 100);
    const auto first = put_labelled(3, 1, 0);
    ASSERT_FALSE(first.error.has_value()) << errc_name(*first.error);
    EXPECT_GE(holders(first.key, first.sequence), 15U);
    const auto again = put_labelled(3, 2, 0);
    EXPECT_EQ(again.error, Errc::kConflict) << "there is one already";
    EXPECT_EQ(again.conflict, first.sequence);
    const auto second = put_labelled(3, 2, first.sequence);
    ASSERT_FALSE(second.error.has_value()) << errc_name(*second.error);
    EXPECT_EQ(get(50, first.key).value.content, Bytes{2});
    const auto late = put_labelled(3, 3, first.sequence);
    EXPECT_EQ(late.error, Errc::kConflict) << "somebody was faster";
    EXPECT_EQ(get(51, first.key).value.content, Bytes{2});

    dht::ValuePut gone;
    gone.label = "state";
    gone.withdraw = true;
    ASSERT_FALSE(put(3, gone).error.has_value());
    EXPECT_EQ(get(52, first.key).error, Errc::kNotFound);
}

TEST_F(Values, that_are_not_newer_than_asked_for_do_not_travel) {
    grow(27, 100);
    dht::ValuePut what;
    what.label = "state";
    what.content = content_of(700, 1);
    const auto first = put(3, what);
    ASSERT_FALSE(first.error.has_value()) << errc_name(*first.error);
    const auto bytes_of = [&](NodeIndex reader, std::optional<std::uint64_t> newer_than,
                              dht::Level level, dht::ValueGotten& gotten) {
        const std::uint64_t before = world->node(reader).counters().bytes_in;
        gotten = get(reader, first.key, level, newer_than);
        return world->node(reader).counters().bytes_in - before;
    };
    for (const auto level : {dht::Level::kNormal, dht::Level::kStrong}) {
        dht::ValueGotten whole, unchanged;
        const std::uint64_t plain_bytes = bytes_of(40, std::nullopt, level, whole);
        const std::uint64_t bytes = bytes_of(41, first.sequence, level, unchanged);
        EXPECT_EQ(whole.value.content, what.content);
        ASSERT_FALSE(unchanged.error.has_value()) << errc_name(*unchanged.error);
        EXPECT_TRUE(unchanged.unchanged);
        EXPECT_GE(unchanged.replicas, 3);
        EXPECT_TRUE(unchanged.value.content.empty());
        EXPECT_LT(bytes + 3000, plain_bytes) << "records of 850 bytes from some ten replicas";
    }
    dht::ValueGotten fast;
    bytes_of(42, first.sequence, dht::Level::kFast, fast);
    EXPECT_TRUE(fast.unchanged);
    const auto news = get(43, first.key, dht::Level::kNormal, first.sequence - 1);
    EXPECT_EQ(news.value.content, what.content);
    EXPECT_EQ(get(44, Key{{0x77}}, dht::Level::kNormal, 5).error, Errc::kNotFound);

    const auto second = put_labelled(3, 2, first.sequence);
    ASSERT_FALSE(second.error.has_value()) << errc_name(*second.error);
    EXPECT_EQ(get(41, first.key, dht::Level::kNormal, first.sequence).value.content, Bytes{2});
    dht::ValuePut gone;
    gone.label = "state";
    gone.withdraw = true;
    ASSERT_FALSE(put(3, gone).error.has_value());
    EXPECT_EQ(get(41, first.key, dht::Level::kNormal, second.sequence).error, Errc::kNotFound);
}

// The writer loses power, and then everybody who held its values does.
TEST_F(Values, come_back_with_their_writer_when_all_replicas_are_gone) {
    grow(29, 100);
    dht::ValuePut large;
    large.content = content_of(5000, 4);
    const auto paged = put(5, large);
    const auto labelled = put_labelled(5, 7);
    ASSERT_FALSE(paged.error || labelled.error);
    ASSERT_EQ(kept[5].size(), 2U);
    world->kill(5);
    NodePlan again;
    for (const OwnValueKept& own : kept[5])
        again.own_values.push_back({own.key, own.record, own.app, own.ends - world->now()});
    for (const NodeIndex index : world->living()) {
        const auto held = world->node(index).held_records(world->now());
        const bool holds = std::any_of(held.begin(), held.end(), [&](const HeldRecord& record) {
            return record.key == paged.key || record.key == labelled.key;
        });
        if (holds) world->kill(index);
    }
    EXPECT_EQ(holders(paged.key, 0) + holders(labelled.key, labelled.sequence), 0U);
    world->run_for(minutes{1});
    again.bootstraps = {world->living().front()};
    const NodeIndex writer = world->add(again);
    world->run_for(minutes{2});
    EXPECT_EQ(world->node(writer).own_values(world->now()).size(), 2U);
    const NodeIndex reader = world->living()[20];
    EXPECT_EQ(get(reader, paged.key, dht::Level::kStrong).value.content, large.content);
    EXPECT_EQ(get(reader, labelled.key, dht::Level::kStrong).value.content, Bytes{7});
    EXPECT_GE(holders(paged.key, 0), 15U);
    world->run_for(std::chrono::hours{3});
    EXPECT_TRUE(world->node(writer).own_values(world->now()).empty()) << "their time is over";
}

// A node that holds one record, at its own place, and has room for no other.
NodePlan without_room(World& to, const identity::SigningKey& key) {
    const NodeId id = identity::node_id(to.crypto(), NodeKey{key.public_key});
    const identity::CheckedRecord record =
        identity::make_immutable(to.crypto(), std::chrono::hours{2}, Bytes{1});
    NodePlan plan;
    plan.node_key = key;
    plan.limits = to.limits();
    plan.limits->records_max = 1;
    plan.records.push_back({id, record.bytes, std::chrono::hours{2}});
    return plan;
}

// As many of the nodes nearest to a value as should keep it have no room.
TEST_F(Values, lie_one_ring_farther_out_where_the_nearest_have_no_room) {
    constexpr std::size_t kFull = 20, kNetwork = 120;
    world.emplace(a_world(28));
    world->on_event([this](NodeIndex index, const Event& event) { note(index, event); });
    const Bytes content = content_of(300, 9);
    const Key key = identity::content_key(world->crypto(), content);
    std::vector<identity::SigningKey> keys;
    for (std::size_t number = 0; number < kNetwork; ++number)
        keys.push_back(identity::make_node_key(world->crypto(), 0));
    const auto place = [&](const identity::SigningKey& node) {
        return identity::node_id(world->crypto(), NodeKey{node.public_key});
    };
    std::sort(keys.begin(), keys.end(), [&](const auto& one, const auto& other) {
        return closer(key, place(one), place(other));
    });
    // The others come first and are what the network is joined at.
    std::reverse(keys.begin(), keys.end());
    for (std::size_t at = 0; at < keys.size(); ++at) {
        NodePlan plan = at + kFull < kNetwork ? NodePlan{} : without_room(*world, keys[at]);
        plan.node_key = keys[at];
        for (NodeIndex other = 0; other < std::min<std::size_t>(at, 3); ++other)
            plan.bootstraps.push_back(other);
        world->add(plan);
        world->run_for(milliseconds{100});
    }
    world->run_for(minutes{2});

    dht::ValuePut what;
    what.content = content;
    what.level = dht::Level::kStrong;
    const auto stored = put(5, what);
    ASSERT_FALSE(stored.error.has_value()) << errc_name(*stored.error);
    EXPECT_EQ(stored.key, key);
    EXPECT_GE(stored.receipts.size(), 11U) << "more than half of k";
    world->run_for(seconds{10});
    for (NodeIndex index = kNetwork - kFull; index < kNetwork; ++index) {
        const auto held = world->node(index).held_records(world->now());
        EXPECT_LE(held.size(), 1U);
        EXPECT_TRUE(held.empty() || held[0].key != key);
    }
    EXPECT_GE(holders(key, 0), 15U);
    for (const auto level : {dht::Level::kFast, dht::Level::kNormal, dht::Level::kStrong}) {
        for (const NodeIndex reader : {1U, 40U, 77U}) {
            const auto found = get(reader, key, level);
            ASSERT_FALSE(found.error.has_value()) << errc_name(*found.error);
            EXPECT_EQ(found.value.content, content);
        }
    }
}

TEST_F(Values, that_change_are_told_to_listeners_once_and_in_order) {
    grow(23, 100);
    const Key key = key_of(3);
    put_labelled(3, 1);
    const auto early = listen(60, key), late = listen(61, key);
    world->run_for(seconds{5});
    EXPECT_GE(armings[early], 1U);
    for (const int content : {2, 3, 4}) {
        SCOPED_TRACE(content);
        put_labelled(3, static_cast<std::uint8_t>(content));
        world->run_for(seconds{2});
    }
    EXPECT_EQ(told_to(early), (std::vector<int>{1, 2, 3, 4}));
    EXPECT_EQ(told_to(late), (std::vector<int>{1, 2, 3, 4}));

    // An hour of leases, renewals and refreshes tells nobody anything twice.
    world->run_for(minutes{60});
    put_labelled(3, 5);
    world->run_for(seconds{2});
    EXPECT_EQ(told_to(early), (std::vector<int>{1, 2, 3, 4, 5}));

    // Who comes back with the cursor of the third is told what came after it.
    const auto resumed = listen(62, key, told[early][2].cursor);
    world->run_for(seconds{5});
    EXPECT_EQ(told_to(resumed), (std::vector<int>{5}));
    const auto up_to_date = listen(62, key, told[resumed][0].cursor);
    world->run_for(minutes{2});
    EXPECT_TRUE(told_to(up_to_date).empty());
}

TEST_F(Values, are_told_through_churn_with_nothing_missed_and_nothing_twice) {
    grow(24, 150);
    const Key key = key_of(3);
    const auto listener = listen(60, key);
    std::vector<int> expected;
    for (int round = 1; round <= 30; ++round) {
        population->churn(30, {3, 60});
        world->run_for(seconds{20});
        const auto stored = put_labelled(3, static_cast<std::uint8_t>(round));
        EXPECT_FALSE(stored.error.has_value()) << round;
        expected.push_back(round);
        world->run_for(seconds{40});
    }
    EXPECT_EQ(told_to(listener), expected);
}

TEST_F(Values, in_pages_are_told_whole) {
    grow(25, 60);
    const Key key = key_of(3);
    const auto listener = listen(40, key);
    world->run_for(seconds{5});
    for (const std::size_t size : {9000U, 9001U, 16384U}) {
        dht::ValuePut what;
        what.label = "state";
        what.content = content_of(size, 9);
        const auto stored = put(3, what);
        ASSERT_FALSE(stored.error.has_value()) << errc_name(*stored.error);
        world->run_for(seconds{3});
        ASSERT_FALSE(told[listener].empty());
        EXPECT_EQ(told[listener].back().value.content, what.content) << size;
    }
    EXPECT_EQ(told[listener].size(), 3U);
}

TEST_F(Values, survive_when_nodes_keep_leaving) {
    grow(26, 200);
    dht::ValuePut what;
    what.content = content_of(3000, 1);
    const auto stored = put(3, what);
    ASSERT_FALSE(stored.error.has_value());
    for (int round = 0; round < 20; ++round) {
        population->churn(80, {3});  // in 20 rounds four of five nodes are replaced
        world->run_for(minutes{1});
    }
    EXPECT_EQ(get(population->anybody(), stored.key).value.content, what.content);
    const Oracle oracle(*world);
    std::size_t at_home = 0;
    for (const NodeIndex replica : oracle.closest(stored.key, 20)) {
        const auto held = world->node(replica).held_records(world->now());
        at_home += std::any_of(held.begin(), held.end(),
                               [&](const HeldRecord& record) { return record.key == stored.key; });
    }
    EXPECT_GE(at_home, 10U);
}

TEST_F(Values, that_changed_are_handed_by_readers_to_replicas_that_missed_it) {
    grow(27, 100);
    const auto first = put_labelled(3, 1);
    world->run_for(seconds{1});
    std::vector<NodeIndex> absent;
    for (const NodeIndex index : world->living()) {
        const auto held = world->node(index).held_records(world->now());
        const bool has = std::any_of(held.begin(), held.end(), [&](const HeldRecord& record) {
            return record.key == first.key;
        });
        if (!has || index == 3 || absent.size() == 8) continue;
        absent.push_back(index);
        world->net().set_partition(world->endpoint(index, Family::kIpv4), 1);
    }
    ASSERT_EQ(absent.size(), 8U);
    const auto second = put_labelled(3, 2);
    ASSERT_FALSE(second.error.has_value()) << errc_name(*second.error);
    world->run_for(seconds{1});
    world->kill(3);  // the owner can't do it any more
    world->net().heal();
    EXPECT_EQ(holders(first.key, first.sequence), absent.size());
    EXPECT_EQ(get(50, first.key, dht::Level::kStrong).value.content, Bytes{2});
    world->run_for(seconds{3});
    const Key farthest = farthest_holder(second.key, second.sequence);
    for (const NodeIndex index : absent) {
        const NodeId id = world->node(index).node_id();
        if (distance(id, second.key) > farthest) continue;  // no reader hands anything out there
        EXPECT_TRUE(holds(index, second.key, second.sequence)) << index;
    }
    EXPECT_LE(holders(first.key, first.sequence), 2U);
}

TEST_F(Values, are_not_all_that_listeners_are_told_of) {
    grow(28, 60);
    const auto to_name = listen(40, identity::name_key(world->crypto(), "carol"));
    const auto to_peer = listen(40, identity::peer_key(world->crypto(), world->node(3).peer_id()));
    world->run_for(seconds{5});
    ASSERT_EQ(told[to_peer].size(), 1U) << "where it is already";
    EXPECT_EQ(told[to_peer][0].value.head.kind, identity::RecordKind::kPeer);
    EXPECT_TRUE(told[to_name].empty());
    std::size_t answered = 0;
    world->claim_name(3, "carol", [&](const Event&) { ++answered; });
    world->run_while_not([&] { return answered == 1; }, minutes{1});
    world->run_for(seconds{3});
    ASSERT_EQ(told[to_name].size(), 1U);
    EXPECT_EQ(told[to_name][0].value.head.owner, world->node(3).peer_id());
    EXPECT_EQ(told[to_name][0].value.head.kind, identity::RecordKind::kName);
    world->with(3, [](Node& node, Instant now) { node.release_name(now, "carol"); });
    world->run_for(seconds{5});
    ASSERT_EQ(told[to_name].size(), 2U);
    EXPECT_TRUE(told[to_name][1].value.head.tombstone);
}

}  // namespace sov::sim
