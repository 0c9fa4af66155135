#include <gtest/gtest.h>

#include <algorithm>

#include "tests/sim/population.h"

// Providers are told while the lookup goes on, in a network of real nodes.

namespace sov::sim {

namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr std::size_t kNodes = 100, kProviders = 12;

dht::OfferSubject printer() { return {dht::OfferSubject::Kind::kService, "printer/ipp"}; }

class ProviderStream : public ::testing::Test {
  protected:
    struct Heard {
        std::vector<dht::FoundProvider> confirmed;
        std::vector<Instant> at;
        std::optional<dht::ProvidersReport> report;
        Instant ended{};
    };

    void SetUp() override {
        World::Options options;
        options.seed = 11;
        world.emplace(options);
        population.emplace(*world, NodePlan{});
        population->join(kNodes, seconds{10});
        ASSERT_TRUE(population->all_ready(minutes{2}));
        for (NodeIndex index = 0; index < kProviders; ++index) {
            world->with(10 + index, [&](Node& node, Instant now) {
                node.offer(
                    now, {{printer()}, {index % 2 == 0 ? "hall" : "cellar", 0, {}}, dht::AppId{1}});
            });
        }
        world->run_for(minutes{1});
    }

    Heard find(const dht::ProviderQuery& query) {
        Heard heard;
        CommandId command{};
        world->on_event([&](NodeIndex index, const Event& event) {
            if (index != kFinder) return;
            if (const auto* news = std::get_if<ProviderConfirmed>(&event)) {
                EXPECT_EQ(news->finding, command);
                EXPECT_FALSE(heard.report.has_value());
                heard.confirmed.push_back(news->provider);
                heard.at.push_back(world->now());
            }
            if (const auto* found = std::get_if<ProvidersFound>(&event)) {
                heard.report = found->report;
                heard.ended = world->now();
            }
        });
        world->with(kFinder,
                    [&](Node& node, Instant now) { command = node.find_providers(now, query); });
        EXPECT_TRUE(world->run_while_not([&] { return heard.report.has_value(); }, minutes{1}));
        world->on_event({});
        return heard;
    }
    static std::vector<PeerId> peers(const std::vector<dht::FoundProvider>& providers) {
        std::vector<PeerId> peers;
        for (const auto& found : providers) peers.push_back(found.peer);
        return peers;
    }

    static constexpr NodeIndex kFinder = 60;
    std::optional<World> world;
    std::optional<Population> population;
};

}  // namespace

TEST_F(ProviderStream, tells_each_once_when_three_near_nodes_have_shown_it_and_all_at_the_end) {
    // A node that is silent holds the end up, and nothing before it.
    population->vanish(kNodes / 5, {kFinder, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21});
    const Heard heard = find({printer(), 20, {}, {}});
    ASSERT_TRUE(heard.report.has_value());
    const auto all = peers(heard.report->providers), first = peers(heard.confirmed);
    EXPECT_EQ(all.size(), kProviders);
    ASSERT_GE(first.size(), kProviders / 2);
    EXPECT_TRUE(std::equal(first.begin(), first.end(), all.begin())) << "in the same order";
    for (const auto& found : heard.confirmed) EXPECT_GE(found.replicas, 3U);
    EXPECT_LT(heard.at.front() + milliseconds{100}, heard.ended) << "long before the end";
    EXPECT_TRUE(heard.report->complete);
    EXPECT_GE(heard.report->nodes, 10U);
    auto sorted = all;
    std::sort(sorted.begin(), sorted.end());
    EXPECT_EQ(std::adjacent_find(sorted.begin(), sorted.end()), sorted.end());

    const Heard again = find({printer(), 20, {}, heard.report->cookie});
    EXPECT_TRUE(again.confirmed.empty()) << "the cookie leaves out what was told";
    EXPECT_TRUE(again.report->providers.empty());
    EXPECT_FALSE(again.report->error.has_value());
}

TEST_F(ProviderStream, ends_when_as_many_are_told_as_were_asked_for) {
    const Heard whole = find({printer(), 20, {}, {}});
    const Heard few = find({printer(), 2, {}, {}});
    EXPECT_EQ(few.confirmed.size(), 2U);
    EXPECT_EQ(few.report->providers.size(), 2U);
    EXPECT_FALSE(few.report->complete);
    EXPECT_TRUE(few.report->sampled);
    EXPECT_LT(few.report->lookup.answered, whole.report->lookup.answered);
    EXPECT_EQ(few.report->cookie.size(), 2 * dht::kCookieStep) << "only what was told";
}

TEST_F(ProviderStream, tells_those_of_the_region_first) {
    const Heard heard = find({printer(), 20, "cellar", {}});
    for (const auto& found : heard.confirmed) EXPECT_EQ(found.hints.region, "cellar");
    const auto& all = heard.report->providers;
    ASSERT_EQ(all.size(), kProviders);
    EXPECT_TRUE(std::is_partitioned(all.begin(), all.end(), [](const dht::FoundProvider& found) {
        return found.hints.region == "cellar";
    }));
}

TEST_F(ProviderStream, tells_nothing_after_it_was_cancelled) {
    std::size_t told = 0;
    std::vector<dht::ProvidersReport> reports;
    world->on_event([&](NodeIndex index, const Event& event) {
        if (index != kFinder) return;
        told += std::holds_alternative<ProviderConfirmed>(event) ? 1U : 0U;
        if (const auto* found = std::get_if<ProvidersFound>(&event))
            reports.push_back(found->report);
    });
    CommandId command{};
    world->with(kFinder, [&](Node& node, Instant now) {
        command = node.find_providers(now, {printer(), 20, {}, {}});
    });
    EXPECT_TRUE(world->run_while_not([&] { return told > 0; }, seconds{10}, milliseconds{1}));
    const std::size_t until_then = told;
    world->with(kFinder, [&](Node& node, Instant now) { node.cancel(now, command); });
    world->run_for(seconds{20});
    EXPECT_EQ(told, until_then);
    ASSERT_EQ(reports.size(), 1U);
    EXPECT_EQ(reports[0].error, Errc::kCancelled);
}

}  // namespace sov::sim
