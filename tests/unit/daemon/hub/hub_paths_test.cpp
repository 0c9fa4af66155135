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

}  // namespace
}  // namespace sov::hub
