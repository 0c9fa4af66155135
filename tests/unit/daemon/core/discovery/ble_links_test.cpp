#include "daemon/core/discovery/ble_links.h"

#include <gtest/gtest.h>

#include "tests/unit/daemon/core/discovery/ble_air.h"

namespace sov::discovery {

using std::chrono::seconds;

class BleLinksTest : public ::testing::Test {
  protected:
    BleAir air;

    BleAir::Device& private_device(std::uint8_t user) {
        return air.add(Visibility::kPrivate, user);
    }
    BleAir::Device& public_device(std::uint8_t user) { return air.add(Visibility::kPublic, user); }
    void start_all() {
        for (auto& device : air.devices) air.start(*device);
    }
    static Trust trust(const BleAir::Device& device, const BleAir::Device& in) {
        const Evidence* evidence = device.about(in.peer());
        return evidence == nullptr ? Trust::kUnverified : evidence->trust;
    }
    static bool knows(const BleAir::Device& device, const Contact& contact) {
        return std::any_of(device.probes.begin(), device.probes.end(), [&](const Contact& known) {
            return known.key == contact.key && known.v4 == contact.v4;
        });
    }
    // What a stranger gets for this message on a link of its own.
    std::vector<Bytes> ask(BleAir::Device& device, ByteView message) {
        const LinkId link = air.connect(device);
        air.notified.clear();
        FrameCutter cutter;
        for (const Bytes& frame : cutter.cut(1, message, kFrameBytesMin))
            air.report(device, LinkFrame{link, Characteristic::kHandshake, frame});
        return air.notified;
    }
};

TEST_F(BleLinksTest, let_friends_prove_themselves_and_tell_where_their_nodes_are) {
    auto& alice = private_device(1);
    auto& bob = private_device(2);
    BleAir::befriend(alice, bob);
    start_all();
    air.run_for(seconds(5));
    EXPECT_EQ(trust(alice, bob), Trust::kVerified);
    EXPECT_EQ(trust(bob, alice), Trust::kVerified);
    EXPECT_EQ(alice.about(bob.peer())->node, air.node_of(bob).key);
    EXPECT_EQ(alice.about(bob.peer())->capabilities, 5u);
    EXPECT_TRUE(knows(alice, air.node_of(bob)));
    EXPECT_TRUE(knows(bob, air.node_of(alice)));
    EXPECT_EQ(alice.opened + bob.opened, 1u) << "one link, by the lower id";
    EXPECT_EQ(alice.peer() < bob.peer() ? alice.opened : bob.opened, 1u);
    EXPECT_TRUE(air.wires.empty()) << "closed when all was said";
}

TEST_F(BleLinksTest, say_nothing_in_the_clear_that_names_a_private_peer) {
    auto& alice = private_device(1);
    auto& bob = private_device(2);
    BleAir::befriend(alice, bob);
    start_all();
    air.run_for(seconds(5));
    ASSERT_EQ(trust(alice, bob), Trust::kVerified);
    Bytes all;
    for (const Bytes& frame : air.frames) all.insert(all.end(), frame.begin() + 2, frame.end());
    for (const auto* device : {&alice, &bob}) {
        const Bytes& info = device->service.info;
        all.insert(all.end(), info.begin(), info.end());
        EXPECT_TRUE(device->service.record.empty());
        const PeerId peer = device->peer();
        // A part would be enough to tell.
        EXPECT_EQ(std::search(all.begin(), all.end(), peer.bytes.begin(), peer.bytes.begin() + 8),
                  all.end());
        const NodeKey node = air.node_of(*device).key;
        EXPECT_EQ(std::search(all.begin(), all.end(), node.bytes.begin(), node.bytes.end()),
                  all.end());
    }
}

TEST_F(BleLinksTest, are_not_opened_between_private_strangers) {
    auto& alice = private_device(1);
    auto& bob = private_device(2);
    start_all();
    air.run_for(seconds(120));
    EXPECT_EQ(alice.opened + bob.opened, 0u);
    ASSERT_FALSE(alice.told.empty());
    EXPECT_EQ(alice.told.back().trust, Trust::kUnverified);
    EXPECT_FALSE(alice.told.back().peer);
}

TEST_F(BleLinksTest, give_a_stranger_no_answer_in_private_mode) {
    auto& alice = private_device(1);
    start_all();
    Bytes hello(LinkHandshake::kHelloBytes, 0x77);
    EXPECT_TRUE(ask(alice, hello).empty());
    EXPECT_EQ(air.closed.size(), 1u);
}

TEST_F(BleLinksTest, give_an_answer_to_a_friends_greeting_only_under_the_rid_it_was_made_for) {
    auto& alice = private_device(1);
    auto& bob = private_device(2);
    BleAir::befriend(alice, bob);
    start_all();
    air.run_for(seconds(1));
    const Rid rid = decode_advert(alice.said.service_data)->rid;
    Bytes hello(32, 0x55);
    const auto greeting = bob.recognition.greet(air.now, Medium::kBle, rid, hello);
    ASSERT_TRUE(greeting);
    hello.insert(hello.end(), greeting->begin(), greeting->end());
    air.run_for(seconds(60));
    EXPECT_FALSE(ask(alice, hello).empty());
    Bytes changed = hello;
    changed[0] ^= 1;
    air.run_for(seconds(30));
    EXPECT_TRUE(ask(alice, changed).empty()) << "for another ephemeral key";
    air.run_for(std::chrono::minutes(16));
    EXPECT_TRUE(ask(alice, hello).empty()) << "a copy could tell that this is the same device";
}

TEST_F(BleLinksTest, refuse_a_proof_of_somebody_who_is_no_friend) {
    auto& alice = private_device(1);
    auto& bob = private_device(2);
    // Bob got hold of Alice's presence key; she never added him.
    bob.recognition.set_friends({{alice.peer(), alice.presence}});
    start_all();
    air.run_for(seconds(20));
    EXPECT_GE(bob.opened, 1u);
    EXPECT_FALSE(alice.about(bob.peer()));
    EXPECT_TRUE(bob.probes.empty());
    EXPECT_TRUE(alice.probes.empty());
}

TEST_F(BleLinksTest, do_not_tell_who_they_are_to_another_than_the_one_they_called) {
    auto& alice = private_device(1);
    auto& bob = private_device(2);
    auto& mallory = public_device(3);
    BleAir::befriend(alice, bob);
    start_all();
    // Mallory repeats Bob's advert and answers in his place, as far as that goes.
    bob.in_range = false;
    mallory.said = bob.said;
    air.run_for(seconds(60));
    ASSERT_TRUE(alice.about(bob.peer()));
    EXPECT_EQ(trust(alice, bob), Trust::kRecognised) << "a hint and no more";
    EXPECT_FALSE(mallory.about(alice.peer()));
}

TEST_F(BleLinksTest, read_a_public_peers_record_without_saying_who_reads) {
    auto& alice = private_device(1);
    auto& bob = public_device(2);
    start_all();
    air.run_for(seconds(5));
    EXPECT_EQ(trust(alice, bob), Trust::kSigned);
    EXPECT_EQ(alice.about(bob.peer())->node, air.node_of(bob).key);
    EXPECT_FALSE(alice.probes.empty());
    EXPECT_TRUE(air.frames.empty());
    EXPECT_FALSE(bob.about(alice.peer()));
}

TEST_F(BleLinksTest, verify_each_other_between_two_public_strangers_but_tell_no_lan_addresses) {
    auto& alice = public_device(1);
    auto& bob = public_device(2);
    start_all();
    air.run_for(seconds(5));
    EXPECT_EQ(trust(alice, bob), Trust::kVerified);
    EXPECT_EQ(trust(bob, alice), Trust::kVerified);
    EXPECT_EQ(alice.opened + bob.opened, 1u);
    EXPECT_FALSE(knows(alice, air.node_of(bob)));
    EXPECT_FALSE(knows(bob, air.node_of(alice)));
}

TEST_F(BleLinksTest, verify_a_friend_who_is_public_while_we_are_private) {
    auto& alice = private_device(1);
    auto& bob = public_device(2);
    BleAir::befriend(alice, bob);
    start_all();
    air.run_for(seconds(5));
    EXPECT_EQ(trust(alice, bob), Trust::kVerified);
    EXPECT_TRUE(knows(alice, air.node_of(bob)));
    EXPECT_TRUE(knows(bob, air.node_of(alice)));
}

TEST_F(BleLinksTest, never_become_more_than_two_of_a_node_and_serve_everybody_in_turn) {
    auto& alice = private_device(1);
    std::vector<std::pair<PeerId, PresenceKey>> friends;
    for (std::uint8_t user = 2; user < 10; ++user) {
        auto& device = private_device(user);
        device.recognition.set_friends({{alice.peer(), alice.presence}});
        friends.emplace_back(device.peer(), device.presence);
    }
    alice.recognition.set_friends(friends);
    start_all();
    air.run_for(seconds(240));
    EXPECT_LE(air.most_wires, BleLinks::kLinksMax);
    for (const auto& [peer, key] : friends) {
        ASSERT_TRUE(alice.about(peer));
        EXPECT_EQ(alice.about(peer)->trust, Trust::kVerified);
    }
}

TEST_F(BleLinksTest, of_another_network_understand_nothing) {
    auto& alice = public_device(1);
    air.network = NetworkId{{8}};
    auto& bob = public_device(2);
    start_all();
    air.run_for(seconds(60));
    EXPECT_FALSE(alice.about(bob.peer()) || bob.about(alice.peer()));
}

TEST_F(BleLinksTest, try_again_with_growing_pauses_when_frames_get_lost) {
    auto& alice = private_device(1);
    auto& bob = private_device(2);
    BleAir::befriend(alice, bob);
    air.on_frame = [](Bytes&) { return false; };
    start_all();
    air.run_for(seconds(300));
    const std::size_t opened = alice.opened + bob.opened;
    EXPECT_GE(opened, 5u);
    EXPECT_LE(opened, 30u);
    EXPECT_EQ(trust(alice, bob), Trust::kRecognised);
    air.on_frame = nullptr;
    air.run_for(seconds(400));
    EXPECT_EQ(trust(alice, bob), Trust::kVerified);
}

TEST_F(BleLinksTest, end_when_a_single_bit_was_changed_anywhere) {
    // The last one only says that there is no more.
    constexpr std::size_t kFrames = 43;
    for (std::size_t victim = 0; victim < kFrames; ++victim) {
        BleAir room;
        auto& alice = room.add(Visibility::kPrivate, 1);
        auto& bob = room.add(Visibility::kPrivate, 2);
        BleAir::befriend(alice, bob);
        std::size_t at = 0;
        room.on_frame = [&](Bytes& frame) {
            if (at++ == victim) frame.back() ^= 1;
            return true;
        };
        room.start(alice);
        room.start(bob);
        room.run_for(seconds(1));
        EXPECT_EQ(knows(alice, room.node_of(bob)) && knows(bob, room.node_of(alice)),
                  victim == kFrames - 1)
            << "frame " << victim << " of " << at;
    }
}

TEST_F(BleLinksTest, that_say_nothing_are_closed_and_leave_room_for_others) {
    auto& alice = private_device(1);
    auto& bob = private_device(2);
    BleAir::befriend(alice, bob);
    start_all();
    const LinkId first = air.connect(alice), second = air.connect(alice);
    EXPECT_EQ(air.closed, std::vector{second}) << "one stranger at a time";
    air.run_for(seconds(30));
    EXPECT_EQ(air.closed, (std::vector{second, first}));
    EXPECT_EQ(trust(alice, bob), Trust::kVerified);
}

TEST_F(BleLinksTest, of_strangers_end_when_the_rid_changes) {
    auto& alice = private_device(1);
    start_all();
    const Rid before = decode_advert(alice.said.service_data)->rid;
    bool open_at_change = false;
    for (int second = 0; second < 1000; ++second) {
        const std::size_t closed = air.closed.size();
        if (second % 5 == 0) air.connect(alice);
        air.run_for(seconds(1));
        const auto said = decode_advert(alice.said.service_data);
        if (!said || said->rid == before) continue;
        open_at_change = air.closed.size() > closed;
        break;
    }
    EXPECT_TRUE(open_at_change);
}

TEST_F(BleLinksTest, are_renewed_before_the_proof_lapses) {
    auto& alice = private_device(1);
    auto& bob = private_device(2);
    BleAir::befriend(alice, bob);
    start_all();
    air.run_for(seconds(5));
    alice.told.clear();
    air.run_for(std::chrono::hours(3));
    for (const Evidence& evidence : alice.told) EXPECT_EQ(evidence.trust, Trust::kVerified);
    EXPECT_LE(alice.opened + bob.opened, 6u);
}

TEST_F(BleLinksTest, whose_proof_lapsed_leave_a_recognised_friend) {
    auto& alice = private_device(1);
    auto& bob = private_device(2);
    BleAir::befriend(alice, bob);
    start_all();
    air.run_for(seconds(5));
    air.on_frame = [](Bytes&) { return false; };
    air.run_for(std::chrono::minutes(61));
    EXPECT_EQ(trust(alice, bob), Trust::kRecognised);
}

TEST_F(BleLinksTest, keep_a_silent_neighbour_whose_node_answers_on_the_lan) {
    auto& alice = private_device(1);
    auto& bob = private_device(2);
    BleAir::befriend(alice, bob);
    start_all();
    air.run_for(seconds(5));
    const Contact node = air.node_of(bob);
    alice.layer.on_probed(air.now, {node.key, node.v4, true});
    bob.in_range = false;
    for (int second = 0; second < 600; ++second) {
        air.run_for(seconds(1));
        for (const Contact& check : std::exchange(alice.checks, {})) {
            EXPECT_EQ(check.v4, node.v4);
            alice.layer.on_probed(air.now, {check.key, check.v4, true});
        }
    }
    EXPECT_EQ(alice.about(bob.peer())->presence, Presence::kFading);
    air.run_for(seconds(60));  // nobody answers any more
    EXPECT_EQ(alice.about(bob.peer())->presence, Presence::kLost);
}

TEST_F(BleLinksTest, end_with_the_radio) {
    auto& alice = private_device(1);
    start_all();
    air.connect(alice);
    air.report(alice, RadioChanged{RadioState::kOff, "", "hci0", false, false, false});
    air.report(alice, RadioChanged{RadioState::kWorking, "", "hci0", true, true, true});
    EXPECT_TRUE(air.closed.empty());
    air.connect(alice);
    EXPECT_TRUE(air.closed.empty()) << "the old one takes no room";
}

TEST_F(BleLinksTest, do_not_read_more_than_their_messages) {
    auto& alice = private_device(1);
    start_all();
    for (const Bytes& frame :
         {Bytes{}, Bytes{1}, Bytes{1, 0x80}, Bytes{1, 0x05, 7}, Bytes{1, 0x80, 7}}) {
        const std::size_t before = air.closed.size();
        const LinkId link = air.connect(alice);
        air.report(alice, LinkFrame{link, Characteristic::kHandshake, frame});
        EXPECT_EQ(air.closed.size(), before + 1) << to_hex(frame);
    }
    const LinkId link = air.connect(alice);
    air.report(alice, LinkFrame{link, Characteristic::kSignal, Bytes{1, 0x80, 7}});
    EXPECT_EQ(air.closed.size(), 6u) << "nothing is said before the proof";
}

}  // namespace sov::discovery
