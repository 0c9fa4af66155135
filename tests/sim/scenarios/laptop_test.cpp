#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <map>

#include "daemon/core/identity/values.h"
#include "tests/sim/population.h"
#include "tests/sim/survey.h"

// A node behind a home router, and one that was away for a while.

namespace sov::sim {

namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

/// What one node sends, as its router sees it.
class Router {
  public:
    Router(World& world, NodeIndex node) {
        world.on_transmit([this, &world, node](NodeIndex from, const Transmit& datagram) {
            if (from == node) note(world.now(), datagram.to.remote);
        });
    }
    /// The most datagrams in any second so far, and the most mappings at once, each of them kept
    /// for two minutes after the last datagram.
    std::size_t rate_most = 0, flows_most = 0, datagrams = 0;

  private:
    void note(Instant now, const Endpoint& to) {
        ++datagrams;
        lately_.push_back(now);
        while (now - lately_.front() >= seconds(1)) lately_.pop_front();
        rate_most = std::max(rate_most, lately_.size());
        flows_.insert_or_assign(to.text(), now);
        std::erase_if(flows_, [&](const auto& flow) { return now - flow.second >= minutes(2); });
        flows_most = std::max(flows_most, flows_.size());
    }

    std::deque<Instant> lately_;
    std::map<std::string, Instant> flows_;
};

struct LaptopWorld : testing::Test {
    LaptopWorld() : world(options()), population(world, NodePlan{}) {}

    static World::Options options() {
        World::Options options;
        options.seed = 24;
        return options;
    }
    void fill(std::size_t nodes) {
        population.join(nodes, seconds{10});
        ASSERT_TRUE(population.all_ready(minutes{2}));
        world.run_for(minutes{1});
    }
    NodeIndex add_laptop(const Limits& limits) {
        NodePlan plan;
        plan.mode = NodeMode::kAuto;
        plan.filtering = Filtering::kEndpointDependent;
        plan.limits = limits;
        for (int count = 0; count < 3; ++count) plan.bootstraps.push_back(population.anybody());
        return world.add(plan);
    }
    Limits at_home() {
        Limits limits = world.limits();
        limits.flows_max = 128;
        limits.datagrams_per_second = 40;
        return limits;
    }

    bool is_online(NodeIndex node) {
        return world.node(node).status(world.now()).own_record_replicas > 10;
    }
    // Has owners store a value each, with this content.
    void store_values(NodeIndex owners, std::uint8_t content) {
        for (NodeIndex owner = 0; owner < owners; ++owner) {
            world.with(owner, [&](Node& node, Instant now) {
                dht::ValuePut put;
                put.label = "state";
                put.content = {content};
                (void)node.put_value(now, put);
            });
        }
        world.run_for(seconds{10});
    }
    Key value_key(NodeIndex owner) {
        return identity::mutable_key(world.crypto(), world.node(owner).peer_id(), "state");
    }
    void leave_words(NodeIndex from, NodeIndex to, std::uint8_t content) {
        const PeerId peer = world.node(to).peer_id();
        world.with(from, [&](Node& node, Instant now) {
            (void)node.leave_item(now, {peer, identity::ItemUse::kSignal, {content}, seconds{60}});
        });
    }
    void leave_network(NodeIndex node, Duration span) {
        world.net().set_partition(world.endpoint(node, Family::kIpv4), 1);
        world.run_for(span);
        world.net().heal();
    }

    World world;
    Population population;
};

}  // namespace

TEST_F(LaptopWorld, at_home_keeps_128_flows_and_40_datagrams_a_second_and_finds) {
    fill(250);
    const NodeIndex home = add_laptop(at_home());
    Router router(world, home);
    ASSERT_TRUE(world.run_while_not(
        [&] { return world.node(home).status(world.now()).state == DiscoveryState::kReady; },
        minutes{1}));
    Survey survey(world);
    for (int count = 0; count < 40; ++count) {
        survey.find_peer(home, world.node(population.anybody()).peer_id());
        world.run_for(seconds{15});
    }
    EXPECT_TRUE(survey.finish(minutes{1}));
    EXPECT_LE(router.flows_most, 128U);
    EXPECT_LE(router.rate_most, 40U);
    EXPECT_GT(router.flows_most, 64U) << "too little happened to show anything";
    EXPECT_GE(survey.right() * 100, survey.asked() * 95) << survey.first_problem();
    const NodeStatus status = world.node(home).status(world.now());
    EXPECT_GT(status.own_record_replicas, 10U);
    EXPECT_GT(status.flows, 0U);
    const Counters& counters = world.node(home).counters();
    std::printf(
        "flows %zu, rate %zu, found %zu of %zu, waited %llu, dropped %llu of %zu, "
        "unheard %llu\n",
        router.flows_most, router.rate_most, static_cast<std::size_t>(survey.right()),
        static_cast<std::size_t>(survey.asked()),
        static_cast<unsigned long long>(counters.shaped_deferred),
        static_cast<unsigned long long>(counters.shaped_dropped), router.datagrams,
        static_cast<unsigned long long>(counters.drop_shaped));
}

TEST_F(LaptopWorld, at_home_is_not_talked_out_of_its_share_by_strangers) {
    fill(60);
    const NodeIndex home = add_laptop(at_home());
    ASSERT_TRUE(world.run_while_not(
        [&] { return world.node(home).status(world.now()).state == DiscoveryState::kReady; },
        minutes{1}));
    Router router(world, home);
    // Noise from everywhere, and the same finds as before.
    Survey survey(world);
    for (int count = 0; count < 20; ++count) {
        for (std::uint32_t stranger = 0; stranger < 500; ++stranger) {
            const Bytes noise(200, static_cast<std::uint8_t>(stranger));
            world.forge(host_v4(20'000 + stranger), world.endpoint(home, Family::kIpv4), noise,
                        milliseconds(stranger * 20));
        }
        survey.find_peer(home, world.node(population.anybody()).peer_id());
        world.run_for(seconds{10});
    }
    EXPECT_TRUE(survey.finish(minutes{1}));
    EXPECT_LE(router.flows_most, 128U);
    EXPECT_LE(router.rate_most, 40U);
    EXPECT_EQ(survey.right(), survey.asked()) << survey.first_problem();
}

TEST_F(LaptopWorld, that_comes_back_has_recovered_in_five_seconds_without_a_storm) {
    fill(60);
    const NodeIndex laptop = add_laptop(world.limits());
    ASSERT_TRUE(world.run_while_not(
        [&] { return world.node(laptop).status(world.now()).own_record_replicas > 10; },
        minutes{2}));
    // Things that are all due at once when it is back.
    world.with(laptop, [&](Node& node, Instant now) {
        for (std::uint8_t at = 0; at < 8; ++at) (void)node.listen(now, Key{{at, 0x77}}, {});
    });
    world.run_for(minutes{1});
    const std::size_t known = world.node(laptop).table(world.now()).size();
    world.net().set_partition(world.endpoint(laptop, Family::kIpv4), 1);
    world.run_for(minutes{15});
    world.net().heal();
    Router router(world, laptop);
    const Instant back = world.now();
    world.with(laptop, [](Node& node, Instant now) { node.handle_network_change(now); });
    Survey survey(world);
    survey.find_peer(laptop, world.node(population.anybody()).peer_id());
    survey.find_peer(population.anybody(), world.node(laptop).peer_id());
    const auto recovered = [&] {
        const NodeStatus status = world.node(laptop).status(world.now());
        return status.state == DiscoveryState::kReady && status.own_record_replicas > 10 &&
               status.own_record_age < world.now() - back && survey.right() == survey.asked();
    };
    EXPECT_TRUE(world.run_while_not(recovered, seconds{5}, milliseconds{50}));
    std::printf("recovered in %lld ms, ",
                static_cast<long long>((world.now() - back) / milliseconds(1)));
    world.run_for(seconds{20});
    EXPECT_GE(world.node(laptop).table(world.now()).size() * 10, known * 9);
    // 50 requests a second; a new session takes a second datagram, and so does whoever is slow.
    EXPECT_LE(router.rate_most, 100U);
    std::printf("at most %zu datagrams in a second, %zu in all\n", router.rate_most,
                router.datagrams);
}

TEST_F(LaptopWorld, at_home_that_comes_back_has_its_record_and_twenty_listeners_in_five_seconds) {
    constexpr NodeIndex kOwners = 20;
    fill(60);
    store_values(kOwners, 1);
    const NodeIndex laptop = add_laptop(at_home());
    ASSERT_TRUE(world.run_while_not([&] { return is_online(laptop); }, minutes{2}));
    std::map<CommandId, std::uint8_t> newest;
    world.on_event([&](NodeIndex index, const Event& event) {
        const auto* changed = std::get_if<ValueChanged>(&event);
        if (changed != nullptr && index == laptop)
            newest[changed->listen] = changed->value.content.at(0);
    });
    world.with(laptop, [&](Node& node, Instant now) {
        for (NodeIndex owner = 0; owner < kOwners; ++owner)
            (void)node.listen(now, value_key(owner), {});
    });
    const auto told = [&](std::uint8_t content) {
        return std::count_if(newest.begin(), newest.end(),
                             [&](const auto& one) { return one.second == content; });
    };
    ASSERT_TRUE(world.run_while_not([&] { return told(1) == kOwners; }, minutes{3}));
    world.run_for(minutes{1});
    // Values change while it sleeps, for so short a time that it does not miss anybody.
    world.net().set_partition(world.endpoint(laptop, Family::kIpv4), 1);
    store_values(kOwners, 2);
    world.net().heal();
    Router router(world, laptop);
    const Instant back = world.now();
    world.with(laptop, [](Node& node, Instant now) { node.handle_network_change(now); });
    const auto since = [&] {
        return static_cast<long long>((world.now() - back) / milliseconds(1));
    };
    const auto renewed = [&] {
        const NodeStatus status = world.node(laptop).status(world.now());
        return status.own_record_replicas > 10 && status.own_record_age < world.now() - back;
    };
    const auto all_told = [&] { return told(2) == kOwners; };
    EXPECT_TRUE(
        world.run_while_not([&] { return renewed() || all_told(); }, seconds{5}, milliseconds{20}));
    const bool record_first = renewed();
    const long long first = since();
    EXPECT_TRUE(world.run_while_not([&] { return renewed() && all_told(); },
                                    seconds{50} - (world.now() - back), milliseconds{20}));
    EXPECT_LE(world.now() - back, seconds{5});
    std::printf("%s after %lld ms, both after %lld ms, ", record_first ? "record" : "listeners",
                first, since());
    world.run_for(seconds{60});
    EXPECT_LE(router.rate_most, 40U);
    EXPECT_LE(router.flows_most, 128U);
    const Counters& counters = world.node(laptop).counters();
    std::printf("at most %zu datagrams in a second, %zu in a minute, %llu waited, %llu failed\n",
                router.rate_most, router.datagrams,
                static_cast<unsigned long long>(counters.shaped_deferred),
                static_cast<unsigned long long>(counters.requests_failed));
}

// What a call needs: words out, an answer in.
TEST_F(LaptopWorld, at_home_that_comes_back_calls_before_all_else_that_is_due) {
    fill(60);
    const NodeIndex laptop = add_laptop(at_home()), bob = 7;
    ASSERT_TRUE(world.run_while_not([&] { return is_online(laptop); }, minutes{2}));
    std::map<NodeIndex, int> heard;
    world.on_event([&](NodeIndex index, const Event& event) {
        if (std::holds_alternative<ItemArrived>(event)) ++heard[index];
    });
    world.with(bob, [](Node& node, Instant now) {
        (void)node.listen_items(now, identity::ItemUse::kSignal);
    });
    world.with(laptop, [](Node& node, Instant now) {
        (void)node.listen_items(now, identity::ItemUse::kSignal);
        for (std::uint8_t at = 0; at < 20; ++at) (void)node.listen(now, Key{{at, 0x77}}, {});
    });
    world.run_for(minutes{2});
    leave_network(laptop, minutes{15});
    Router router(world, laptop);
    const Instant back = world.now();
    world.with(laptop, [](Node& node, Instant now) { node.handle_network_change(now); });
    world.run_for(milliseconds{200});
    leave_words(laptop, bob, 1);
    EXPECT_TRUE(world.run_while_not([&] { return heard[bob] > 0; }, seconds{3}, milliseconds{10}));
    const auto there = (world.now() - back) / milliseconds(1);
    leave_words(bob, laptop, 2);
    EXPECT_TRUE(
        world.run_while_not([&] { return heard[laptop] > 0; }, seconds{2}, milliseconds{10}));
    EXPECT_LE(world.now() - back, seconds{2});
    std::printf("words were there after %lld ms, the answer here after %lld ms\n",
                static_cast<long long>(there),
                static_cast<long long>((world.now() - back) / milliseconds(1)));
    world.run_for(seconds{20});
    EXPECT_LE(router.rate_most, 40U);
}

TEST_F(LaptopWorld, that_saves_sends_much_less_when_nothing_happens) {
    fill(60);
    const NodeIndex usual = add_laptop(world.limits()), saving = add_laptop(world.limits());
    world.with(saving, [](Node& node, Instant now) {
        Economy economy;
        economy.saves = true;
        economy.serves = false;
        node.set_economy(now, economy);
    });
    world.run_for(minutes{20});
    const auto sent = [&](NodeIndex node) { return world.node(node).counters().datagrams_out; };
    const std::uint64_t usual_before = sent(usual), saving_before = sent(saving);
    world.run_for(minutes{40});
    const std::uint64_t much = sent(usual) - usual_before, little = sent(saving) - saving_before;
    std::printf("%llu datagrams in 40 minutes instead of %llu\n",
                static_cast<unsigned long long>(little), static_cast<unsigned long long>(much));
    EXPECT_LT(little * 4, much * 3);
    Survey survey(world);
    survey.find_peer(saving, world.node(population.anybody()).peer_id());
    survey.find_peer(population.anybody(), world.node(saving).peer_id());
    EXPECT_TRUE(survey.finish(minutes{1}));
    EXPECT_EQ(survey.right(), survey.asked()) << survey.first_problem();
}

}  // namespace sov::sim
