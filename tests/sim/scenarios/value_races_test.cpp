#include <gtest/gtest.h>

#include <algorithm>

#include "tests/sim/scenarios/value_world.h"

// Two who change one value at the same time, each on the condition that nobody else has.

namespace sov::sim {

namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

/// Races, and how they ended.
struct Races {
    int one_winner = 0, no_winner = 0, two_winners = 0, another_is_read = 0;
};

class ValueRaces : public ValueWorld {
  protected:
    /// Two hosts of one owner, in a network of `nodes` more.
    void grow_with_two(std::uint64_t seed, std::size_t nodes) {
        grow(seed, nodes);
        identity::Secret32 secret;
        world->crypto().fill_random(secret);
        NodePlan plan;
        plan.user_key = world->crypto().make_signing_key(secret);
        plan.bootstraps = {0, 1, 2};
        one = world->add(plan);
        other = world->add(plan);
        world->run_for(seconds{20});
    }
    CommandId begin(NodeIndex writer, std::uint8_t content, std::uint64_t expected) {
        CommandId command{};
        dht::ValuePut what;
        what.label = "state";
        what.content = {content};
        what.expected = expected;
        world->with(writer, [&](Node& node, Instant now) { command = node.put_value(now, what); });
        return command;
    }
    /// `second` begins `after` the first; what both are told, and what is read afterwards.
    void race(NodeIndex first, NodeIndex second, milliseconds after, Races& races) {
        const std::uint64_t expected = newest();
        const CommandId a = begin(first, 11, expected);
        world->run_for(after);
        const CommandId b = begin(second, 22, expected);
        ASSERT_TRUE(world->run_while_not(
            [&] {
                return puts.contains({first, a}) && puts.contains({second, b});
            },
            std::chrono::minutes{1}, milliseconds{50}));
        world->run_for(seconds{2});
        const bool a_won = !puts[{first, a}].error, b_won = !puts[{second, b}].error;
        ++(a_won && b_won   ? races.two_winners
           : a_won || b_won ? races.one_winner
                            : races.no_winner);
        if (a_won == b_won) return;
        for (const auto level : {dht::Level::kNormal, dht::Level::kStrong}) {
            const auto found = get(7, key_of(one), level);
            const Bytes winners{static_cast<std::uint8_t>(a_won ? 11 : 22)};
            races.another_is_read += found.value.content != winners ? 1 : 0;
        }
    }
    std::uint64_t newest() {
        const auto found = get(8, key_of(one), dht::Level::kStrong);
        return found.error ? 0 : found.value.head.sequence;
    }
    NodeIndex one = 0, other = 0;
};

}  // namespace

TEST_F(ValueRaces, of_two_hosts_have_one_winner) {
    Races races;
    for (std::uint64_t seed = 1; seed <= 50; ++seed) {
        grow_with_two(seed, 30);
        race(one, other, milliseconds{1 + static_cast<int>(seed * 7 % 60)}, races);
        // And once more, over what is there now.
        race(other, one, milliseconds{1 + static_cast<int>(seed * 11 % 40)}, races);
    }
    EXPECT_EQ(races.one_winner, 100);
    EXPECT_EQ(races.two_winners, 0);
    // Of 200 reads; decision 19 says why there are any: replicas that only the loser asked.
    EXPECT_LE(races.another_is_read, 6);
}

TEST_F(ValueRaces, of_two_apps_on_one_host_have_a_winner_whose_value_is_read) {
    Races races;
    grow_with_two(60, 40);
    for (int round = 0; round < 25; ++round) race(one, one, milliseconds{round % 5}, races);
    EXPECT_GE(races.one_winner, 24);
    EXPECT_EQ(races.two_winners, 0);
    EXPECT_EQ(races.another_is_read, 0);
}

// Answers that are lost leave a winner in doubt, so there may be none; there are never two.
TEST_F(ValueRaces, never_have_two_winners_where_datagrams_are_lost) {
    Races races;
    for (std::uint64_t seed = 1; seed <= 5; ++seed) {
        grow_with_two(100 + seed, 40);
        NetOptions net = world->net().options();
        net.loss_per_mille = 200;
        world->net().set_options(net);
        for (int round = 0; round < 10; ++round)
            race(one, other, milliseconds{static_cast<int>(world->rng().below(150))}, races);
    }
    EXPECT_EQ(races.two_winners, 0);
    EXPECT_GE(races.one_winner, 25) << races.no_winner;
}

}  // namespace sov::sim
