#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "tests/sim/oracle.h"
#include "tests/sim/population.h"

// Mail for a peer that is away, in a network that loses nodes and in one that is flooded.

namespace sov::sim {

namespace {

using identity::ItemUse;
using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

class Mail : public ::testing::Test {
  protected:
    void grow(std::uint64_t seed, std::size_t nodes) {
        World::Options options;
        options.seed = seed;
        world.emplace(options);
        world->on_event([this](NodeIndex index, const Event& event) { note(index, event); });
        population.emplace(*world, NodePlan{});
        population->join(nodes, seconds{10});
        ASSERT_TRUE(population->all_ready(minutes{2}));
        bob_plan.user_key = world->crypto().make_signing_key(identity::Secret32{0xb0});
        bob_plan.bootstraps = {0, 1, 2};
        world->run_for(seconds{30});
    }
    void note(NodeIndex index, const Event& event) {
        if (const auto* put = std::get_if<ValuePutFinished>(&event))
            left[{index, put->command}] = put->published;
        if (const auto* all = std::get_if<ItemsCollected>(&event))
            collected[{index, all->command}] = *all;
    }
    PeerId bob() const { return PeerId{bob_plan.user_key->public_key}; }
    CommandId begin_leaving(NodeIndex from, Bytes body) {
        CommandId command{};
        world->with(from, [&](Node& node, Instant now) {
            command = node.leave_item(now, {bob(), ItemUse::kMail, std::move(body), hours{24}});
        });
        return command;
    }
    dht::ValuePublished leave(NodeIndex from, Bytes body) {
        const CommandId command = begin_leaving(from, std::move(body));
        EXPECT_TRUE(world->run_while_not(
            [&] {
                return left.contains({from, command});
            },
            minutes{1}, milliseconds{50}));
        return left[{from, command}];
    }
    std::vector<Bytes> bobs_mail() {
        const NodeIndex index = world->add(bob_plan);
        world->run_for(seconds{20});
        CommandId command{};
        world->with(index, [&](Node& node, Instant now) {
            command = node.collect_items(now, ItemUse::kMail);
        });
        EXPECT_TRUE(world->run_while_not(
            [&] {
                return collected.contains({index, command});
            },
            minutes{1}, milliseconds{50}));
        const ItemsCollected& all = collected[{index, command}];
        EXPECT_FALSE(all.error.has_value());
        std::vector<Bytes> bodies;
        for (const identity::Item& item : all.items) bodies.push_back(item.body);
        world->kill(index);
        return bodies;
    }
    static bool has(const std::vector<Bytes>& bodies, const Bytes& body) {
        return std::find(bodies.begin(), bodies.end(), body) != bodies.end();
    }

    std::optional<World> world;
    std::optional<Population> population;
    NodePlan bob_plan;
    std::map<std::pair<NodeIndex, CommandId>, dht::ValuePublished> left;
    std::map<std::pair<NodeIndex, CommandId>, ItemsCollected> collected;
};

}  // namespace

TEST_F(Mail, is_there_when_the_sender_and_half_of_those_who_kept_it_are_gone) {
    grow(41, 100);
    const auto answer = leave(7, {1, 2, 3});
    ASSERT_FALSE(answer.error.has_value());
    EXPECT_GE(answer.receipts.size() + (answer.held_here ? 1U : 0U), 3U);
    world->run_for(seconds{5});
    std::vector<NodeIndex> keepers;
    for (const NodeIndex index : world->living()) {
        if (world->node(index).counters().items_stored > 0) keepers.push_back(index);
    }
    EXPECT_GE(keepers.size(), 10U);
    for (std::size_t at = 0; at < keepers.size(); at += 2) {
        if (keepers[at] > 2) world->kill(keepers[at]);
    }
    if (world->alive(7)) world->kill(7);
    world->run_for(minutes{1});
    EXPECT_EQ(bobs_mail(), std::vector<Bytes>{(Bytes{1, 2, 3})});
}

TEST_F(Mail, signals_that_follow_one_another_share_a_lookup_until_its_places_are_gone) {
    grow(43, 100);
    const NodeIndex bob_node = world->add(bob_plan);
    int heard = 0;
    world->on_event([&](NodeIndex index, const Event& event) {
        note(index, event);
        if (index == bob_node && std::holds_alternative<ItemArrived>(event)) ++heard;
    });
    world->run_for(seconds{20});
    world->with(bob_node,
                [](Node& node, Instant now) { (void)node.listen_items(now, ItemUse::kSignal); });
    world->run_for(seconds{5});
    const NodeIndex ana = 7;
    const auto lookups = [&] { return world->node(ana).counters().lookups_started; };
    const auto say = [&](std::uint8_t word) {
        CommandId command{};
        world->with(ana, [&](Node& node, Instant now) {
            command = node.leave_item(now, {bob(), ItemUse::kSignal, {word}, seconds{60}});
        });
        return command;
    };
    const auto is_left = [&](CommandId command) {
        EXPECT_TRUE(world->run_while_not(
            [&] {
                return left.contains({ana, command});
            },
            seconds{30}, milliseconds{5}));
        return left[{ana, command}];
    };
    // The second is said before the first has found its places.
    const std::uint64_t before = lookups();
    const CommandId first = say(1), second = say(2);
    EXPECT_FALSE(is_left(first).error.has_value());
    EXPECT_FALSE(is_left(second).error.has_value());
    EXPECT_FALSE(is_left(say(3)).error.has_value());
    EXPECT_EQ(lookups(), before + 1);
    EXPECT_TRUE(world->run_while_not([&] { return heard == 3; }, seconds{2}));
    // Tokens are for the address that we had.
    world->with(ana, [](Node& node, Instant now) { node.handle_network_change(now); });
    world->run_for(seconds{20});
    const std::uint64_t moved = lookups();
    EXPECT_FALSE(is_left(say(4)).error.has_value());
    EXPECT_EQ(lookups(), moved + 1);
    world->run_for(seconds{2});  // its lookup ends, and the places are known
    // Those who kept the last one are gone: it is not lost for that.
    for (const NodeIndex index : world->living()) {
        const bool keeps = world->node(index).counters().items_stored > 0;
        if (keeps && index != ana && index != bob_node) world->kill(index);
    }
    EXPECT_FALSE(is_left(say(5)).error.has_value());
    EXPECT_GT(lookups(), moved + 1);
}

TEST_F(Mail, a_signal_does_not_wait_for_nodes_that_are_silent) {
    grow(44, 100);
    const NodeIndex bob_node = world->add(bob_plan), ana = 7;
    std::optional<Instant> heard;
    world->on_event([&](NodeIndex index, const Event& event) {
        note(index, event);
        if (index == bob_node && std::holds_alternative<ItemArrived>(event)) heard = world->now();
    });
    world->run_for(seconds{20});
    world->with(bob_node,
                [](Node& node, Instant now) { (void)node.listen_items(now, ItemUse::kSignal); });
    world->run_for(seconds{30});
    // Every seventh node has just vanished, and those that are left don't know.
    for (const NodeIndex index : world->living()) {
        if (index % 7 == 3 && index != bob_node) world->kill(index);
    }
    const Instant said = world->now();
    const auto ended = [&] {
        const Counters& counters = world->node(ana).counters();
        return counters.lookups_succeeded + counters.lookups_failed;
    };
    const std::uint64_t before = ended();
    world->with(ana, [&](Node& node, Instant now) {
        (void)node.leave_item(now, {bob(), ItemUse::kSignal, {1}, seconds{60}});
    });
    EXPECT_TRUE(
        world->run_while_not([&] { return heard.has_value(); }, seconds{2}, milliseconds{1}));
    EXPECT_EQ(ended(), before) << "the lookup for its places goes on";
    EXPECT_TRUE(
        world->run_while_not([&] { return ended() > before; }, seconds{5}, milliseconds{1}));
    std::printf("heard after %lld ms, the lookup took %lld ms\n",
                static_cast<long long>((heard.value_or(said) - said) / milliseconds(1)),
                static_cast<long long>((world->now() - said) / milliseconds(1)));
}

TEST_F(Mail, gets_through_a_flood_from_one_subnet_before_and_after_it) {
    grow(42, 60);
    const Bytes before{1}, after{2};
    ASSERT_FALSE(leave(7, before).error.has_value());
    std::vector<NodeIndex> flooders;
    for (std::uint32_t number = 0; number < 3; ++number) {
        NodePlan plan;
        plan.address = Endpoint::v4(0x08080800U + number + 1, 6881);
        plan.mode = NodeMode::kClient;
        plan.bootstraps = {0, 1, 2};
        flooders.push_back(world->add(plan));
    }
    world->run_for(seconds{30});
    for (int round = 0; round < 50; ++round) {
        for (const NodeIndex flooder : flooders) begin_leaving(flooder, Bytes(100, 0x66));
        world->run_for(milliseconds{500});
    }
    world->run_for(seconds{10});
    ASSERT_FALSE(leave(9, after).error.has_value());
    const auto mail = bobs_mail();
    EXPECT_TRUE(has(mail, before));
    EXPECT_TRUE(has(mail, after));
    EXPECT_GE(mail.size(), 60U) << "the box was full";
    std::uint64_t evicted = 0, refused = 0;
    for (const NodeIndex index : world->living()) {
        evicted += world->node(index).counters().items_evicted;
        refused += world->node(index).counters().items_refused;
    }
    EXPECT_GT(evicted, 0U) << "one of the flood made room";
    EXPECT_GT(refused, 0U) << "the flood got no more than its share";
}

}  // namespace sov::sim
