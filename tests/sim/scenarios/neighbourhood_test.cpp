#include "tests/sim/neighbourhood.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "daemon/core/identity/records.h"

// Nodes that find each other without the Internet: on links with multicast and by radio.

namespace sov::sim {

namespace {

using discovery::Medium;
using discovery::Presence;
using discovery::Trust;
using discovery::Visibility;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

class NeighbourhoodTest : public ::testing::Test {
  protected:
    World world{[] {
        World::Options options;
        options.seed = 7;
        options.net.latency_min = options.net.latency_max = std::chrono::milliseconds{1};
        return options;
    }()};
    Neighbourhood near{world};
    std::uint8_t next_host = 1;

    NodeIndex add(Visibility mdns, Visibility ble = Visibility::kPassive, std::uint8_t lan = 1,
                  std::vector<NodeIndex> bootstraps = {}) {
        NodePlan plan;
        plan.local = true;
        plan.mdns.on = true;
        plan.mdns.visibility = mdns;
        plan.ble.on = true;
        plan.ble.visibility = ble;
        plan.bootstraps = std::move(bootstraps);
        plan.address = Endpoint::v4(0x0a000000U | (std::uint32_t{lan} << 8) | next_host++, 6881);
        return world.add(plan);
    }
    NodeIndex plugged(Visibility visibility, int link = 1) {
        const NodeIndex index =
            add(visibility, Visibility::kPassive, static_cast<std::uint8_t>(link));
        near.plug(index, link);
        return index;
    }
    PeerId peer(NodeIndex index) const { return world.node(index).peer_id(); }

    std::optional<discovery::Neighbour> seen(NodeIndex by, NodeIndex whom) const {
        for (const auto& neighbour : world.node(by).neighbours()) {
            if (neighbour.peer == peer(whom)) return neighbour;
        }
        return std::nullopt;
    }
    bool verified(NodeIndex by, NodeIndex whom) const {
        const auto neighbour = seen(by, whom);
        return neighbour && neighbour->trust == Trust::kVerified &&
               neighbour->presence == Presence::kPresent;
    }
    void befriend(NodeIndex one, NodeIndex other) {
        world.with(one, [&](Node& node, Instant now) {
            ASSERT_TRUE(node.add_friend(now, peer(other), "a friend"));
        });
        world.with(other, [&](Node& node, Instant now) {
            ASSERT_TRUE(node.add_friend(now, peer(one), "a friend"));
        });
    }
    bool friends(NodeIndex one, NodeIndex other) const {
        for (const NodeIndex index : {one, other}) {
            const auto all = world.node(index).friends(world.now());
            if (!std::all_of(all.begin(), all.end(), [](const FriendStatus& status) {
                    return status.told && status.recognisable;
                }))
                return false;
        }
        return true;
    }
};

}  // namespace

TEST_F(NeighbourhoodTest, two_on_a_link_find_each_other_and_names_without_anybody_else) {
    const NodeIndex alice = plugged(Visibility::kPublic);
    world.run_for(seconds{30});
    const NodeIndex bob = plugged(Visibility::kPublic);
    ASSERT_TRUE(world.run_while_not([&] { return verified(alice, bob) && verified(bob, alice); },
                                    seconds{2}));
    EXPECT_TRUE(world.run_while_not(
        [&] { return world.node(alice).status(world.now()).state == DiscoveryState::kReady; },
        seconds{10}));
    bool claimed = false;
    world.claim_name(bob, "bob", [&](const Event& event) {
        claimed = std::get<PublishFinished>(event).published.stored > 0;
    });
    ASSERT_TRUE(world.run_while_not([&] { return claimed; }, seconds{10}));
    std::optional<dht::Found> found;
    world.find_name(alice, "bob",
                    [&](const Event& event) { found = std::get<FindFinished>(event).found; });
    ASSERT_TRUE(world.run_while_not([&] { return found.has_value(); }, seconds{10}));
    ASSERT_FALSE(found->error);
    EXPECT_EQ(found->peers[0].peer, peer(bob));
    EXPECT_EQ(found->source, "near") << "the path over the link comes first";
    ASSERT_FALSE(found->peers[0].nodes.empty());
    EXPECT_EQ(found->peers[0].nodes[0].endpoints[0], world.endpoint(bob, Family::kIpv4));
}

TEST_F(NeighbourhoodTest, a_pulled_cable_is_noticed_and_an_expired_record_is_not) {
    const NodeIndex alice = plugged(Visibility::kPublic), bob = plugged(Visibility::kPublic);
    ASSERT_TRUE(world.run_while_not([&] { return verified(alice, bob); }, seconds{5}));
    near.expire(bob);
    for (int second = 0; second < 60; ++second) {
        world.run_for(seconds{1});
        const auto neighbour = seen(alice, bob);
        ASSERT_TRUE(neighbour) << "lost " << second << " s after a mere expiry";
    }
    near.pull(bob);
    world.net().set_partition(world.endpoint(bob, Family::kIpv4), 1);
    EXPECT_TRUE(world.run_while_not([&] { return !seen(alice, bob); }, seconds{20}));
    near.plug(bob, 1);
    world.net().heal();
    EXPECT_TRUE(world.run_while_not([&] { return verified(alice, bob); }, seconds{60}));
}

TEST_F(NeighbourhoodTest, a_restarted_responder_loses_nobody) {
    const NodeIndex alice = plugged(Visibility::kPublic), bob = plugged(Visibility::kPublic);
    ASSERT_TRUE(world.run_while_not([&] { return verified(alice, bob); }, seconds{5}));
    near.set_responder(bob, false);
    world.run_for(seconds{5});
    EXPECT_TRUE(seen(alice, bob));
    near.set_responder(bob, true);
    ASSERT_TRUE(world.run_while_not([&] { return verified(alice, bob); }, seconds{10}));
    // Its own responder, too.
    near.set_responder(alice, false);
    world.run_for(seconds{5});
    EXPECT_TRUE(seen(alice, bob));
    near.set_responder(alice, true);
    EXPECT_TRUE(world.run_while_not([&] { return verified(alice, bob); }, seconds{10}));
}

TEST_F(NeighbourhoodTest, friends_that_are_near_introduce_themselves) {
    const NodeIndex alice = plugged(Visibility::kPublic), bob = plugged(Visibility::kPublic);
    befriend(alice, bob);
    EXPECT_TRUE(world.run_while_not([&] { return friends(alice, bob); }, seconds{60}));
}

TEST_F(NeighbourhoodTest, private_friends_recognise_each_other_and_strangers_learn_nothing) {
    const NodeIndex eve = plugged(Visibility::kPublic);
    // The friends meet once through the DHT, whose first node happens to be Eve's.
    const NodeIndex alice = add(Visibility::kPrivate, Visibility::kPassive, 1, {eve});
    const NodeIndex bob = add(Visibility::kPrivate, Visibility::kPassive, 1, {eve});
    befriend(alice, bob);
    ASSERT_TRUE(world.run_while_not([&] { return friends(alice, bob); }, minutes{5}));
    near.plug(alice, 1);
    near.plug(bob, 1);
    ASSERT_TRUE(world.run_while_not([&] { return verified(alice, bob) && verified(bob, alice); },
                                    seconds{20}));
    // Over hours and epochs it stays so.
    for (int quarter = 0; quarter < 12; ++quarter) {
        world.run_for(minutes{15});
        EXPECT_TRUE(verified(alice, bob)) << quarter;
        EXPECT_FALSE(seen(eve, bob));
        EXPECT_FALSE(seen(eve, alice));
    }
    EXPECT_TRUE(verified(alice, eve)) << "who is public is seen by private ones, too";
    for (const auto& neighbour : world.node(eve).neighbours()) {
        EXPECT_EQ(neighbour.trust, Trust::kUnverified);
        EXPECT_FALSE(neighbour.node);
    }
    for (const auto& said : near.on_air()) {
        if (!said.service || said.from == eve) continue;
        for (const std::string& text : said.service->txt) {
            EXPECT_FALSE(text.starts_with("pk=") || text.starts_with("nk=") ||
                         text.starts_with("id="))
                << text;
        }
    }
}

TEST_F(NeighbourhoodTest, the_layer_can_be_switched_off_and_on_while_running) {
    const NodeIndex alice = plugged(Visibility::kPublic), bob = plugged(Visibility::kPublic);
    ASSERT_TRUE(world.run_while_not([&] { return verified(alice, bob); }, seconds{5}));
    world.with(alice,
               [](Node& node, Instant now) { EXPECT_TRUE(node.set_layer(now, "mdns", false)); });
    EXPECT_TRUE(world.node(alice).neighbours().empty());
    world.run_for(seconds{30});
    EXPECT_TRUE(world.node(alice).neighbours().empty());
    world.with(alice,
               [](Node& node, Instant now) { EXPECT_TRUE(node.set_layer(now, "mdns", true)); });
    EXPECT_TRUE(world.run_while_not([&] { return verified(alice, bob) && verified(bob, alice); },
                                    minutes{2}));
}

TEST_F(NeighbourhoodTest, nothing_on_the_air_of_a_private_node_links_one_epoch_to_another) {
    const NodeIndex alice = add(Visibility::kPrivate, Visibility::kPrivate);
    near.plug(alice, 1);
    near.place(alice, 0);
    world.run_for(hours{24});
    const std::string key_hex = peer(alice).hex();
    std::set<std::string> names, fields;
    std::set<Bytes> adverts;
    std::size_t services = 0;
    for (const auto& said : near.on_air()) {
        if (!said.service) {
            EXPECT_TRUE(
                adverts.insert(Bytes(said.advert.begin() + 1, said.advert.begin() + 9)).second)
                << "a rotating id came twice";
            continue;
        }
        ++services;
        EXPECT_TRUE(names.insert(said.service->instance).second);
        EXPECT_TRUE(names.insert(said.service->host).second);
        EXPECT_EQ(said.service->instance.size(), near.on_air()[0].service->instance.size());
        for (const std::string& text : said.service->txt) {
            EXPECT_EQ(text.find(key_hex.substr(0, 16)), std::string::npos);
            // What stays the same is the same for everybody of the network.
            if (text.starts_with("txtvers=") || text.starts_with("p=") || text.starts_with("n=") ||
                text.starts_with("u="))
                continue;
            EXPECT_TRUE(fields.insert(text).second) << text << " was said in two epochs";
        }
    }
    EXPECT_GE(services, 96U);
    EXPECT_GE(adverts.size(), 96U);
}

TEST_F(NeighbourhoodTest, a_friend_in_radio_range_is_recognised_and_vanishes_without_flapping) {
    const NodeIndex alice = add(Visibility::kPublic, Visibility::kPrivate);
    const NodeIndex bob = add(Visibility::kPublic, Visibility::kPrivate);
    near.plug(alice, 1);
    near.plug(bob, 1);
    befriend(alice, bob);
    ASSERT_TRUE(world.run_while_not([&] { return friends(alice, bob); }, seconds{60}));
    near.pull(alice);
    near.pull(bob);
    world.net().set_partition(world.endpoint(bob, Family::kIpv4), 1);
    ASSERT_TRUE(world.run_while_not([&] { return !seen(alice, bob); }, minutes{1}));
    world.run_for(minutes{1});

    near.place(alice, 0);
    near.place(bob, 2);
    const auto heard = [&] {
        const auto neighbour = seen(alice, bob);
        return neighbour && neighbour->proximity && neighbour->trust >= Trust::kRecognised;
    };
    ASSERT_TRUE(world.run_while_not(heard, minutes{3}));
    world.run_for(minutes{1});
    ASSERT_TRUE(heard());
    EXPECT_LT(seen(alice, bob)->proximity->distance_cm, 600U);
    EXPECT_EQ(seen(alice, bob)->trust, Trust::kVerified)
        << "by a link, since no packet gets through";
    EXPECT_EQ(seen(bob, alice)->trust, Trust::kVerified);
    EXPECT_GT(near.frames_carried(), 30U) << "records of both went at MTU 23";
    for (int minute = 0; minute < 60; ++minute) {
        near.change_device(bob);
        world.run_for(minutes{1});
        EXPECT_TRUE(heard()) << "minute " << minute;
    }
    near.take_radio(bob);
    EXPECT_TRUE(world.run_while_not([&] { return !seen(alice, bob); }, minutes{10}));
}

TEST_F(NeighbourhoodTest, a_private_node_names_a_public_one_in_radio_range_and_stays_unnamed) {
    const NodeIndex alice = add(Visibility::kPublic, Visibility::kPrivate);
    const NodeIndex bob = add(Visibility::kPublic, Visibility::kPublic);
    near.place(alice, 0);
    near.place(bob, 2);
    const auto signed_by_bob = [&] {
        const auto neighbour = seen(alice, bob);
        return neighbour && neighbour->trust == Trust::kSigned;
    };
    EXPECT_TRUE(world.run_while_not(signed_by_bob, minutes{2}));
    world.run_for(minutes{2});
    EXPECT_FALSE(seen(bob, alice));
    EXPECT_EQ(near.frames_carried(), 0U) << "reading is not speaking";
}

}  // namespace sov::sim
