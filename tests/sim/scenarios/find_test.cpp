#include <gtest/gtest.h>

#include <algorithm>

#include "tests/sim/pairs.h"
#include "tests/sim/population.h"

// How sure a find is that what it found is the newest.

namespace sov::sim {

namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

// A peer whose newest record did not reach ten of those that keep the one before.
class FindLevels : public ::testing::Test {
  protected:
    void SetUp() override {
        World::Options options;
        options.seed = 31;
        world.emplace(options);
        world->on_event([this](NodeIndex, const Event& event) {
            if (const auto* finished = std::get_if<FindFinished>(&event)) found = finished->found;
            if (const auto* finished = std::get_if<PublishFinished>(&event))
                stored = finished->published.stored;
        });
        Population population(*world, NodePlan{});
        population.join(60, seconds{6});
        ASSERT_TRUE(population.all_ready(minutes{2}));
        world->run_for(seconds{30});
        person = make_person(*world);
        publish(1);
        std::size_t cut_off = 0;
        for (const NodeIndex index : world->living()) {
            const auto held = world->node(index).held_records(world->now());
            const bool holds = std::any_of(held.begin(), held.end(), [&](const HeldRecord& record) {
                return record.key == person.place;
            });
            if (holds && ++cut_off <= 10)
                world->net().set_partition(world->endpoint(index, Family::kIpv4), 1);
            else
                publisher = index;
        }
        ASSERT_GE(cut_off, 15U);
        publish(2);
        world->net().heal();
    }
    void publish(std::uint64_t sequence) {
        stored.reset();
        world->with(publisher, [&](Node& node, Instant now) {
            node.put(now, person.place, peer_record(*world, person, sequence));
        });
        ASSERT_TRUE(world->run_while_not([&] { return stored.has_value(); }, minutes{1}));
        ASSERT_GE(*stored, 8U);
    }
    std::uint64_t find(NodeIndex reader, dht::Level level) {
        found.reset();
        world->with(reader, [&](Node& node, Instant now) {
            node.find_peer(now, person.id(), false, level);
        });
        EXPECT_TRUE(
            world->run_while_not([&] { return found.has_value(); }, minutes{1}, milliseconds{50}));
        EXPECT_FALSE(found->error.has_value());
        return found->peers.empty() ? 0 : found->peers[0].sequence;
    }

    std::optional<World> world;
    Person person;
    NodeIndex publisher = 0;  ///< one that is not cut off
    std::optional<dht::Found> found;
    std::optional<std::uint16_t> stored;
};

}  // namespace

TEST_F(FindLevels, normal_and_strong_take_the_newest_where_fast_may_take_an_old_one) {
    std::size_t old = 0;
    for (NodeIndex reader = 0; reader < 60; reader += 3) {
        old += find(reader, dht::Level::kFast) == 1 ? 1U : 0U;
        EXPECT_EQ(find(reader, dht::Level::kNormal), 2U) << reader;
        EXPECT_EQ(find(reader, dht::Level::kStrong), 2U) << reader;
    }
    EXPECT_GT(old, 0U) << "else this shows nothing";
}

}  // namespace sov::sim
