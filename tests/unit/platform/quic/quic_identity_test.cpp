#include "tests/unit/platform/quic/quic_fixture.h"

// Who may connect to whom.

namespace sov::quic {

namespace {

CertificateWish without_certificate() {
    CertificateWish wish = lasting_certificate();
    wish.copies = 0;
    return wish;
}
CertificateWish expired() {
    CertificateWish wish = lasting_certificate();
    wish.not_after = 1'600'000'000'000;
    return wish;
}
CertificateWish two_certificates() {
    CertificateWish wish = lasting_certificate();
    wish.copies = 2;
    return wish;
}
CertificateWish without_identity() {
    CertificateWish wish = lasting_certificate();
    wish.with_identity = false;
    return wish;
}
CertificateWish with_false_signature() {
    CertificateWish wish = lasting_certificate();
    wish.with_true_signature = false;
    return wish;
}
CertificateWish with_foreign_extension() {
    CertificateWish wish = lasting_certificate();
    wish.with_foreign_critical_extension = true;
    return wish;
}

const CertificateWish kBad[] = {without_certificate(),  expired(),
                                two_certificates(),     without_identity(),
                                with_false_signature(), with_foreign_extension()};

}  // namespace

TEST_F(QuicPair, connects_when_both_have_proven_who_they_are) {
    ASSERT_NO_FATAL_FAILURE(connect());
    const auto at_dialler = ann.all<ports::Connected>().front();
    const auto at_listener = bob.all<ports::Connected>().front();
    EXPECT_EQ(at_dialler.peer, bob.peer());
    EXPECT_EQ(at_dialler.remote, bob_at);
    EXPECT_FALSE(at_dialler.inbound);
    EXPECT_EQ(at_listener.peer, ann.peer());
    EXPECT_EQ(at_listener.remote, ann_at);
    EXPECT_TRUE(at_listener.inbound);
}

TEST_F(QuicPair, takes_two_round_trips_until_the_dialler_knows_that_it_was_accepted) {
    meet();
    const Instant begun = wire.now;
    dial(bob.peer());
    ASSERT_TRUE(wire.run([&] { return bob.count<ports::Connected>() == 1; }));
    EXPECT_EQ(wire.now - begun, 3 * wire.latency);
    EXPECT_EQ(ann.count<ports::Connected>(), 0u);
    ASSERT_TRUE(wire.run([&] { return ann.count<ports::Connected>() == 1; }));
    EXPECT_EQ(wire.now - begun, 4 * wire.latency);
}

TEST_F(QuicPair, does_not_connect_to_another_peer_than_the_one_dialled) {
    meet();
    dial(ann.peer());
    wire.pass(seconds{5});
    ASSERT_EQ(ann.count<ports::Closed>(), 1u);
    EXPECT_EQ(ann.all<ports::Closed>().front().reason, CloseReason::kWrongPeer);
    EXPECT_EQ(ann.count<ports::Connected>() + bob.count<ports::Connected>(), 0u);
    EXPECT_TRUE(bob.events.empty());
    EXPECT_EQ(bob.transport->counters().refused, 1u);
    EXPECT_EQ(bob.transport->connection_count(), 0u);
}

TEST_F(QuicPair, is_refused_by_the_listener_without_a_good_certificate) {
    for (const CertificateWish& bad : kBad) {
        SCOPED_TRACE(&bad - kBad);
        meet({}, {}, bad);
        dial(bob.peer());
        wire.pass(seconds{5});
        EXPECT_EQ(ann.count<ports::Connected>() + bob.count<ports::Connected>(), 0u);
        ASSERT_EQ(ann.count<ports::Closed>(), 1u);
        EXPECT_EQ(ann.all<ports::Closed>().front().reason, CloseReason::kRefused);
        EXPECT_TRUE(bob.events.empty());
        EXPECT_EQ(bob.transport->counters().refused, 1u);
    }
}

TEST_F(QuicPair, refuses_a_listener_without_a_good_certificate) {
    for (const CertificateWish& bad : kBad) {
        SCOPED_TRACE(&bad - kBad);
        if (bad.copies == 0) continue;  // a TLS server always has one
        meet({}, {}, lasting_certificate(), bad);
        dial(bob.peer());
        wire.pass(seconds{5});
        EXPECT_EQ(ann.count<ports::Connected>() + bob.count<ports::Connected>(), 0u);
        ASSERT_EQ(ann.count<ports::Closed>(), 1u);
        EXPECT_EQ(ann.all<ports::Closed>().front().reason, CloseReason::kBadCertificate);
        EXPECT_TRUE(bob.events.empty());
    }
}

TEST_F(QuicPair, reports_no_answer_when_nobody_is_there) {
    meet();
    wire.detach(bob_at);
    dial(bob.peer());
    wire.pass(seconds{11});
    ASSERT_EQ(ann.count<ports::Closed>(), 1u);
    EXPECT_EQ(ann.all<ports::Closed>().front().reason, CloseReason::kNoAnswer);
    EXPECT_EQ(ann.transport->next_timeout(), kNever);
}

// The server's word counts, not the client's own: what makes the listener's last flight vanish
// keeps the dialler from believing that it is connected.
TEST_F(QuicPair, is_not_connected_while_the_listeners_acceptance_is_lost) {
    meet();
    dial(bob.peer());
    ASSERT_TRUE(wire.run([&] { return bob_path->sent > 0; }));
    wire.pass(wire.latency);
    wire.on_wire = [&](VirtualWire::Packet& packet) { return packet.from != bob_at; };
    ASSERT_TRUE(wire.run([&] { return bob.count<ports::Connected>() == 1; }));
    wire.pass(seconds{3});
    EXPECT_EQ(ann.count<ports::Connected>(), 0u);
    wire.on_wire = [](VirtualWire::Packet&) { return true; };
    EXPECT_TRUE(wire.run([&] { return ann.count<ports::Connected>() == 1; }, seconds{30}));
}

TEST_F(QuicPair, refuses_to_dial_what_can_not_be_dialled) {
    meet();
    auto& transport = *ann.transport;
    const PeerId peer = bob.peer();
    EXPECT_EQ(transport.dial(wire.now, *ann_path, Endpoint::v4(0xe0000001, 1), peer, {}).error(),
              Errc::kInvalidArgument);
    EXPECT_EQ(
        transport.dial(wire.now, *ann_path, *Endpoint::parse("[2001:db8::1]:1"), peer, {}).error(),
        Errc::kInvalidArgument);
    EXPECT_EQ(transport.dial(wire.now, *ann_path, bob_at, peer, {Duration{0}}).error(),
              Errc::kInvalidArgument);
}

}  // namespace sov::quic
