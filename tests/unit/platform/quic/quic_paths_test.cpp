#include "tests/unit/platform/quic/quic_fixture.h"

// Lives of connections: ends, silence, addresses that change, strangers.

namespace sov::quic {

namespace {

QuicTransport::Options always_retry() {
    QuicTransport::Options options;
    options.limits.half_open_before_retry = 0;
    return options;
}

}  // namespace

TEST_F(QuicPair, tells_the_code_when_a_connection_is_closed) {
    ASSERT_NO_FATAL_FAILURE(connect());
    ann.transport->close(wire.now, dialled, 42);
    ASSERT_TRUE(wire.run([&] { return bob.count<ports::Closed>() == 1; }));
    EXPECT_EQ(bob.all<ports::Closed>().front().reason, CloseReason::kByPeer);
    EXPECT_EQ(bob.all<ports::Closed>().front().code, 42u);
    EXPECT_EQ(ann.all<ports::Closed>().front().reason, CloseReason::kAsked);
    EXPECT_EQ(ann.transport->open_stream(dialled).error(), Errc::kNotFound);
    wire.pass(seconds{60});
    EXPECT_EQ(ann.count<ports::Closed>(), 1u);
    EXPECT_EQ(ann.transport->next_timeout(), kNever);
    EXPECT_EQ(bob.transport->next_timeout(), kNever);
}

TEST_F(QuicPair, repeats_its_goodbye_when_the_first_was_lost) {
    ASSERT_NO_FATAL_FAILURE(connect());
    bool lost = false;
    wire.on_wire = [&](VirtualWire::Packet& packet) {
        return packet.from != ann_at || std::exchange(lost, true);
    };
    ann.transport->close(wire.now, dialled, 7);
    ASSERT_TRUE(lost);
    const StreamId stream = *bob.transport->open_stream(accepted);
    ASSERT_TRUE(bob.transport->write(stream, pattern(2000), false));
    EXPECT_TRUE(wire.run([&] { return bob.count<ports::Closed>() == 1; }, seconds{2}));
}

TEST_F(QuicPair, sends_what_was_written_before_it_closes) {
    ASSERT_NO_FATAL_FAILURE(connect());
    wire.pass(seconds{1});
    const StreamId stream = *ann.transport->open_stream(dialled);
    ASSERT_TRUE(ann.transport->write(stream, as_bytes("last words"), true));
    ann.transport->close(wire.now, dialled, 0);
    ASSERT_TRUE(wire.run([&] { return bob.count<ports::Closed>() == 1; }));
    EXPECT_EQ(bob.count<ports::StreamArrived>(), 1u);
}

TEST_F(QuicPair, stays_for_hours_without_traffic) {
    ASSERT_NO_FATAL_FAILURE(connect());
    wire.pass(std::chrono::hours{3});
    EXPECT_EQ(ann.count<ports::Closed>() + bob.count<ports::Closed>(), 0u);
    const StreamId stream = *ann.transport->open_stream(dialled);
    ASSERT_TRUE(ann.transport->write(stream, as_bytes("still here"), true));
    EXPECT_EQ(to_text(read_all(bob, at_bob(stream))), "still here");
}

TEST_F(QuicPair, is_over_after_the_idle_time_when_the_other_side_vanished) {
    ASSERT_NO_FATAL_FAILURE(connect());
    wire.on_wire = [](VirtualWire::Packet&) { return false; };
    const Instant vanished = wire.now;
    ASSERT_TRUE(wire.run([&] { return ann.count<ports::Closed>() == 1; }, seconds{200}));
    EXPECT_EQ(ann.all<ports::Closed>().front().reason, CloseReason::kIdle);
    EXPECT_LE(wire.now - vanished, seconds{76});
}

TEST_F(QuicPair, goes_on_when_the_dialler_moves_to_another_path) {
    ASSERT_NO_FATAL_FAILURE(connect());
    const StreamId stream = *ann.transport->open_stream(dialled);
    ASSERT_TRUE(ann.transport->write(stream, as_bytes("before "), false));
    wire.pass(seconds{1});
    const Endpoint other = Endpoint::v4(0xc0000203, 4003);
    const auto cable = wire.attach(&ann, other);
    wire.detach(ann_at);
    ASSERT_TRUE(ann.transport->move(wire.now, dialled, *cable, bob_at));
    ann.transport->forget_path(*ann_path);
    ann_path.reset();
    ASSERT_TRUE(ann.transport->write(stream, as_bytes("after"), true));
    const Instant moved = wire.now;
    EXPECT_EQ(to_text(read_all(bob, at_bob(stream))), "before after");
    EXPECT_LE(wire.now - moved, seconds{1});
    ASSERT_TRUE(wire.run([&] { return bob.count<ports::PeerMoved>() == 1; }));
    EXPECT_EQ(bob.all<ports::PeerMoved>().front().remote, other);
    EXPECT_EQ(ann.count<ports::Closed>(), 0u);
}

TEST_F(QuicPair, goes_on_when_the_dialler_speaks_from_a_new_address_before_it_moves) {
    ASSERT_NO_FATAL_FAILURE(connect());
    wire.pass(seconds{1});
    // The kernel sends from where it is now; the daemon learns of that a moment later. Again and
    // again, as on a train.
    Endpoint now_at = ann_at;
    wire.on_wire = [&](VirtualWire::Packet& packet) {
        if (packet.from == ann_at) packet.from = now_at;
        return packet.to != ann_at || now_at == ann_at;
    };
    const StreamId stream = *ann.transport->open_stream(dialled);
    std::string said;
    std::vector<std::unique_ptr<WirePath>> cables;
    for (std::uint16_t turn = 1; turn <= 6; ++turn) {
        now_at = Endpoint::v4(0xc0000200 + 16 + turn, 999);
        wire.alias(now_at, ann_at);
        ASSERT_TRUE(ann.transport->write(stream, as_bytes("word "), false));
        wire.pass(milliseconds{12});
        cables.push_back(wire.attach(&ann, Endpoint::v4(0xc0000240 + turn, 4003)));
        ASSERT_TRUE(ann.transport->move(wire.now, dialled, *cables.back(), bob_at));
        wire.pass(seconds{1});
        // Back to the first socket, for the next turn.
        ASSERT_TRUE(ann.transport->move(wire.now, dialled, *ann_path, bob_at));
        wire.pass(seconds{1});
        said += "word ";
    }
    ASSERT_TRUE(ann.transport->write(stream, as_bytes("end"), true));
    EXPECT_EQ(to_text(read_all(bob, at_bob(stream))), said + "end");
    EXPECT_EQ(ann.count<ports::Closed>(), 0u);
    EXPECT_EQ(bob.count<ports::Closed>(), 0u);
}

TEST_F(QuicPair, goes_on_when_a_nat_gives_the_dialler_another_address) {
    ASSERT_NO_FATAL_FAILURE(connect());
    const Endpoint mapped = Endpoint::v4(0xc0000209, 999);
    wire.alias(mapped, ann_at);
    wire.on_wire = [&](VirtualWire::Packet& packet) {
        if (packet.from == ann_at) packet.from = mapped;
        return packet.to != ann_at;
    };
    const StreamId stream = *ann.transport->open_stream(dialled);
    ASSERT_TRUE(ann.transport->write(stream, as_bytes("from elsewhere"), true));
    EXPECT_EQ(to_text(read_all(bob, at_bob(stream))), "from elsewhere");
    ASSERT_TRUE(wire.run([&] { return bob.count<ports::PeerMoved>() == 1; }));
    EXPECT_EQ(bob.all<ports::PeerMoved>().front().remote, mapped);
    ASSERT_TRUE(bob.transport->write(at_bob(stream), as_bytes("found you"), true));
    EXPECT_EQ(to_text(read_all(ann, stream)), "found you");
}

TEST_F(QuicPair, moves_only_as_the_dialler_and_only_once_connected) {
    meet();
    dial(bob.peer());
    EXPECT_EQ(ann.transport->move(wire.now, dialled, *ann_path, bob_at).error(), Errc::kBusy);
    ASSERT_TRUE(wire.run([&] { return ann.count<ports::Connected>() == 1; }));
    accepted = bob.all<ports::Connected>().front().connection;
    EXPECT_EQ(bob.transport->move(wire.now, accepted, *bob_path, ann_at).error(),
              Errc::kUnsupported);
    EXPECT_EQ(ann.transport->move(wire.now, ConnectionId{99}, *ann_path, bob_at).error(),
              Errc::kNotFound);
}

TEST_F(QuicPair, follows_the_listener_when_its_address_changes) {
    ASSERT_NO_FATAL_FAILURE(connect());
    const StreamId stream = *ann.transport->open_stream(dialled);
    ASSERT_TRUE(ann.transport->write(stream, as_bytes("before "), false));
    wire.pass(seconds{1});
    for (std::uint16_t port = 700; port < 703; ++port) {
        const Endpoint elsewhere = Endpoint::v4(0xc0000277, port);
        wire.alias(elsewhere, bob_at);
        wire.on_wire = [&, elsewhere](VirtualWire::Packet& packet) {
            if (packet.from == bob_at) packet.from = elsewhere;
            return packet.to == elsewhere || packet.to == ann_at;
        };
        // Bob has nothing to say of his own, so only a word that he is asked for shows where he is.
        bob.transport->nudge(wire.now, accepted);
        bob.transport->flush(wire.now);
        ASSERT_TRUE(ann.transport->write(stream, as_bytes("after "), false));
        const std::size_t moves = port - 699U;
        ASSERT_TRUE(wire.run([&] { return ann.count<ports::PeerMoved>() == moves; }, seconds{2}));
        EXPECT_EQ(ann.all<ports::PeerMoved>().back().remote, elsewhere);
        wire.pass(seconds{2});
    }
    ASSERT_TRUE(ann.transport->write(stream, as_bytes("end"), true));
    EXPECT_EQ(to_text(read_all(bob, at_bob(stream))), "before after after after end");
    EXPECT_EQ(ann.count<ports::Closed>() + bob.count<ports::Closed>(), 0u);
}

TEST_F(QuicPair, does_not_follow_who_only_repeats_what_the_listener_said) {
    ASSERT_NO_FATAL_FAILURE(connect());
    Bytes overheard;
    wire.on_wire = [&](VirtualWire::Packet& packet) {
        if (packet.from == bob_at) overheard = packet.bytes;
        return true;
    };
    bob.transport->nudge(wire.now, accepted);
    bob.transport->flush(wire.now);
    wire.pass(seconds{1});
    ASSERT_FALSE(overheard.empty());
    const Endpoint parrot = Endpoint::v4(0xc0000266, 66);
    std::size_t sent_there = 0;
    wire.on_wire = [&](VirtualWire::Packet& packet) {
        if (packet.to != parrot) return true;
        sent_there += packet.bytes.size();
        return false;
    };
    for (int count = 0; count < 1000; ++count) {
        ann.transport->handle_datagram(wire.now, *ann_path, parrot, overheard);
        wire.pass(milliseconds{1});
    }
    EXPECT_GT(sent_there, 0u);
    EXPECT_LT(sent_there, 10u * 1200u) << "a few tries to prove the address, and no more";
    const StreamId stream = *ann.transport->open_stream(dialled);
    ASSERT_TRUE(ann.transport->write(stream, as_bytes("to bob"), true));
    EXPECT_EQ(to_text(read_all(bob, at_bob(stream))), "to bob");
    wire.pass(seconds{20});
    EXPECT_EQ(ann.count<ports::PeerMoved>(), 0u);
    EXPECT_EQ(ann.count<ports::Closed>() + bob.count<ports::Closed>(), 0u);
}

TEST_F(QuicPair, tells_since_when_an_answer_is_owed) {
    ASSERT_NO_FATAL_FAILURE(connect());
    const StreamId stream = *ann.transport->open_stream(dialled);
    ASSERT_TRUE(ann.transport->write(stream, as_bytes("idle from here on"), false));
    wire.pass(seconds{1});
    EXPECT_FALSE(ann.transport->figures(dialled)->owed_since.has_value());
    wire.on_wire = [](VirtualWire::Packet&) { return false; };
    ann.transport->nudge(wire.now, dialled);
    ann.transport->flush(wire.now);
    const Instant said = wire.now;
    wire.pass(seconds{2});
    EXPECT_EQ(ann.transport->figures(dialled)->owed_since, said);
    wire.on_wire = [](VirtualWire::Packet&) { return true; };
    wire.pass(seconds{1});
    EXPECT_FALSE(ann.transport->figures(dialled)->owed_since.has_value());
}

TEST_F(QuicPair, asks_again_for_an_answer_that_streams_wait_for) {
    ASSERT_NO_FATAL_FAILURE(connect());
    const StreamId stream = *ann.transport->open_stream(dialled);
    ASSERT_TRUE(ann.transport->write(stream, as_bytes("idle from here on"), false));
    wire.pass(milliseconds{2900});
    std::size_t lost = 0;
    wire.on_wire = [&](VirtualWire::Packet&) { return ++lost > 2; };
    wire.pass(seconds{1});
    EXPECT_GT(lost, 2u) << "the keep-alive was lost, and was asked again";
    EXPECT_FALSE(ann.transport->figures(dialled)->owed_since.has_value());
}

TEST_F(QuicPair, loses_the_connections_on_a_path_that_is_forgotten) {
    ASSERT_NO_FATAL_FAILURE(connect());
    wire.detach(ann_at);
    ann.transport->forget_path(*ann_path);
    ann_path.reset();
    const auto event = ann.transport->poll_event();
    ASSERT_TRUE(event.has_value());
    EXPECT_EQ(std::get<ports::Closed>(*event).reason, CloseReason::kPathGone);
    EXPECT_EQ(ann.transport->connection_count(), 0u);
}

TEST_F(QuicPair, keeps_to_1200_bytes_where_the_path_says_so) {
    meet();
    ann_path->bytes_max = bob_path->bytes_max = 1200;
    ASSERT_NO_FATAL_FAILURE(connect());
    const StreamId stream = *ann.transport->open_stream(dialled);
    ASSERT_TRUE(ann.transport->write(stream, pattern(100'000), true));
    EXPECT_EQ(read_all(bob, at_bob(stream)).size(), 100'000u);  // the path checks each datagram
}

// ---- strangers
// -----------------------------------------------------------------------------------

TEST_F(QuicPair, never_sends_a_stranger_more_than_the_stranger_sent) {
    for (const bool retry : {false, true}) {
        meet({}, retry ? always_retry() : QuicTransport::Options{});
        // Ann's first packets come through, what Bob says never reaches her: she is a forged
        // source.
        wire.on_wire = [&](VirtualWire::Packet& packet) { return packet.from == ann_at; };
        dial(bob.peer());
        for (int step = 0; step < 300; ++step) {
            wire.pass(milliseconds{100});
            ASSERT_LE(bob_path->sent, bob_path->received);
        }
        EXPECT_GT(bob_path->received, 0u);
        EXPECT_GT(bob_path->sent, 0u);
        EXPECT_EQ(bob.transport->connection_count(), 0u);
        EXPECT_TRUE(bob.events.empty());
    }
}

TEST_F(QuicPair, connects_to_a_busy_listener_that_asks_for_proof_of_the_address_first) {
    meet({}, always_retry());
    ASSERT_NO_FATAL_FAILURE(connect());
    EXPECT_EQ(bob.transport->counters().retries, 1u);
}

TEST_F(QuicPair, holds_nothing_for_strangers_that_have_not_proven_their_address_when_busy) {
    meet({}, always_retry());
    wire.on_wire = [&](VirtualWire::Packet& packet) { return packet.from == ann_at; };
    dial(bob.peer());
    wire.pass(seconds{3});
    EXPECT_GT(bob.transport->counters().retries, 0u);
    EXPECT_EQ(bob.transport->connection_count(), 0u);
}

TEST_F(QuicPair, takes_a_proof_of_address_from_nobody_else_and_not_for_ever) {
    meet({}, always_retry());
    Bytes with_token;
    wire.on_wire = [&](VirtualWire::Packet& packet) {
        if (packet.from != ann_at || bob.transport->counters().retries == 0) return true;
        if (with_token.empty()) with_token = packet.bytes;
        return false;
    };
    dial(bob.peer());
    wire.run([&] { return !with_token.empty(); });
    const Endpoint thief = Endpoint::v4(0xc0000299, 1);
    bob.transport->handle_datagram(wire.now, *bob_path, thief, with_token);
    EXPECT_EQ(bob.transport->counters().dropped_token, 1u);
    bob.transport->handle_datagram(wire.now + seconds{11}, *bob_path, ann_at, with_token);
    EXPECT_EQ(bob.transport->counters().dropped_token, 2u);
    EXPECT_EQ(bob.transport->connection_count(), 0u);
    bob.transport->handle_datagram(wire.now + seconds{11}, *bob_path, thief, with_token);
    EXPECT_EQ(bob.transport->counters().dropped_token, 3u);
}

TEST_F(QuicPair, keeps_handshakes_of_strangers_within_the_limit_and_forgets_them) {
    QuicTransport::Options few;
    few.limits.half_open_max = few.limits.half_open_before_retry = 3;
    meet({}, few);
    wire.on_wire = [&](VirtualWire::Packet& packet) { return packet.from == ann_at; };
    for (int count = 0; count < 8; ++count) dial(bob.peer());
    wire.pass(milliseconds{100});
    EXPECT_EQ(bob.transport->connection_count(), 3u);
    EXPECT_EQ(bob.transport->counters().dropped_full, 5u);
    wire.pass(seconds{30});
    EXPECT_EQ(bob.transport->connection_count(), 0u);
}

TEST_F(QuicPair, dials_and_accepts_no_more_connections_than_the_limit) {
    QuicTransport::Options few;
    few.limits.connections_max = 2;
    meet(few, {});
    dial(bob.peer());
    dial(bob.peer());
    EXPECT_EQ(ann.transport->dial(wire.now, *ann_path, bob_at, bob.peer(), {}).error(),
              Errc::kBusy);
    ASSERT_TRUE(wire.run([&] { return ann.count<ports::Connected>() == 2; }));
    const auto back = bob.transport->dial(wire.now, *bob_path, ann_at, ann.peer(), {});
    ASSERT_TRUE(back.has_value());
    wire.pass(seconds{11});
    EXPECT_EQ(bob.all<ports::Closed>().front().reason, CloseReason::kNoAnswer);
    EXPECT_GT(ann.transport->counters().dropped_full, 0u);
}

TEST_F(QuicPair, claims_its_own_packets_and_no_others) {
    ASSERT_NO_FATAL_FAILURE(connect());
    std::vector<Bytes> seen;
    wire.on_wire = [&](VirtualWire::Packet& packet) {
        if (packet.to == bob_at) seen.push_back(packet.bytes);
        return true;
    };
    const StreamId stream = *ann.transport->open_stream(dialled);
    ASSERT_TRUE(ann.transport->write(stream, as_bytes("short headers"), true));
    read_all(bob, at_bob(stream));
    ASSERT_FALSE(seen.empty());
    for (const Bytes& packet : seen) {
        EXPECT_TRUE(bob.transport->claims(packet));
        EXPECT_FALSE(ann.transport->claims(packet));
    }
    Rng rng(1);
    for (int count = 0; count < 20'000; ++count) {
        Bytes random(1 + rng.below(64));
        for (std::uint8_t& byte : random) byte = static_cast<std::uint8_t>(rng.next());
        EXPECT_FALSE(bob.transport->claims(random));
    }
    EXPECT_FALSE(bob.transport->claims({}));
}

TEST_F(QuicPair, answers_nothing_to_what_is_no_first_packet) {
    meet();
    Bytes first;
    wire.on_wire = [&](VirtualWire::Packet& packet) {
        if (first.empty()) first = packet.bytes;
        return false;
    };
    dial(bob.peer());
    wire.pass(milliseconds{1});
    ASSERT_EQ(first.size(), 1200u);
    const auto hand = [&](Bytes bytes) {
        bob.transport->handle_datagram(wire.now, *bob_path, ann_at, bytes);
        bob.transport->flush(wire.now);
    };
    hand({});
    hand(Bytes(first.begin(), first.begin() + 1199));
    Bytes version = first;
    version[4] = 9;
    hand(version);
    hand(Bytes(1200, 0x55));
    EXPECT_EQ(bob_path->sent, 0u);
    EXPECT_EQ(bob.transport->connection_count(), 0u);
    EXPECT_EQ(bob.transport->counters().dropped_foreign, 4u);
}

// Every byte of a conversation changed once, cut and repeated: nothing breaks, and the conversation
// goes on, because what does not verify is dropped.
TEST_F(QuicPair, survives_damaged_datagrams) {
    Rng rng(3);
    for (int round = 0; round < 60; ++round) {
        meet();
        wire.on_wire = [&](VirtualWire::Packet& packet) {
            if (rng.below(3) != 0) return true;
            VirtualWire::Packet damaged = packet;
            if (rng.below(4) == 0) damaged.bytes.resize(1 + rng.below(damaged.bytes.size()));
            for (std::uint64_t flips = rng.below(4); flips > 0; --flips) {
                damaged.bytes[rng.below(damaged.bytes.size())] ^=
                    static_cast<std::uint8_t>(1U << rng.below(8));
            }
            wire.put_later(damaged, Duration{0});
            return rng.below(2) == 0;
        };
        dial(bob.peer());
        wire.run([&] { return ann.count<ports::Connected>() == 1; });
        if (ann.count<ports::Connected>() == 0) continue;
        accepted = bob.all<ports::Connected>().front().connection;
        const auto stream = ann.transport->open_stream(dialled);
        if (!stream) continue;
        ASSERT_TRUE(ann.transport->write(*stream, pattern(5000), true));
        Bytes got;
        wire.run([&] {
            if (bob.count<ports::StreamArrived>() == 0) return false;
            const auto read = bob.transport->read(at_bob(*stream), 1 << 20);
            if (!read) return true;
            got.insert(got.end(), read->bytes.begin(), read->bytes.end());
            return read->ended;
        });
        EXPECT_EQ(got, pattern(5000));
    }
}

}  // namespace sov::quic
