#include <gtest/gtest.h>

#include "tests/support/sim_crypto.h"
#include "tests/support/virtual_pair.h"

// What a node does without when its host can't afford it, and when its clock is set.

namespace sov {

namespace {

using std::chrono::minutes;
using std::chrono::seconds;
using support::Side;
using support::VirtualPair;

struct NodeEconomy : testing::Test {
    support::SimCrypto crypto{1};
    VirtualPair::Options options{support::numbered_node(crypto, 1),
                                 support::numbered_node(crypto, 2)};

    static void afford(VirtualPair& pair, const Economy& economy) {
        pair.with(Side::kA, [&](Node& node, Instant now) { node.set_economy(now, economy); });
    }
    static bool serving(VirtualPair& pair) {
        return pair.node(Side::kA).status(pair.now()).serving;
    }
};

}  // namespace

TEST_F(NodeEconomy, serves_nobody_while_told_so_and_everybody_again_afterwards) {
    VirtualPair pair(crypto, options);
    pair.start();
    ASSERT_TRUE(pair.run_until([&] { return pair.acquainted(); }, seconds{60}));
    ASSERT_TRUE(serving(pair));
    Economy economy;
    economy.serves = false;
    afford(pair, economy);
    EXPECT_FALSE(serving(pair));
    pair.run_for(minutes{1});
    // The other one hears of it with the next datagram, and asks it to keep nothing any more.
    CommandId claim{};
    pair.with(Side::kB, [&](Node& node, Instant now) { claim = node.claim_name(now, "bob"); });
    const std::size_t before = pair.node(Side::kA).held_records(pair.now()).size();
    pair.run_for(seconds{20});
    EXPECT_LE(pair.node(Side::kA).held_records(pair.now()).size(), before);
    afford(pair, {});
    EXPECT_TRUE(serving(pair));
}

TEST_F(NodeEconomy, that_is_silent_still_talks_in_its_own_network) {
    // Both sides of a pair have private addresses.
    VirtualPair pair(crypto, options);
    pair.start();
    Economy economy;
    economy.silent = true;
    afford(pair, economy);
    EXPECT_TRUE(pair.run_until([&] { return pair.acquainted(); }, seconds{60}));
}

TEST_F(NodeEconomy, keeps_its_timers_when_its_clock_is_set) {
    VirtualPair pair(crypto, options);
    pair.start();
    ASSERT_TRUE(pair.run_until([&] { return pair.acquainted(); }, seconds{60}));
    pair.run_for(seconds{30});
    const Deadline before = pair.node(Side::kA).next_timeout();
    const UnixMillis year = 31'536'000'000;
    pair.with(Side::kA, [&](Node& node, Instant now) { node.set_wall_clock(now, 80 * year); });
    EXPECT_EQ(pair.node(Side::kA).next_timeout().at, before.at);
    pair.with(Side::kA, [&](Node& node, Instant now) { node.set_wall_clock(now, 0); });
    EXPECT_EQ(pair.node(Side::kA).next_timeout().at, before.at);
    pair.run_for(minutes{30});
    EXPECT_TRUE(pair.acquainted());
}

}  // namespace sov
