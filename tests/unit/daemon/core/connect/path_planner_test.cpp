#include "daemon/core/connect/path_planner.h"

#include <gtest/gtest.h>

namespace sov::connect {
namespace {

using std::chrono::milliseconds;
using Source = Candidate::Source;

const Endpoint kLan = Endpoint::v4(0xc0a80102, 4001), kLan2 = Endpoint::v4(0xc0a80103, 4001);
const Endpoint kFar = Endpoint::v4(0xc6336401, 4001), kFar2 = Endpoint::v4(0xc6336402, 4001);
const Endpoint kFar6 = *Endpoint::parse("[2606:4700::1]:4001");

class Planner : public ::testing::Test {
  protected:
    Instant now = Instant{} + std::chrono::hours{1};
    PathPlanner planner{PlannerOptions{}};

    /// The endpoint that is begun now, if one is.
    std::optional<Endpoint> begun() {
        const auto step = planner.next(now);
        const auto* dial = std::get_if<PathPlanner::Dial>(&step);
        if (dial == nullptr) return std::nullopt;
        return dial->endpoint;
    }
    /// Waits as long as the plan says and tells what is begun then.
    std::optional<Endpoint> begun_in_time() {
        const auto step = planner.next(now);
        if (const auto* wait = std::get_if<PathPlanner::Wait>(&step)) {
            if (wait->until == kNever) return std::nullopt;
            now = wait->until;
            return begun();
        }
        const auto* dial = std::get_if<PathPlanner::Dial>(&step);
        if (dial == nullptr) return std::nullopt;
        return dial->endpoint;
    }
    bool done() { return std::holds_alternative<PathPlanner::Done>(planner.next(now)); }
};

TEST_F(Planner, begins_on_the_lan_and_gives_each_attempt_its_stagger) {
    planner.add({{kFar, Source::kGiven}, {kLan, Source::kRecord}});
    EXPECT_EQ(begun(), kLan);
    const Instant first = now;
    EXPECT_EQ(begun(), std::nullopt);
    EXPECT_EQ(begun_in_time(), kFar);
    EXPECT_EQ(now - first, milliseconds{100});
    planner.add({{kFar2, Source::kRecord}});
    const Instant second = now;
    EXPECT_EQ(begun_in_time(), kFar2);
    EXPECT_EQ(now - second, milliseconds{250});
}

TEST_F(Planner, does_not_wait_once_an_attempt_has_failed) {
    planner.add({{kFar, Source::kRecord}, {kFar2, Source::kRecord}});
    EXPECT_EQ(begun(), kFar);
    planner.failed();
    EXPECT_EQ(begun(), kFar2);
}

TEST_F(Planner, takes_what_was_given_then_seen_then_published) {
    planner.add({{kLan, Source::kRecord}, {kLan2, Source::kNear}});
    planner.add({{kFar, Source::kRecord}, {kFar2, Source::kGiven}});
    for (const Endpoint& expected : {kLan2, kLan, kFar2, kFar}) {
        EXPECT_EQ(begun_in_time(), expected);
    }
}

TEST_F(Planner, lets_the_families_take_turns) {
    planner.add({{kFar, Source::kRecord}, {kFar2, Source::kRecord}, {kFar6, Source::kRecord}});
    EXPECT_EQ(begun_in_time(), kFar);
    EXPECT_EQ(begun_in_time(), kFar6);
    EXPECT_EQ(begun_in_time(), kFar2);
}

TEST_F(Planner, tries_no_address_twice) {
    planner.add({{kFar, Source::kRecord}, {kFar, Source::kNear}});
    EXPECT_EQ(begun(), kFar);
    planner.add({{kFar, Source::kGiven}});
    planner.complete();
    planner.failed();
    EXPECT_TRUE(done());
    EXPECT_EQ(planner.begun(), 1U);
}

TEST_F(Planner, keeps_to_its_number_of_addresses_and_drops_the_least_promising) {
    std::vector<Candidate> many;
    for (std::uint32_t at = 0; at < 100; ++at) {
        many.push_back({Endpoint::v4(0xc6336401U + at, 4001), Source::kRecord});
    }
    planner.add(many);
    planner.add({{kLan, Source::kRecord}});
    planner.complete();
    EXPECT_EQ(begun(), kLan);
    std::size_t count = 1;
    while (begun_in_time()) ++count;
    EXPECT_EQ(count, 8U);
    EXPECT_TRUE(done());
}

TEST_F(Planner, leaves_out_what_cannot_be_dialled_or_is_not_wanted) {
    planner = PathPlanner({.ipv6 = false, .global = false});
    planner.add({{Endpoint::v4(0, 4001), Source::kGiven},
                 {Endpoint::v4(0xe0000001, 4001), Source::kGiven},
                 {kFar6, Source::kGiven},
                 {kFar, Source::kGiven},
                 {Endpoint::v4(0xc0a80102, 0), Source::kGiven}});
    planner.complete();
    EXPECT_TRUE(done());
    planner = PathPlanner({.lan = false});
    planner.add({{kLan, Source::kGiven}, {kFar, Source::kGiven}});
    EXPECT_EQ(begun(), kFar);
}

TEST_F(Planner, waits_for_addresses_until_it_is_told_that_there_are_no_more) {
    const auto step = planner.next(now);
    ASSERT_TRUE(std::holds_alternative<PathPlanner::Wait>(step));
    EXPECT_EQ(std::get<PathPlanner::Wait>(step).until, kNever);
    planner.complete();
    EXPECT_TRUE(done());
    planner.add({{kFar, Source::kRecord}});
    EXPECT_EQ(begun(), kFar);
}

}  // namespace
}  // namespace sov::connect
