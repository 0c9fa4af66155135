// The daemon's figures over the API.

#include <regex>
#include <set>

#include "daemon/api/stats_history.h"
#include "tests/unit/daemon/api/api_fixture.h"

namespace sov::api {
namespace {

namespace v1 = sovereign::v1;

class StatsCalls : public test::ApiFixture {
  protected:
    void TearDown() override { leave(); }

    grpc::Status ask(uid_t uid, const v1::GetStatsRequest& request,
                     v1::GetStatsResponse& response) {
        auto stub = v1::Node::NewStub(channel(uid));
        grpc::ClientContext context;
        return stub->GetStats(&context, request, &response);
    }
};

TEST_F(StatsCalls, are_for_every_local_user_and_keep_to_the_conventions) {
    serve();
    v1::GetStatsResponse response;
    ASSERT_TRUE(ask(kStranger, {}, response).ok());
    std::set<std::string> series, finished;
    std::string last;
    std::size_t count = 0;
    for (const v1::Measure& measure : response.measures()) {
        const std::string& name = measure.name();
        EXPECT_TRUE(std::regex_match(name, std::regex("(sovereign|process)_[a-z0-9_]+"))) << name;
        EXPECT_EQ(measure.kind() == v1::MEASURE_KIND_COUNTER, name.ends_with("_total")) << name;
        EXPECT_TRUE(measure.help().ends_with('.')) << name;
        EXPECT_TRUE(series.insert(name + "/" + measure.label_value()).second) << name << " twice";
        if (name != last) {
            EXPECT_TRUE(finished.insert(name).second) << name << " is not in one place";
        }
        last = name;
        // Words only: an id, an address or a name of somebody would be a new series for each.
        EXPECT_TRUE(std::regex_match(measure.label_value(), std::regex("[a-z0-9_.]{0,32}")))
            << name << " " << measure.label_value();
        count += measure.kind() == v1::MEASURE_KIND_DISTRIBUTION
                     ? static_cast<std::size_t>(measure.distribution().bounds_size()) + 3
                     : 1;
    }
    EXPECT_GT(count, 100U);
    EXPECT_LT(count, ports::Measures::kSeriesMax);
}

TEST_F(StatsCalls, answer_only_what_was_asked_for) {
    serve();
    v1::GetStatsRequest request;
    request.add_name_glob("sovereign_table_*nodes");
    v1::GetStatsResponse response;
    ASSERT_TRUE(ask(kUser, request, response).ok());
    EXPECT_EQ(response.measures_size(), 4) << "two names, two families each";
    request.add_name_glob(std::string(65, '*'));
    EXPECT_EQ(detail(ask(kUser, request, response)).field(), "name_glob");
    v1::GetStatsRequest long_name;
    long_name.set_history_of(std::string(65, 'x'));
    EXPECT_EQ(detail(ask(kUser, long_name, response)).field(), "history_of");
}

TEST_F(StatsCalls, tell_the_last_hour_of_what_is_remembered) {
    serve();
    for (std::size_t i = 0; i < StatsHistory::kSamplesMax + 5; ++i)
        on_core([this] { server_->sample(driver_->now(), *node_); });
    v1::GetStatsRequest request;
    request.set_history_of("sovereign_sessions");
    v1::GetStatsResponse response;
    ASSERT_TRUE(ask(kUser, request, response).ok());
    EXPECT_EQ(static_cast<std::size_t>(response.history_size()), StatsHistory::kSamplesMax);
    EXPECT_EQ(response.interval_ms(), 10'000U);
    EXPECT_EQ(response.remembered_size(), 0);
    request.set_history_of("sovereign_moons");
    v1::GetStatsResponse unknown;
    ASSERT_TRUE(ask(kUser, request, unknown).ok());
    EXPECT_EQ(unknown.history_size(), 0);
    EXPECT_EQ(static_cast<std::size_t>(unknown.remembered_size()),
              StatsHistory::kRemembered.size());
}

TEST(StatsHistory, tells_the_oldest_first_when_it_is_full) {
    StatsHistory history;
    for (std::size_t i = 0; i < StatsHistory::kSamplesMax + 2; ++i) {
        ports::Measures measures;
        measures.gauge("sovereign_sessions", "Sessions.", static_cast<double>(i));
        history.add(measures);
    }
    const auto samples = history.samples("sovereign_sessions");
    ASSERT_EQ(samples.size(), StatsHistory::kSamplesMax);
    EXPECT_EQ(samples.front(), 2);
    EXPECT_EQ(samples.back(), static_cast<double>(StatsHistory::kSamplesMax + 1));
    EXPECT_TRUE(history.samples("sovereign_moons").empty());
}

}  // namespace
}  // namespace sov::api
