#include <gtest/gtest.h>

#include "tests/sim/run.h"

// A thousand real nodes: what the simulator is for.

namespace sov::sim {

namespace {

RunReport run_seed(const char* scenario, std::uint32_t nodes, std::uint64_t seed) {
    RunOptions options;
    options.scenario = scenario;
    options.nodes = nodes;
    options.seed = seed;
    const auto report = run_scenario(options);
    EXPECT_TRUE(report.has_value());
    return report.value_or(RunReport{});
}

}  // namespace

TEST(ThousandNodes, join_and_find_each_other_by_name_and_by_peer) {
    const RunReport report = run_seed("find", 1000, 1);
    EXPECT_TRUE(report.passed) << report.problem;
    EXPECT_LT(report.p50_ms, 400U) << "simulated time does not depend on the machine";
    EXPECT_LT(report.p95_ms, 1500U);
    EXPECT_LT(report.asked_per_lookup_times_ten, 400U);
}

TEST(ThousandNodes, stay_findable_while_a_tenth_is_replaced_every_minute) {
    const RunReport report = run_seed("churn", 1000, 2);
    EXPECT_TRUE(report.passed) << report.problem;
}

TEST(Soak, of_six_hours_lets_no_node_grow_by_more_than_a_megabyte_a_day) {
    const RunReport report = run_seed("soak-6h", 12, 1);
    EXPECT_TRUE(report.passed) << report.problem;
    EXPECT_GT(report.lookups, 100U);
    EXPECT_EQ(report.lookups_right, report.lookups);
}

TEST(Growth, of_a_network_that_stands_costs_hops_and_little_memory_a_node) {
    const RunReport report = run_seed("growth", 2000, 1);
    EXPECT_TRUE(report.passed) << report.problem;
    EXPECT_LT(report.bytes_per_node, 24'000U) << "most of it the sessions of the lookups";
}

TEST(Simulator, repeats_itself_to_the_byte_for_the_same_seed) {
    const RunReport first = run_seed("find", 100, 3), again = run_seed("find", 100, 3);
    EXPECT_EQ(first.trace_hash, again.trace_hash);
    EXPECT_EQ(first.datagrams, again.datagrams);
    EXPECT_NE(first.trace_hash, run_seed("find", 100, 4).trace_hash);
    RecordProperty("trace_hash", std::to_string(first.trace_hash));
}

TEST(Simulator, knows_its_scenarios) {
    RunOptions options;
    options.scenario = "dance";
    EXPECT_FALSE(run_scenario(options).has_value());
}

}  // namespace sov::sim
