#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "daemon/core/identity/values.h"
#include "tests/sim/oracle.h"
#include "tests/sim/population.h"

namespace sov::sim {

/// A network whose nodes store, read and listen: commands are given and their answers awaited.
class ValueWorld : public ::testing::Test {
  protected:
    static World::Options a_world(std::uint64_t seed) {
        World::Options options;
        options.seed = seed;
        return options;
    }
    static Bytes content_of(std::size_t size, std::uint8_t first) {
        Bytes content(size);
        for (std::size_t at = 0; at < size; ++at)
            content[at] = static_cast<std::uint8_t>(first + at * 7 + at / 251);
        return content;
    }
    void grow(std::uint64_t seed, std::size_t nodes) {
        World::Options options = a_world(seed);
        options.limits.value_bytes_max = limits.value_bytes_max;
        puts.clear(), gets.clear(), told.clear(), armings.clear(), kept.clear();
        world.emplace(options);
        world->on_event([this](NodeIndex index, const Event& event) { note(index, event); });
        population.emplace(*world, NodePlan{});
        population->join(nodes, std::chrono::seconds{10});
        ASSERT_TRUE(population->all_ready(std::chrono::minutes{2}));
        world->run_for(std::chrono::seconds{30});
    }
    void note(NodeIndex index, const Event& event) {
        if (const auto* put = std::get_if<ValuePutFinished>(&event))
            puts[{index, put->command}] = put->published;
        if (const auto* got = std::get_if<ValueGetFinished>(&event))
            gets[{index, got->command}] = got->gotten;
        if (const auto* changed = std::get_if<ValueChanged>(&event))
            told[{index, changed->listen}].push_back(*changed);
        if (const auto* own = std::get_if<OwnValueKept>(&event)) kept[index].push_back(*own);
        if (const auto* armed = std::get_if<ListenArmed>(&event))
            armings[{index, armed->listen}] = armed->replicas;
    }
    dht::ValuePublished put(NodeIndex index, dht::ValuePut what) {
        CommandId command{};
        world->with(index, [&](Node& node, Instant now) { command = node.put_value(now, what); });
        EXPECT_TRUE(world->run_while_not(
            [&] {
                return puts.contains({index, command});
            },
            std::chrono::minutes{1}, std::chrono::milliseconds{50}));
        return puts[{index, command}];
    }
    dht::ValuePublished put_labelled(NodeIndex index, std::uint8_t content,
                                     std::optional<std::uint64_t> expected = std::nullopt) {
        dht::ValuePut what;
        what.label = "state";
        what.content = {content};
        what.expected = expected;
        return put(index, what);
    }
    dht::ValueGotten get(NodeIndex index, const Key& key, dht::Level level = dht::Level::kNormal,
                         std::optional<std::uint64_t> newer_than = std::nullopt) {
        CommandId command{};
        world->with(index, [&](Node& node, Instant now) {
            command = node.get_value(now, key, level, newer_than);
        });
        EXPECT_TRUE(world->run_while_not(
            [&] {
                return gets.contains({index, command});
            },
            std::chrono::minutes{1}, std::chrono::milliseconds{50}));
        return gets[{index, command}];
    }
    std::pair<NodeIndex, CommandId> listen(NodeIndex index, const Key& key,
                                           const Bytes& cursor = {}) {
        CommandId command{};
        world->with(index,
                    [&](Node& node, Instant now) { command = node.listen(now, key, cursor); });
        return {index, command};
    }
    Key key_of(NodeIndex owner) {
        return identity::mutable_key(world->crypto(), world->node(owner).peer_id(), "state");
    }
    // What a listener was told, by the first byte of each version.
    std::vector<int> told_to(std::pair<NodeIndex, CommandId> listener) {
        std::vector<int> contents;
        for (const ValueChanged& changed : told[listener])
            contents.push_back(changed.value.content.empty() ? -1 : changed.value.content[0]);
        return contents;
    }
    bool holds(NodeIndex index, const Key& key, std::uint64_t sequence) {
        const auto held = world->node(index).held_records(world->now());
        return std::any_of(held.begin(), held.end(), [&](const HeldRecord& record) {
            return record.key == key && record.head.sequence == sequence;
        });
    }
    std::size_t holders(const Key& key, std::uint64_t sequence) {
        std::size_t count = 0;
        for (const NodeIndex index : world->living()) count += holds(index, key, sequence);
        return count;
    }
    // The distance of whoever holds this version farthest away.
    Key farthest_holder(const Key& key, std::uint64_t sequence) {
        Key farthest;
        for (const NodeIndex index : world->living()) {
            if (holds(index, key, sequence))
                farthest = std::max(farthest, distance(world->node(index).node_id(), key));
        }
        return farthest;
    }

    Limits limits;  ///< of these the largest value counts
    std::optional<World> world;
    std::optional<Population> population;
    std::map<std::pair<NodeIndex, CommandId>, dht::ValuePublished> puts;
    std::map<std::pair<NodeIndex, CommandId>, dht::ValueGotten> gets;
    std::map<std::pair<NodeIndex, CommandId>, std::vector<ValueChanged>> told;
    std::map<std::pair<NodeIndex, CommandId>, std::uint16_t> armings;
    std::map<NodeIndex, std::vector<OwnValueKept>> kept;
};

}  // namespace sov::sim
