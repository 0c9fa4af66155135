#include <gtest/gtest.h>

#include "tests/sim/run.h"

// Small versions of the scenarios about offers, as gates.

namespace sov::sim {

namespace {

RunReport run_of(const char* scenario, std::uint32_t nodes, std::uint32_t lookups) {
    RunOptions options;
    options.scenario = scenario;
    options.nodes = nodes;
    options.lookups = lookups;
    return run_scenario(options).value();
}

}  // namespace

TEST(Offers, of_an_app_with_thousands_cost_a_lookup_for_each_twenty_nodes_at_most) {
    const RunReport report = run_of("sweep", 200, 2000);
    EXPECT_TRUE(report.passed) << report.problem;
    for (const Figure& figure : report.figures)
        EXPECT_TRUE(figure.met()) << figure.name << ": " << figure.text();
}

TEST(Offers, of_honest_providers_stay_most_of_a_sample_when_nine_tenths_are_spam) {
    const RunReport report = run_of("spam-90", 200, 30);
    EXPECT_TRUE(report.passed) << report.problem;
    for (const Figure& figure : report.figures)
        EXPECT_TRUE(figure.met()) << figure.name << ": " << figure.text();
}

}  // namespace sov::sim
