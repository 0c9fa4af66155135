#include "daemon/api/verdict.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace sov::api {
namespace {

/// What is said of a node that works, on a host that can afford so much.
Verdict verdict_with(const EconomyFacts& economy) {
    NodeStatus status;
    status.state = DiscoveryState::kReady;
    status.v4.table_nodes = 5;
    status.own_record_replicas = 5;
    const std::vector<BootstrapEntry> bootstrap;
    const std::vector<OwnName> names;
    const std::vector<LayerSwitch> layers;
    return judge({status, bootstrap, names, layers, ConfiguredMode::kAuto, "", "", economy});
}

std::vector<std::string> codes(const Verdict& verdict) {
    std::vector<std::string> all;
    for (const VerdictReason& reason : verdict.reasons) all.push_back(reason.code);
    return all;
}

TEST(VerdictOfEconomy, is_silent_about_a_host_that_can_afford_it) {
    const Verdict verdict = verdict_with({});
    EXPECT_EQ(verdict.word, VerdictWord::kOnline);
    EXPECT_EQ(codes(verdict), std::vector<std::string>{});
}

TEST(VerdictOfEconomy, a_clock_that_is_not_believed_degrades) {
    EconomyFacts economy;
    economy.clock_off = std::chrono::hours(48);
    const Verdict ahead = verdict_with(economy);
    EXPECT_EQ(ahead.word, VerdictWord::kDegraded);
    EXPECT_EQ(codes(ahead), std::vector<std::string>{"clock_jumped"});
    EXPECT_NE(ahead.reasons[0].sentence.find("2 days ahead"), std::string::npos)
        << ahead.reasons[0].sentence;
    economy.clock_off = -std::chrono::hours(3);
    EXPECT_NE(verdict_with(economy).reasons[0].sentence.find("3 hours behind"), std::string::npos);
    economy.clock_absurd = true;
    EXPECT_EQ(codes(verdict_with(economy)), std::vector<std::string>{"clock_absurd"});
}

TEST(VerdictOfEconomy, a_budget_that_runs_out_is_told_and_one_that_is_used_up_degrades) {
    EconomyFacts economy;
    economy.budget = 100;
    economy.used = 76;
    economy.budget_stage = "serves_nobody";
    Verdict verdict = verdict_with(economy);
    EXPECT_EQ(verdict.word, VerdictWord::kOnline);
    EXPECT_EQ(codes(verdict), std::vector<std::string>{"traffic_low"});
    EXPECT_TRUE(verdict.reasons[0].sentence.starts_with("76 % of this month's traffic budget"));
    economy.budget_stage = "used_up";
    verdict = verdict_with(economy);
    EXPECT_EQ(verdict.word, VerdictWord::kDegraded);
    EXPECT_EQ(codes(verdict), std::vector<std::string>{"traffic_used_up"});
}

TEST(VerdictOfRoutes, a_host_without_a_way_out_is_told_so_and_works_among_its_neighbours) {
    EconomyFacts economy;
    economy.no_way_out = true;
    const Verdict verdict = verdict_with(economy);
    EXPECT_EQ(verdict.word, VerdictWord::kOnline);
    EXPECT_EQ(codes(verdict), std::vector<std::string>{"no_way_out"});
}

TEST(VerdictOfRoutes, who_reaches_nobody_for_want_of_a_route_hears_of_the_route_first) {
    NodeStatus status;
    status.state = DiscoveryState::kIsolated;
    EconomyFacts economy;
    economy.no_way_out = true;
    const std::vector<BootstrapEntry> bootstrap(1);
    const std::vector<OwnName> names;
    const std::vector<LayerSwitch> layers;
    const Verdict verdict =
        judge({status, bootstrap, names, layers, ConfiguredMode::kAuto, "", "", economy});
    EXPECT_EQ(verdict.word, VerdictWord::kOffline);
    EXPECT_EQ(codes(verdict), (std::vector<std::string>{"no_way_out", "isolated"}));
    EXPECT_EQ(verdict.sentence, "none of 1 known peers answers: no route leads out of here");
}

}  // namespace
}  // namespace sov::api
