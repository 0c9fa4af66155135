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
