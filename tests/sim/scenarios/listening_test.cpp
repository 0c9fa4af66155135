#include <gtest/gtest.h>

#include <algorithm>

#include "tests/sim/scenarios/value_world.h"

// "A NOTIFY with a lease is always heard": whatever happens to it on its way, to the address of the
// listener, or to the listener's host.

namespace sov::sim {

namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

/// Between two changes that must both be told: a listener asks once in so long, whatever is lost.
constexpr seconds kApart{100};
constexpr NodeIndex kOwner = 3, kListener = 40;

class Listening : public ValueWorld {
  protected:
    void SetUp() override {
        grow(61, 80);
        change();
        listener = listen(kListener, key_of(kOwner));
        world->run_for(seconds{5});
        ASSERT_GE(armings[listener], 1U);
    }
    void change() {
        ++version;
        const auto stored = put_labelled(kOwner, static_cast<std::uint8_t>(version));
        EXPECT_FALSE(stored.error.has_value()) << version << ' ' << errc_name(*stored.error);
    }
    void wake(bool kernel_tells = true) {
        world->set_asleep(kListener, false);
        if (kernel_tells) tell_of_change();
    }
    void tell_of_change() {
        world->with(kListener, [](Node& node, Instant now) { node.handle_network_change(now); });
    }
    void move() { world->move(kListener, host_v4(1000 + ++moves)); }
    // Every version up to the last, each once, in order.
    void expect_all() {
        std::vector<int> all;
        for (int each = 1; each <= version; ++each) all.push_back(each);
        EXPECT_EQ(told_to(listener), all);
    }

    int version = 0;
    std::uint32_t moves = 0;
    std::pair<NodeIndex, CommandId> listener;
};

}  // namespace

TEST_F(Listening, hears_every_change_once_where_a_third_of_all_datagrams_is_lost) {
    for (const std::uint32_t lost : {100U, 200U, 333U}) {
        NetOptions net = world->net().options();
        net.loss_per_mille = lost;
        net.duplicates_per_mille = 50;
        world->net().set_options(net);
        for (int round = 0; round < 6; ++round) {
            change();
            world->run_for(kApart);
        }
        expect_all();
    }
}

// The replicas try three times, then they end the lease; the listener comes back by itself.
TEST_F(Listening, hears_what_changed_while_no_replica_could_reach_it) {
    for (const seconds away : {seconds{1}, seconds{8}, seconds{40}, seconds{700}}) {
        SCOPED_TRACE(away.count());
        world->net().set_partition(world->endpoint(kListener, Family::kIpv4), 1);
        change();
        world->run_for(away);
        world->net().heal();
        world->run_for(kApart);
        expect_all();
        change();
        world->run_for(seconds{5});
        expect_all();
    }
}

TEST_F(Listening, hears_every_change_once_while_its_address_changes_under_it) {
    for (int round = 0; round < 12; ++round) {
        SCOPED_TRACE(round);
        // Before the change, while it is told, and after it; half of the time nobody says so, as
        // when a router has been restarted.
        const milliseconds early{round % 3 == 0 ? 500 : 0}, late{round % 3 == 1 ? 30 : 3000};
        world->schedule(world->now() + (round % 3 == 0 ? milliseconds{0} : late), [this, round] {
            move();
            if (round % 2 == 0) tell_of_change();
        });
        world->run_for(early);
        change();
        world->run_for(kApart);
        expect_all();
    }
}

// A host that sleeps is told the newest version when it wakes, whatever became of its leases, and
// every change from then on; those that were overtaken meanwhile are left out.
TEST_F(Listening, hears_the_newest_once_when_its_host_has_slept) {
    std::vector<int> expected{1};
    bool kernel_tells = true;
    for (const seconds slept : {seconds{3}, seconds{50}, seconds{900}, seconds{3600}}) {
        for (const bool moved : {false, true}) {
            SCOPED_TRACE(std::to_string(slept.count()) + (moved ? " s and moved" : " s"));
            world->set_asleep(kListener, true);
            for (int changes = 0; changes < 3; ++changes) {
                world->run_for(slept / 4);
                change();
            }
            world->run_for(slept / 4);
            if (moved) move();
            wake(std::exchange(kernel_tells, !kernel_tells));
            world->run_for(kApart);
            expected.push_back(version);
            EXPECT_EQ(told_to(listener), expected);
            change();
            world->run_for(seconds{5});
            expected.push_back(version);
            EXPECT_EQ(told_to(listener), expected);
        }
    }
}

TEST_F(Listening, misses_nothing_through_loss_moves_and_sleep_together) {
    for (const std::uint64_t seed : {71U, 72U}) {
        SCOPED_TRACE(seed);
        Rng fate(seed);
        NetOptions net = world->net().options();
        net.loss_per_mille = 150;
        world->net().set_options(net);
        for (int round = 0; round < 10; ++round) {
            const auto when = milliseconds{fate.below(6000)};
            const std::uint64_t what = fate.below(4);
            world->schedule(world->now() + when, [this, what] {
                if (what == 0) move();
                if (what == 1) world->set_asleep(kListener, true);
                if (what == 2) tell_of_change();
            });
            world->schedule(world->now() + when + milliseconds{fate.below(60'000)}, [this, what] {
                if (what == 1) wake();
            });
            change();
            world->run_for(kApart + minutes{1});
            expect_all();
        }
    }
}

}  // namespace sov::sim
