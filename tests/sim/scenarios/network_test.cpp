#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

#include "tests/sim/oracle.h"
#include "tests/sim/population.h"
#include "tests/sim/survey.h"

// How a network behaves that something happens to. All of it is checked against the oracle's truth.

namespace sov::sim {

namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

World::Options seeded(std::uint64_t seed) {
    World::Options options;
    options.seed = seed;
    return options;
}

std::size_t serving_nodes(const World& world) {
    std::size_t count = 0;
    for (const NodeIndex index : world.living()) {
        count += world.node(index).status(world.now()).serving ? 1U : 0U;
    }
    return count;
}

}  // namespace

TEST(Network, stores_a_record_at_the_nodes_that_are_truly_nearest) {
    World world(seeded(1));
    Population population(world, NodePlan{});
    population.join(200, seconds{10});
    ASSERT_TRUE(population.all_ready(minutes{2}));
    world.run_for(minutes{2});
    const Oracle oracle(world);
    std::size_t at_home = 0, asked = 0;
    for (int round = 0; round < 10; ++round) {
        const PeerId peer = world.node(population.anybody()).peer_id();
        const Key place = identity::peer_key(world.crypto(), peer);
        for (const NodeIndex replica : oracle.closest(place, 20)) {
            const auto held = world.node(replica).held_records(world.now());
            at_home += std::any_of(held.begin(), held.end(),
                                   [&](const HeldRecord& record) { return record.key == place; });
            ++asked;
        }
        EXPECT_GE(oracle.holders(place, peer), 15U);
    }
    EXPECT_GE(at_home * 100, asked * 90) << "of the 20 nearest, nine in ten hold it";
}

TEST(Network, forms_over_ipv6_alone_and_over_both_families) {
    for (const bool ipv4 : {false, true}) {
        World world(seeded(2));
        NodePlan plan;
        plan.ipv4 = ipv4;
        plan.ipv6 = true;
        Population population(world, plan);
        population.join(40, seconds{4});
        ASSERT_TRUE(population.all_ready(minutes{2}));
        world.run_for(minutes{1});
        Survey survey(world);
        for (int count = 0; count < 20; ++count) {
            survey.find_peer(population.anybody(), world.node(population.anybody()).peer_id());
        }
        EXPECT_TRUE(survey.finish(minutes{1}));
        EXPECT_EQ(survey.right(), survey.asked()) << survey.first_problem();
        const NodeStatus status = world.node(population.anybody()).status(world.now());
        EXPECT_GT(status.v6.table_nodes, 10U);
        EXPECT_EQ(status.v4.table_nodes > 10, ipv4);
    }
}

TEST(Network, keeps_finding_while_a_tenth_of_all_datagrams_is_lost) {
    World::Options options = seeded(3);
    options.net.loss_per_mille = 100;
    World world(options);
    Population population(world, NodePlan{});
    population.join(150, seconds{8});
    ASSERT_TRUE(population.all_ready(minutes{2}));
    world.run_for(minutes{1});
    Survey survey(world);
    for (int count = 0; count < 100; ++count) {
        survey.find_peer(population.anybody(), world.node(population.anybody()).peer_id());
        world.run_for(milliseconds{50});
    }
    EXPECT_TRUE(survey.finish(minutes{1}));
    EXPECT_GE(survey.right(), 97U) << survey.first_problem();
}

TEST(Network, still_knows_every_peer_after_half_of_its_nodes_vanished_at_once) {
    World world(seeded(4));
    Population population(world, NodePlan{});
    population.join(200, seconds{10});
    ASSERT_TRUE(population.all_ready(minutes{2}));
    world.run_for(minutes{1});
    population.vanish(100, {});
    Survey survey(world);
    for (int count = 0; count < 50; ++count) {
        survey.find_peer(population.anybody(), world.node(population.anybody()).peer_id());
        world.run_for(milliseconds{100});
    }
    EXPECT_TRUE(survey.finish(minutes{1}));
    EXPECT_GE(survey.right(), 49U) << survey.first_problem();
}

// The rules change at a hundred nodes; nobody may be stuck on either side of that.
TEST(Network, promotes_nodes_in_auto_mode_that_strangers_can_reach) {
    for (const std::size_t size : {10U, 90U, 130U, 250U}) {
        World::Options options = seeded(5);
        options.limits.auto_server_uptime = minutes{1};
        World world(options);
        Population servers(world, NodePlan{});
        servers.join(size, seconds{8});
        ASSERT_TRUE(servers.all_ready(minutes{1}));
        NodePlan reachable;
        reachable.mode = NodeMode::kAuto;
        Population newcomers(world, reachable);
        newcomers.join(10, seconds{2});
        EXPECT_TRUE(
            world.run_while_not([&] { return serving_nodes(world) == size + 10; }, minutes{6}))
            << serving_nodes(world) << " of " << size + 10 << " serve";
    }
}

TEST(Network, leaves_nodes_behind_a_filter_in_client_mode_and_they_find_peers_all_the_same) {
    World::Options options = seeded(6);
    options.limits.small_network = 0;  // the rules of a large public network
    options.limits.auto_server_uptime = minutes{1};
    // A node tells strangers by having no session with them: none may be evicted while its hole in
    // the filter is still open. The daemon keeps 4096.
    options.limits.sessions_max = 1024;
    World world(options);
    Population servers(world, NodePlan{});
    servers.join(300, seconds{15});
    ASSERT_TRUE(servers.all_ready(minutes{1}));
    NodePlan hidden;
    hidden.mode = NodeMode::kAuto;
    hidden.filtering = Filtering::kEndpointDependent;
    NodePlan open = hidden;
    open.filtering = Filtering::kOpen;
    Population behind_nat(world, hidden), in_the_open(world, open);
    behind_nat.join(10, seconds{2});
    in_the_open.join(10, seconds{2});
    world.run_for(minutes{8});
    for (NodeIndex index = 300; index < 310; ++index) {
        EXPECT_FALSE(world.node(index).status(world.now()).serving) << index;
    }
    std::size_t promoted = 0;
    for (NodeIndex index = 310; index < 320; ++index) {
        promoted += world.node(index).status(world.now()).serving ? 1U : 0U;
    }
    EXPECT_GE(promoted, 9U) << world.node(310).status(world.now()).v4.reachability_reason;
    Survey survey(world);
    for (NodeIndex index = 300; index < 310; ++index) {
        survey.find_peer(index, world.node(index - 30).peer_id());
    }
    EXPECT_TRUE(survey.finish(minutes{1}));
    EXPECT_EQ(survey.right(), survey.asked()) << survey.first_problem();
}

TEST(Network, heals_after_a_partition) {
    World world(seeded(7));
    Population population(world, NodePlan{});
    population.join(100, seconds{5});
    ASSERT_TRUE(population.all_ready(minutes{1}));
    world.run_for(minutes{1});
    for (const NodeIndex index : world.living()) {
        if (index % 2 == 1) world.net().set_partition(world.endpoint(index, Family::kIpv4), 1);
    }
    world.run_for(minutes{5});
    Survey within(world);
    for (NodeIndex index = 0; index < 40; index += 2) {
        within.find_peer(index, world.node(index + 20).peer_id());
    }
    within.finish(minutes{1});
    EXPECT_GE(within.right() * 100, within.asked() * 95) << within.first_problem();
    world.net().heal();
    world.run_for(minutes{6});
    Survey across(world);
    for (NodeIndex index = 0; index < 60; ++index) {
        across.find_peer(index, world.node(index + 31).peer_id());
    }
    across.finish(minutes{1});
    EXPECT_GE(across.right() * 100, across.asked() * 97) << across.first_problem();
}

TEST(Network, heals_after_a_partition_in_which_the_halves_forgot_each_other) {
    World world(seeded(9));
    Population population(world, NodePlan{});
    population.join(80, seconds{4});
    ASSERT_TRUE(population.all_ready(minutes{1}));
    world.run_for(minutes{1});
    const auto far = [](NodeIndex index) { return index % 2 == 1; };
    for (const NodeIndex index : world.living()) {
        if (far(index)) world.net().set_partition(world.endpoint(index, Family::kIpv4), 1);
    }
    const auto known_across = [&] {
        std::map<NodeId, NodeIndex> nodes;
        for (const NodeIndex index : world.living()) nodes[world.node(index).node_id()] = index;
        std::size_t count = 0;
        for (const NodeIndex index : world.living()) {
            for (const TableEntry& entry : world.node(index).table(world.now()))
                count += !entry.replacement && far(nodes[entry.id]) != far(index) ? 1U : 0U;
        }
        return count;
    };
    const std::size_t before = known_across();
    // Who is silent is forgotten once asked; nodes that seem far are asked more seldom than others.
    world.run_for(minutes{300});
    EXPECT_LT(known_across() * 20, before);
    world.net().heal();
    world.run_for(minutes{5});
    EXPECT_GT(known_across() * 2, before);
}

TEST(Network, never_mixes_with_another_one_on_the_same_bootstrap_nodes) {
    World world(seeded(8));
    Population ours(world, NodePlan{});
    ours.join(20, seconds{2});
    NodePlan foreign;
    foreign.network = NetworkId{{0x99}};
    Population theirs(world, foreign);
    theirs.join(20, seconds{2});
    world.run_for(minutes{2});
    for (const NodeIndex index : world.living()) {
        for (const TableEntry& entry : world.node(index).table(world.now())) {
            for (const NodeIndex other : world.living()) {
                if (world.node(other).node_key() != entry.contact.key) continue;
                EXPECT_EQ(index < 20, other < 20) << index << " knows " << other;
            }
        }
    }
}

TEST(Network, answers_nobody_of_another_one_and_shares_no_record_with_it) {
    World world(seeded(12));
    Population ours(world, NodePlan{});
    ours.join(20, seconds{2});
    const auto of_ours = [](NodeIndex index) { return index < 20; };
    std::set<std::pair<Endpoint, Endpoint>> across;
    std::size_t answered = 0;
    world.on_transmit([&](NodeIndex from, const Transmit& packet) {
        for (const NodeIndex to : world.living()) {
            const Endpoint& address = world.endpoint(to, Family::kIpv4);
            if (address != packet.to.remote || of_ours(from) == of_ours(to)) continue;
            const Endpoint& source = world.endpoint(from, Family::kIpv4);
            across.emplace(source, address);
            answered += across.contains({address, source}) ? 1U : 0U;
        }
    });
    // The others are told of nodes of both networks.
    NodePlan foreign;
    foreign.network = NetworkId{{0x99}};
    foreign.bootstraps = {0, 1, 2};
    const NodeIndex first = world.add(foreign);
    for (int number = 0; number < 19; ++number) {
        foreign.bootstraps = {static_cast<NodeIndex>(number), first};
        world.add(foreign);
        world.run_for(milliseconds{100});
    }
    world.run_for(minutes{1});
    EXPECT_GE(across.size(), 19U) << "they did try";
    EXPECT_EQ(answered, 0U) << "a datagram of another network is noise";
    for (const NodeIndex index : world.living()) {
        EXPECT_GE(world.node(index).status(world.now()).v4.table_nodes, 10U) << index;
        for (const HeldRecord& held : world.node(index).held_records(world.now())) {
            const NodeIndex owner = Oracle(world).node_of(held.head.owner);
            EXPECT_EQ(of_ours(owner), of_ours(index)) << index << " holds a record of " << owner;
        }
    }
    Survey survey(world);
    survey.find_peer(3, world.node(5).peer_id());
    survey.find_peer(23, world.node(25).peer_id());
    survey.finish(minutes{1});
    EXPECT_EQ(survey.right(), 2U) << survey.first_problem();
    survey.find_peer(3, world.node(25).peer_id());
    survey.find_peer(23, world.node(5).peer_id());
    survey.finish(minutes{1});
    EXPECT_EQ(survey.right(), 2U) << "nobody is found across";
}

TEST(Network, tells_all_claims_on_one_name) {
    World world(seeded(9));
    Population population(world, NodePlan{});
    population.join(60, seconds{4});
    ASSERT_TRUE(population.all_ready(minutes{1}));
    world.run_for(seconds{30});
    std::size_t stored = 0;
    for (const NodeIndex claimant : {NodeIndex{3}, NodeIndex{17}}) {
        world.claim_name(claimant, "robert", [&](const Event& event) {
            const auto* finished = std::get_if<PublishFinished>(&event);
            stored += finished != nullptr && !finished->published.error ? 1U : 0U;
        });
    }
    ASSERT_TRUE(world.run_while_not([&] { return stored == 2; }, minutes{1}));
    std::optional<dht::Found> found;
    world.find_name(40, "Robert", [&](const Event& event) {
        if (const auto* finished = std::get_if<FindFinished>(&event)) found = finished->found;
    });
    ASSERT_TRUE(world.run_while_not([&] { return found.has_value(); }, minutes{1}));
    ASSERT_EQ(found->peers.size(), 2U);
    EXPECT_NE(found->peers[0].tag, found->peers[1].tag);

    const dht::FoundPeer second = found->peers[1];
    found.reset();
    world.find_name(41, "robert#" + second.tag, [&](const Event& event) {
        if (const auto* finished = std::get_if<FindFinished>(&event)) found = finished->found;
    });
    ASSERT_TRUE(world.run_while_not([&] { return found.has_value(); }, minutes{1}));
    ASSERT_EQ(found->peers.size(), 1U) << "the tag picks one";
    EXPECT_EQ(found->peers[0].peer, second.peer);
}

}  // namespace sov::sim
