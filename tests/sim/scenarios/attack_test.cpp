#include <gtest/gtest.h>

#include <set>

#include "tests/sim/run.h"
#include "tests/sim/settlement.h"

// Small versions of the scenarios of docs/resilience.md, as gates: some hundred nodes, few seeds.
// The bars are those of the table or, where a small network can't show them, lower.

namespace sov::sim {

namespace {

RunReport attack(const char* scenario, std::uint32_t nodes, std::uint32_t lookups,
                 std::uint64_t seed) {
    RunOptions options;
    options.scenario = scenario;
    options.nodes = nodes;
    options.lookups = lookups;
    options.seed = seed;
    return run_scenario(options).value();
}

// The first figure's mean over a few seeds.
std::uint64_t mean_of(const char* scenario, std::uint32_t nodes, std::uint32_t lookups,
                      std::uint64_t seeds) {
    std::uint64_t sum = 0;
    for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
        sum += attack(scenario, nodes, lookups, seed).figures.at(0).value;
    }
    return sum / seeds;
}

}  // namespace

TEST(Attack, leaves_lookups_right_where_a_fifth_to_a_half_of_all_nodes_lie) {
    EXPECT_GE(mean_of("colluders-20", 800, 50, 3), 9990U);
    EXPECT_GE(mean_of("colluders-30", 800, 50, 3), 9950U);
    EXPECT_GE(mean_of("colluders-50", 800, 50, 3), 9500U);
}

TEST(Attack, leaves_most_lookups_right_where_tables_are_poisoned_twofold_as_well) {
    EXPECT_GE(mean_of("poisoned-20", 800, 50, 3), 9900U);
    EXPECT_GE(mean_of("poisoned-30", 800, 50, 3), 9800U);
    EXPECT_GE(mean_of("poisoned-50", 800, 50, 3), 7500U);
}

TEST(Attack, of_dead_contacts_and_loss_keeps_the_time_of_lookups_within_the_promise) {
    const RunReport report = attack("dead-contacts", 800, 60, 1);
    EXPECT_TRUE(report.passed) << report.problem;
}

TEST(Attack, by_a_flood_of_contacts_at_the_restart_gets_at_most_a_quarter_of_a_table) {
    // In the second, the first to answer the victim was one of the flood.
    for (const std::uint64_t seed : {2U, 14U}) {
        const RunReport report = attack("restart-flood", 2000, 40, seed);
        EXPECT_LE(report.figures.at(0).value, 2500U) << report.figures.at(0).text();
        EXPECT_GE(report.figures.at(1).value, 120U) << "buckets that it was led past are filled";
        EXPECT_GE(report.figures.at(2).value, 9900U) << report.figures.at(2).text();
        EXPECT_LE(report.figures.at(3).value, 5000U) << "half of a bucket";
    }
}

TEST(Attack, by_ids_planted_next_to_a_key_is_noticed_and_hides_no_record) {
    for (const char* scenario : {"planted-80", "planted-25"}) {
        for (std::uint64_t seed = 1; seed <= 2; ++seed) {
            const RunReport report = attack(scenario, 1200, 20, seed);
            EXPECT_TRUE(report.passed) << scenario << ' ' << seed << ": " << report.problem;
        }
    }
}

TEST(Attack, by_replicas_that_deny_what_they_signed_for_leaves_enough_honest_copies) {
    const RunReport report = attack("withholders", 600, 25, 1);
    EXPECT_TRUE(report.passed) << report.problem;
}

TEST(Attack, by_replicas_that_deny_a_peer_record_is_found_out_by_its_owner) {
    World::Options options;
    options.seed = 1;
    World world(options);
    Settlement settlement(world);
    settlement.hostile(150, Conduct::kWithholds);
    settlement.active(4);
    settlement.quiet(346);
    settlement.found();
    const auto honest_copies = [&](const Node& node) {
        const Key place = identity::peer_key(world.crypto(), node.peer_id());
        std::size_t honest = 0;
        for (const NodeIndex index : settlement.honest_nodes()) {
            for (const HeldRecord& held : world.node(index).held_records(world.now()))
                honest += held.key == place ? 1U : 0U;
        }
        return honest;
    };
    // Stand-ins may be liars, too: what they take away stays bounded, and is made good in the end.
    for (int minutes = 5; minutes <= 40; minutes += 5) {
        world.run_for(std::chrono::minutes{5});
        for (const NodeIndex owner : settlement.active_nodes())
            EXPECT_GE(honest_copies(world.node(owner)), 12U) << "after " << minutes << " minutes";
    }
    for (const NodeIndex owner : settlement.active_nodes()) {
        const Node& node = world.node(owner);
        EXPECT_GT(node.counters().replicas_denied, 0U);
        EXPECT_GE(honest_copies(node), 16U) << "denied " << node.counters().replicas_denied;
    }
}

TEST(Attack, that_surrounds_a_node_is_suspected_by_it_and_by_nobody_else) {
    World::Options options;
    options.seed = 3;
    World world(options);
    Settlement settlement(world);
    settlement.active(12);
    settlement.quiet(588);
    const auto victim_key = identity::make_node_key(world.crypto(), 0);
    const NodeId victim_id = identity::node_id(world.crypto(), NodeKey{victim_key.public_key});
    settlement.hostile_near({victim_id}, 80, Conduct::kColludes);
    settlement.found();
    NodePlan plan;
    plan.node_key = victim_key;
    plan.table = settlement.table_for(victim_id);
    const NodeIndex victim = world.add(plan);
    std::set<NodeIndex> suspicious;
    world.on_event([&](NodeIndex node, const Event& event) {
        if (const auto* eclipse = std::get_if<EclipseSuspected>(&event);
            eclipse != nullptr && eclipse->suspected) {
            suspicious.insert(node);
        }
    });
    const auto look_around = [&](NodeIndex node) {
        for (std::size_t number = 0; number < 8; ++number) {
            Key anywhere;
            world.crypto().fill_random(anywhere.bytes);
            world.get(node, anywhere, [](const Event&) {});
        }
    };
    look_around(victim);
    for (const NodeIndex node : settlement.active_nodes()) look_around(node);
    world.run_for(std::chrono::minutes{20});
    EXPECT_EQ(suspicious, std::set<NodeIndex>{victim});
    EXPECT_TRUE(world.node(victim).status(world.now()).eclipse_suspected);
}

TEST(Attack, by_replicas_that_serve_old_versions_does_not_reach_readers) {
    const RunReport report = attack("stale-servers", 800, 60, 1);
    EXPECT_TRUE(report.passed) << report.problem;
}

TEST(Attack, by_a_second_owner_of_a_key_ends_with_one_value_for_everybody) {
    // The second: five writes a second, each to sixty strangers, are more than first packets may be
    // sent. Whoever has to wait for that must not store elsewhere.
    for (const auto& [nodes, seed] : {std::pair{400U, 1U}, std::pair{1000U, 1U}}) {
        const RunReport report = attack("equivocators", nodes, nodes == 400 ? 20 : 50, seed);
        EXPECT_TRUE(report.passed) << report.problem;
    }
}

}  // namespace sov::sim
