#include "tests/sim/reflection.h"

#include <gtest/gtest.h>

#include "tests/sim/population.h"
#include "tests/sim/run.h"
#include "tests/sim/survey.h"

// No more goes to an address that has proven nothing than came from there.

namespace sov::sim {

namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

}  // namespace

TEST(Reflection, of_datagrams_with_forged_sources_is_shorter_than_they_are) {
    for (const std::uint64_t seed : {1U, 2U}) {
        RunOptions options;
        options.scenario = "reflection";
        options.nodes = 80;
        options.lookups = 40;
        options.seed = seed;
        const auto report = run_scenario(options);
        ASSERT_TRUE(report.has_value());
        EXPECT_TRUE(report->passed) << report->problem;
        EXPECT_GT(report->figures.at(0).value, 100U) << "some of it is answered";
    }
}

TEST(Reflection, does_not_happen_in_the_everyday_life_of_a_network) {
    World::Options options;
    options.seed = 11;
    options.net.loss_per_mille = 20;
    World world(options);
    Reflection watch(world);
    Population population(world, NodePlan{});
    population.join(60, seconds{6});
    ASSERT_TRUE(population.all_ready(minutes{2}));
    for (int round = 0; round < 3; ++round) {
        population.churn(100, {});
        Survey survey(world);
        for (int count = 0; count < 20; ++count) {
            survey.find_peer(population.anybody(), world.node(population.anybody()).peer_id());
            world.run_for(milliseconds{200});
        }
        survey.finish(minutes{1});
    }
    EXPECT_GT(watch.pairs(), 1000U);
    EXPECT_EQ(watch.exceeded(), 0U);
}

TEST(Reflection, is_seen_by_the_measure_where_there_is_some) {
    World world(World::Options{});
    Reflection watch(world);
    const NodeIndex node = world.add(NodePlan{});
    const Endpoint forged = host_v4(500);
    watch.add_forged(forged);
    world.forge(forged, world.endpoint(node, Family::kIpv4), Bytes(40), milliseconds{10});
    world.run_for(milliseconds{20});
    EXPECT_EQ(watch.pairs(), 1U);
    EXPECT_EQ(watch.exceeded(), 0U);
    // Whoever is told of an address asks there, unasked by it.
    world.with(node, [&](Node& told, Instant now) {
        told.handle_sighting(now,
                             {Sighting::Source::kPinned, Contact::of(NodeKey{{0x09}}, forged)});
    });
    world.run_for(seconds{5});
    EXPECT_EQ(watch.exceeded(), 1U);
    EXPECT_GT(watch.forged_out(), watch.forged_in());
}

}  // namespace sov::sim
