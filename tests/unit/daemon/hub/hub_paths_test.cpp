#include "daemon/core/base/rng.h"
#include "tests/unit/daemon/hub/hub_world.h"

namespace sov::hub {
namespace {

const Endpoint kNewPlace = Endpoint::v4(0xc6336465, 4901);

/// From now on a peer's datagrams come from elsewhere, and the old address is nobody's.
void relocate(HubWorld& world, const Endpoint& from, const Endpoint& to) {
    world.wire.alias(to, from);
    world.wire.on_wire = [from, to](quic::VirtualWire::Packet& packet) {
        if (packet.to == from) return false;
        if (packet.from == from) packet.from = to;
        return true;
    };
}

TEST_F(HubWorld, the_same_streams_go_on_when_our_address_changes) {
    Peer& ann = peer(1);
    Peer& bob = peer(2);
    const auto stream = open(ann, bob);
    const auto theirs = bob.app.first().id;
    bob.app.send(theirs, pattern(64 << 10), false);
    ASSERT_TRUE(run([&] { return ann.app.got[stream].size() == 64U << 10; }));
    for (std::uint16_t move = 0; move < 3; ++move) {
        Endpoint place = kNewPlace;
        place.port = static_cast<std::uint16_t>(place.port + move);
        relocate(*this, ann.at, place);
        // Ann has nothing to say, so that only the news of the network can help.
        bob.app.send(theirs, pattern(64 << 10), false);
        pass(milliseconds{100});
        ann.hub->handle_network_change(wire.now);
        const std::size_t all = (2U + move) * (64U << 10);
        ASSERT_TRUE(run([&] { return ann.app.got[stream].size() == all; }, seconds{3})) << move;
        EXPECT_TRUE(
            run([&] { return bob.hub->connection(ann.id())->remote == place; }, seconds{1}));
        pass(seconds{2});
    }
    EXPECT_EQ(bob.count<PathChanged>(), 3U);
    EXPECT_TRUE(ann.app.over.empty() && bob.app.over.empty());
    EXPECT_EQ(ann.count<ConnectionClosed>() + bob.count<ConnectionClosed>(), 0U);
}

TEST_F(HubWorld, a_bulk_transfer_loses_no_byte_when_our_address_changes) {
    Peer& ann = peer(1);
    Peer& bob = peer(2);
    const auto stream = open(ann, bob);
    const Bytes sent = pattern(8 << 20);
    ann.app.send(stream, sent, true);
    pass(milliseconds{200});
    relocate(*this, ann.at, kNewPlace);
    ann.hub->handle_network_change(wire.now);
    ASSERT_TRUE(run([&] { return bob.app.ended[bob.app.first().id]; }, seconds{60}));
    EXPECT_EQ(bob.app.got[bob.app.first().id], sent);
}

TEST_F(HubWorld, a_held_peer_is_tried_again_at_once_when_the_network_changes) {
    Peer& ann = peer(1);
    Peer& bob = peer(2);
    ASSERT_TRUE(ann.hub->hold(wire.now, bob.id()).has_value());
    directory[bob.id()] = {};
    pass(seconds{120});
    directory[bob.id()] = {{bob.at, DialAddress::Source::kRecord}};
    ann.hub->handle_network_change(wire.now);
    EXPECT_TRUE(run([&] { return ann.hub->connection(bob.id()).has_value(); }, seconds{1}));
}

/// A host with both families that loses IPv4, and a peer that is reached over both.
class HubOfTwoFamilies : public HubWorld {
  public:
    static Endpoint v6_of(std::uint8_t seed) {
        return *Endpoint::parse("[2001:db8::" + std::to_string(seed) + "]:4000");
    }
    Peer& both(std::uint8_t seed) {
        Peer& made = peer(seed);
        more.push_back(wire.attach(&made.party, v6_of(seed)));
        made.hub->set_path(Family::kIpv6, more.back().get());
        return made;
    }
    void lose_ipv4() {
        wire.on_wire = [](quic::VirtualWire::Packet& packet) {
            return packet.from.family == Family::kIpv6;
        };
        for (auto& [id, addresses] : directory) {
            for (auto& [seed, each] : peers) {
                if (each->id() == id) addresses = {{v6_of(seed), DialAddress::Source::kRecord}};
            }
        }
    }
    std::vector<std::unique_ptr<quic::WirePath>> more;
};

TEST_F(HubOfTwoFamilies, replaces_a_connection_that_only_rested_when_its_family_is_gone) {
    Peer &ann = both(1), &bob = both(2);
    connect(ann, bob);
    pass(seconds{20});
    lose_ipv4();
    ann.hub->handle_network_change(wire.now);
    pass(seconds{1});
    const Instant asked = wire.now;
    const ConnectionView found = connect(ann, bob);
    EXPECT_LT(wire.now - asked, seconds{1});
    EXPECT_EQ(found.remote, v6_of(2));
    const auto stream = open(ann, bob);
    ASSERT_EQ(bob.app.opened.size(), 1U);
    bob.app.send(bob.app.first().id, pattern(5000), false);
    EXPECT_TRUE(run([&] { return ann.app.got[stream].size() == 5000; }, seconds{1}));
    EXPECT_EQ(ann.hub->connections().size(), 1U) << "the old one was given up";
}

TEST_F(HubOfTwoFamilies, opens_a_stream_at_once_though_the_old_connection_is_dead) {
    Peer &ann = both(1), &bob = both(2);
    connect(ann, bob);
    pass(seconds{1});  // both of one race: the old one would stay
    lose_ipv4();
    ann.hub->handle_network_change(wire.now);
    pass(seconds{1});
    (void)ann.hub->open_stream(wire.now, bob.id(), {kTalk}, ann.app);
    const auto there = [&] { return ann.hub->connection(bob.id())->remote == v6_of(2); };
    EXPECT_TRUE(run([&] { return bob.app.opened.size() == 1 && there(); }, seconds{1}));
}

TEST_F(HubOfTwoFamilies, connects_anew_to_a_peer_somebody_has_interest_in) {
    Peer &ann = both(1), &bob = both(2);
    ASSERT_TRUE(ann.hub->hold(wire.now, bob.id()).has_value());
    ASSERT_TRUE(run([&] { return ann.hub->connection(bob.id()).has_value(); }));
    pass(seconds{10});
    lose_ipv4();
    ann.hub->handle_network_change(wire.now);
    const auto moved = [&] {
        const auto there = ann.hub->connection(bob.id());
        return there && there->remote == v6_of(2);
    };
    EXPECT_TRUE(run(moved, seconds{5}));
    pass(seconds{30});
    EXPECT_EQ(ann.count<ConnectionOpened>(), 2U);
    EXPECT_EQ(ann.count<ConnectionClosed>(), 1U);
}

TEST_F(HubWorld, a_connection_that_answers_after_all_is_good_enough) {
    Peer &ann = peer(1), &bob = peer(2);
    connect(ann, bob);
    pass(seconds{10});
    bool down = true;
    wire.on_wire = [&](quic::VirtualWire::Packet&) { return !down; };
    directory.clear();
    directory_answers = false;
    ann.hub->handle_network_change(wire.now);
    pass(seconds{1});
    const CommandId command = ann.hub->connect(wire.now, bob.id(), {});
    pass(seconds{1});
    EXPECT_FALSE(ann.finished(command).has_value()) << "a connection that seems dead is no answer";
    down = false;
    EXPECT_TRUE(run([&] { return ann.finished(command).has_value(); }, seconds{5}));
    EXPECT_TRUE(ann.finished(command) && ann.finished(command)->outcome.has_value());
    EXPECT_EQ(ann.count<ConnectionClosed>() + bob.count<ConnectionClosed>(), 0U);
}

TEST_F(HubWorld, a_cable_that_flaps_costs_a_connection_that_rests_nothing_but_a_word) {
    Peer &ann = peer(1), &bob = peer(2);
    ASSERT_TRUE(ann.hub->hold(wire.now, bob.id()).has_value());
    ASSERT_TRUE(run([&] { return ann.hub->connection(bob.id()).has_value(); }));
    pass(seconds{10});
    bool down = false;
    std::size_t datagrams = 0;
    wire.on_wire = [&](quic::VirtualWire::Packet&) {
        ++datagrams;
        return !down;
    };
    constexpr std::size_t kFlaps = 150;
    for (std::size_t flap = 0; flap < kFlaps; ++flap) {
        down = !down;
        ann.hub->handle_network_change(wire.now);
        pass(seconds{1});
    }
    EXPECT_EQ(ann.count<ConnectionClosed>() + bob.count<ConnectionClosed>(), 0U);
    EXPECT_EQ(ann.count<ConnectionOpened>(), 1U);
    EXPECT_LT(datagrams, 20 * kFlaps);
    RecordProperty("datagrams", static_cast<int>(datagrams));
}

TEST_F(HubWorld, streams_go_on_however_fast_changes_follow_one_another) {
    for (std::uint8_t lost = 0; lost < 4; ++lost) {
        Peer& ann = peer(static_cast<std::uint8_t>(1 + 2 * lost));
        Peer& bob = peer(static_cast<std::uint8_t>(2 + 2 * lost));
        const auto stream = open(ann, bob);
        const auto theirs = bob.app.first().id;
        Rng rng(lost);
        wire.on_wire = [&](quic::VirtualWire::Packet&) { return rng.below(8) >= lost; };
        std::size_t sent = 0;
        for (int change = 0; change < 60; ++change) {
            bob.app.send(theirs, pattern(3000), false);
            ann.app.send(stream, pattern(3000), false);
            sent += 3000;
            ann.hub->handle_network_change(wire.now);
            pass(milliseconds{rng.below(60)});
        }
        EXPECT_TRUE(run([&] { return ann.app.got[stream].size() == sent; })) << int{lost};
        EXPECT_TRUE(run([&] { return bob.app.got[theirs].size() == sent; })) << int{lost};
        for (const auto& closed : ann.all<ConnectionClosed>()) ADD_FAILURE() << closed.words;
        for (const auto& closed : bob.all<ConnectionClosed>()) ADD_FAILURE() << closed.words;
        wire.on_wire = [](quic::VirtualWire::Packet&) { return true; };
    }
}

TEST_F(HubWorld, streams_go_on_however_often_addresses_changed_before) {
    Peer &ann = peer(1), &bob = peer(2);
    const auto stream = open(ann, bob);
    const auto theirs = bob.app.first().id;
    wire.on_wire = [](quic::VirtualWire::Packet&) { return false; };
    for (int change = 0; change < 8; ++change) {
        ann.hub->handle_network_change(wire.now);
        pass(milliseconds{400});
    }
    relocate(*this, ann.at, kNewPlace);
    ann.hub->handle_network_change(wire.now);
    bob.app.send(theirs, pattern(64 << 10), false);
    EXPECT_TRUE(run([&] { return ann.app.got[stream].size() == 64U << 10; }, seconds{3}));
}

}  // namespace
}  // namespace sov::hub
