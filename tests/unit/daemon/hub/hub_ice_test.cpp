#include <algorithm>

#include "tests/unit/daemon/hub/hub_ice_world.h"

namespace sov::hub {

TEST_F(HubIce, connects_peers_that_no_address_reaches) {
    Peer &a = behind_nat(1), &b = behind_nat(2);
    const Instant begun = wire.now;
    const ConnectionView view = connect(a, b);
    EXPECT_EQ(view.carrier, "ice");
    EXPECT_EQ(view.path, PathClass::kDirect);
    EXPECT_FALSE(view.inbound);
    // Two words, a check and a handshake: nothing waits for the end of gathering.
    EXPECT_LT(wire.now - begun, milliseconds{500});
    EXPECT_EQ(words, 2u);
    EXPECT_EQ(b.hub->connection(a.id())->carrier, "ice");
    const auto id = open(a, b);
    a.app.send(id, pattern(100'000), true);
    EXPECT_TRUE(run([&] { return b.app.got[b.app.opened.front().id].size() == 100'000; }));
    EXPECT_EQ(b.app.got[b.app.opened.front().id], pattern(100'000));
    EXPECT_EQ(a.hub->ice_report(b.id())->outcome, "connected");
}

TEST_F(HubIce, tells_the_steps_of_a_connect_to_who_follows_and_keeps_them_in_the_report) {
    Peer &a = behind_nat(1), &b = behind_nat(2);
    StreamHub::ConnectOptions options;
    options.tell_steps = true;
    const CommandId command = a.hub->connect(wire.now, b.id(), options);
    EXPECT_TRUE(run([&] { return a.finished(command).has_value(); }));
    std::vector<std::string> told, kept;
    for (const ConnectStepped& one : a.all<ConnectStepped>()) {
        EXPECT_EQ(one.peer, b.id());
        told.push_back(one.step.what);
    }
    const auto report = a.hub->ice_report(b.id());
    ASSERT_TRUE(report.has_value());
    for (const ConnectStep& step : report->steps) kept.push_back(step.what);
    for (const char* step : {"calling", "our_candidate", "answered", "their_candidate", "path"}) {
        EXPECT_NE(std::find(told.begin(), told.end(), step), told.end()) << step;
        EXPECT_NE(std::find(kept.begin(), kept.end(), step), kept.end()) << step;
    }
    EXPECT_EQ(b.count<ConnectStepped>(), 0U) << "nobody follows there";
    const std::size_t before = a.count<ConnectStepped>();
    EXPECT_TRUE(a.hub->disconnect(wire.now, b.id()));
    pass(seconds{1});
    connect(a, b);
    EXPECT_EQ(a.count<ConnectStepped>(), before) << "only for the connect that asked";
}

TEST_F(HubIce, keeps_a_bounded_number_of_steps_however_many_rounds_there_are) {
    Peer &a = behind_nat(1), &b = behind_nat(2);
    connect(a, b);
    for (int round = 0; round < 40; ++round) {
        a.hub->handle_network_change(wire.now);
        pass(seconds{6});
    }
    const auto report = a.hub->ice_report(b.id());
    ASSERT_TRUE(report.has_value());
    EXPECT_LE(report->steps.size(), IceReport::kStepsMax);
}

TEST_F(HubIce, says_nothing_through_the_dht_when_an_address_answers) {
    Peer &a = behind_nat(1), &b = behind_nat(2);
    directory[b.id()] = {{b.at, DialAddress::Source::kRecord}};
    EXPECT_EQ(connect(a, b).carrier, "udp");
    pass(seconds{1});
    EXPECT_EQ(words, 0u);
    EXPECT_EQ(ice.opened, 0u);
}

TEST_F(HubIce, looks_for_a_path_beside_an_address_that_is_silent) {
    Peer &a = behind_nat(1), &b = behind_nat(2);
    directory[b.id()] = {{*Endpoint::parse("198.51.100.200:9"), DialAddress::Source::kRecord}};
    const Instant begun = wire.now;
    EXPECT_EQ(connect(a, b).carrier, "ice");
    EXPECT_LT(wire.now - begun, milliseconds{750});
}

TEST_F(HubIce, keeps_one_connection_when_both_call) {
    for (const int late : {0, 60, 150}) {
        Peer& a = behind_nat(static_cast<std::uint8_t>(10 + late));
        Peer& b = behind_nat(static_cast<std::uint8_t>(11 + late));
        const CommandId from_a = a.hub->connect(wire.now, b.id(), {});
        pass(milliseconds{late});
        const CommandId from_b = b.hub->connect(wire.now, a.id(), {});
        EXPECT_TRUE(run([&] { return a.finished(from_a) && b.finished(from_b); }));
        EXPECT_TRUE(a.finished(from_a)->outcome.has_value());
        EXPECT_TRUE(b.finished(from_b)->outcome.has_value());
        pass(seconds{15});
        EXPECT_EQ(a.hub->connections().size(), 1u);
        EXPECT_EQ(b.hub->connections().size(), 1u);
        // The call of the smaller peer stands.
        const bool by_a = !a.hub->connection(b.id())->inbound;
        EXPECT_EQ(by_a, a.id() < b.id()) << late;
        EXPECT_EQ(a.count<ConnectionOpened>(), 1u);
    }
}

TEST_F(HubIce, goes_on_directly_once_a_relay_is_not_needed_any_more) {
    Peer &a = behind_nat(1, true), &b = behind_nat(2, true);
    ice.direct = false;
    EXPECT_EQ(connect(a, b).path, PathClass::kRelayed);
    const auto id = open(a, b);
    ice.direct = true;
    EXPECT_TRUE(
        run([&] { return a.count<PathChanged>() > 0 && b.count<PathChanged>() > 0; }, seconds{6}));
    for (Peer* each : {&a, &b}) {
        EXPECT_EQ(each->all<PathChanged>()[0].before, PathClass::kRelayed);
        EXPECT_EQ(each->all<PathChanged>()[0].connection.path, PathClass::kDirect);
        EXPECT_EQ(each->hub->connections().size(), 1u);
    }
    a.app.send(id, pattern(5000), true);
    EXPECT_TRUE(run([&] { return b.app.got[b.app.opened.front().id].size() == 5000; }));
    // Nothing is left to better.
    const std::size_t restarts = ice.restarts;
    pass(seconds{700});
    EXPECT_EQ(ice.restarts, restarts);
}

TEST_F(HubIce, looks_for_a_better_path_less_and_less_often) {
    Peer &a = behind_nat(1, true), &b = behind_nat(2, true);
    ice.direct = false;
    connect(a, b);
    (void)a.hub->hold(wire.now, b.id());
    (void)b.hub->hold(wire.now, a.id());
    pass(seconds{45});
    EXPECT_EQ(ice.restarts, 2u * 2u);  // after 5 and 30 s, at both sides
    pass(seconds{600});
    EXPECT_EQ(ice.restarts, 2u * 4u);  // and each 5 minutes
    EXPECT_EQ(a.count<ConnectionClosed>(), 0u);
}

TEST_F(HubIce, mends_a_path_that_died_without_losing_a_byte) {
    Peer &a = behind_nat(1, true), &b = behind_nat(2, true);
    connect(a, b);
    const auto id = open(a, b);
    a.app.send(id, pattern(300'000), false);
    pass(milliseconds{50});
    ice.direct = false;
    ice.paths_changed();
    const Instant broken = wire.now;
    EXPECT_TRUE(run([&] { return b.app.got[b.app.opened.front().id].size() == 300'000; }));
    // Ten seconds until it is noticed; the rest is what QUIC waits between its last probes.
    EXPECT_LT(wire.now - broken, seconds{16});
    EXPECT_EQ(b.app.got[b.app.opened.front().id], pattern(300'000));
    EXPECT_EQ(a.hub->connection(b.id())->path, PathClass::kRelayed);
    EXPECT_EQ(a.count<ConnectionClosed>(), 0u);
}

TEST_F(HubIce, tries_again_at_once_when_addresses_of_this_host_change) {
    Peer &a = behind_nat(1, true), &b = behind_nat(2, true);
    connect(a, b);
    const std::size_t before = ice.restarts;
    b.hub->handle_network_change(wire.now);
    pass(seconds{1});
    EXPECT_EQ(ice.restarts, before + 2);
    EXPECT_EQ(b.count<ConnectionClosed>(), 0u);
}

TEST_F(HubIce, moves_streams_to_a_new_session_when_the_old_one_is_silent) {
    for (const bool callee_moves : {false, true}) {
        Peer& a = behind_nat(callee_moves ? 3 : 1);
        Peer& b = behind_nat(callee_moves ? 4 : 2);
        connect(a, b);
        const auto id = open(a, b);
        // Only one side has something to say; who is to be moved need not be the one that notices.
        Peer& speaks = callee_moves ? b : a;
        Peer& hears = callee_moves ? a : b;
        const ports::StreamId from = callee_moves ? b.app.opened.front().id : id;
        const ports::StreamId to = callee_moves ? id : b.app.opened.front().id;
        ice.strand_sessions();
        speaks.app.send(from, pattern(300'000), false);
        const Instant broken = wire.now;
        EXPECT_TRUE(run([&] { return hears.app.got[to].size() == 300'000; }));
        EXPECT_LT(wire.now - broken, seconds{4});
        EXPECT_EQ(hears.app.got[to], pattern(300'000));
        EXPECT_EQ(a.count<PathChanged>(), 1u);
        EXPECT_EQ(b.count<PathChanged>(), 1u);
        EXPECT_EQ(a.count<ConnectionClosed>() + b.count<ConnectionClosed>(), 0u);
        pass(seconds{8});
        EXPECT_EQ(ice.sessions(), 2u) << "the old ones are closed";
        EXPECT_EQ(a.hub->connection(b.id())->carrier, "ice");
        a.app.send(id, pattern(1000), true);
        EXPECT_TRUE(run([&] { return b.app.ended[b.app.opened.front().id]; }));
        EXPECT_TRUE(a.hub->disconnect(wire.now, b.id()));
        pass(seconds{1});
        EXPECT_EQ(ice.sessions(), 0u);
    }
}

TEST_F(HubIce, moves_streams_at_once_when_addresses_of_this_host_changed) {
    for (const bool callee_moves : {false, true}) {
        Peer& a = behind_nat(callee_moves ? 3 : 1);
        Peer& b = behind_nat(callee_moves ? 4 : 2);
        connect(a, b);
        const auto id = open(a, b);
        ice.strand_sessions();
        (callee_moves ? b : a).hub->handle_network_change(wire.now);
        a.app.send(id, pattern(5000), false);
        const Instant changed = wire.now;
        EXPECT_TRUE(run([&] { return b.app.got[b.app.opened.front().id].size() == 5000; }));
        EXPECT_LT(wire.now - changed, seconds{2});
        EXPECT_EQ(a.count<ConnectionClosed>() + b.count<ConnectionClosed>(), 0u);
        EXPECT_TRUE(a.hub->disconnect(wire.now, b.id()));
        pass(seconds{8});
        EXPECT_EQ(ice.sessions(), 0u);
    }
}

TEST_F(HubIce, moves_streams_however_fast_the_words_and_the_path_are) {
    // Whoever dialled hears the call, and has the path, a moment after the last word of the other.
    leg = milliseconds{0};
    ice.gathering = milliseconds{0};
    ice.latency = milliseconds{1};
    Peer &a = behind_nat(1), &b = behind_nat(2);
    connect(a, b);
    const auto id = open(a, b);
    const ports::StreamId theirs = b.app.opened.front().id;
    std::size_t sent = 0;
    for (int move = 0; move < 3; ++move) {
        b.app.send(theirs, pattern(100), false);
        sent += 100;
        pass(milliseconds{50});
        ice.strand_sessions();
        b.hub->handle_network_change(wire.now);
        b.app.send(theirs, pattern(5000), false);
        sent += 5000;
        const Instant changed = wire.now;
        EXPECT_TRUE(run([&] { return a.app.got[id].size() == sent; })) << move;
        EXPECT_LT(wire.now - changed, seconds{2}) << move;
        pass(seconds{3});
    }
    EXPECT_EQ(a.count<ConnectionClosed>() + b.count<ConnectionClosed>(), 0u);
}

// A hears b throughout and so takes no notice of b's first call; b's next one must be a new one.
TEST_F(HubIce, calls_anew_when_the_path_of_a_call_was_there_too_early_for_the_other_side) {
    Peer &a = behind_nat(1), &b = behind_nat(2);
    directory[b.id()] = {{b.at, DialAddress::Source::kRecord}};
    EXPECT_EQ(connect(a, b).carrier, "udp");
    open(a, b);
    const auto to_a = b.app.first().id, to_b = a.app.first().id;
    wire.on_wire = [&](quic::VirtualWire::Packet& packet) { return packet.to != b.at; };
    std::size_t said = 0;
    const auto path_is_there = [&] {
        const auto report = b.hub->ice_report(a.id());
        return report && report->connected_after.has_value();
    };
    while (said < 400 && !path_is_there()) {
        b.app.send(to_a, pattern(10), false);
        ++said;
        pass(milliseconds{20});
    }
    EXPECT_TRUE(path_is_there());
    EXPECT_EQ(ice.opened, 2U);
    EXPECT_EQ(a.hub->connection(b.id())->carrier, "udp") << "a has heard b just now";
    a.app.send(to_b, pattern(1000), false);
    EXPECT_TRUE(run([&] { return b.app.got[to_a].size() == 1000; }));
    EXPECT_EQ(a.app.got[to_b].size(), 10 * said);
    EXPECT_EQ(a.hub->connection(b.id())->carrier, "ice");
    EXPECT_EQ(ice.opened, 4U) << "one more call";
    EXPECT_EQ(a.count<ConnectionClosed>() + b.count<ConnectionClosed>(), 0U);
}

TEST_F(HubIce, a_connection_goes_on_over_a_path_that_another_one_has_left) {
    Peer &a = behind_nat(1), &b = behind_nat(2);
    for (Peer* each : {&a, &b}) {
        directory[each->id()] = {{each->at, DialAddress::Source::kRecord}};
        (void)each->hub->open_stream(wire.now, (each == &a ? b : a).id(), {kTalk}, each->app);
    }
    ASSERT_TRUE(run([&] { return a.app.opened.size() == 2 && b.app.opened.size() == 2; }));
    ASSERT_EQ(a.hub->connections().size(), 2U) << "both sides have dialled at once";
    // Both connections move onto the one path that is found.
    wire.on_wire = [](quic::VirtualWire::Packet&) { return false; };
    std::map<ports::ConnectionId, ports::StreamId> from_a;
    for (const HubStream& stream : a.app.opened) {
        from_a[stream.id.connection] = stream.id;
        a.app.send(stream.id, pattern(1000), false);
    }
    for (const HubStream& stream : b.app.opened) b.app.send(stream.id, pattern(1000), false);
    ASSERT_TRUE(run([&] {
        const auto all = a.hub->connections();
        return all[0].carrier == "ice" && all[1].carrier == "ice";
    }));
    pass(seconds{8});
    ASSERT_EQ(ice.sessions(), 2U) << "one path";
    ports::StreamId kept;
    for (const ConnectionView& view : a.hub->connections()) {
        if (view.supplanted) {
            a.hub->reset(from_a.at(view.id));
        } else {
            kept = from_a.at(view.id);
        }
    }
    EXPECT_TRUE(run([&] { return a.hub->connections().size() == 1; }));
    pass(seconds{8});
    a.app.send(kept, pattern(500), false);
    const auto arrived = [&] {
        return std::any_of(b.app.got.begin(), b.app.got.end(),
                           [](const auto& one) { return one.second.size() == 1500; });
    };
    EXPECT_TRUE(run(arrived));
    EXPECT_EQ(a.count<ConnectionClosed>(), 1U);
    EXPECT_EQ(b.count<ConnectionClosed>(), 1U);
}

// A side may be done with its connection on a path before it has noticed that the other side moved
// another one there.
TEST_F(HubIce, keeps_a_path_for_a_connection_that_the_other_side_has_moved_there) {
    ice.latency = milliseconds{150};
    Peer &a = behind_nat(1), &b = behind_nat(2);
    for (Peer* each : {&a, &b}) {
        directory[each->id()] = {{each->at, DialAddress::Source::kRecord}};
        (void)each->hub->open_stream(wire.now, (each == &a ? b : a).id(), {kTalk}, each->app);
    }
    ASSERT_TRUE(run([&] { return a.app.opened.size() == 2 && b.app.opened.size() == 2; }));
    ASSERT_EQ(a.hub->connections().size(), 2U) << "both sides have dialled at once";
    wire.on_wire = [](quic::VirtualWire::Packet&) { return false; };
    for (Peer* each : {&a, &b}) {
        for (const HubStream& stream : each->app.opened) {
            each->app.send(stream.id, pattern(1000), false);
        }
    }
    // The connection that one side dialled is there, the other one is still under way to it.
    Peer *early = nullptr, *late = nullptr;
    const auto half_moved = [&] {
        for (Peer* each : {&a, &b}) {
            std::size_t own = 0, theirs = 0;
            for (const ConnectionView& one : each->hub->connections()) {
                if (one.carrier == "ice") ++(one.inbound ? theirs : own);
            }
            if (own != 1 || theirs != 0) continue;
            early = each;
            late = each == &a ? &b : &a;
        }
        return early != nullptr;
    };
    ASSERT_TRUE(run(half_moved)) << "there is no such moment";
    ports::ConnectionId done{};
    for (const ConnectionView& one : early->hub->connections()) {
        if (one.carrier == "ice") done = one.id;
    }
    early->party.transport->close(wire.now, done, kCloseSupplanted);
    pass(seconds{20});
    ASSERT_EQ(early->hub->connections().size(), 1U);
    ASSERT_EQ(late->hub->connections().size(), 1U);
    const auto whole = [](const Peer& at) {
        return std::count_if(at.app.got.begin(), at.app.got.end(),
                             [](const auto& one) { return one.second == pattern(1000); });
    };
    EXPECT_GE(whole(*early), 1);
    EXPECT_GE(whole(*late), 1);
    EXPECT_EQ(early->count<ConnectionClosed>(), 1U);
    EXPECT_EQ(late->count<ConnectionClosed>(), 1U);
    EXPECT_EQ(ice.sessions(), 2U);
}

TEST_F(HubIce, carries_streams_on_through_nats_when_an_address_has_gone_dead) {
    Peer &a = behind_nat(1), &b = behind_nat(2);
    directory[b.id()] = {{b.at, DialAddress::Source::kRecord}};
    EXPECT_EQ(connect(a, b).carrier, "udp");
    const auto id = open(a, b);
    wire.on_wire = [](quic::VirtualWire::Packet&) { return false; };
    a.app.send(id, pattern(300'000), false);
    const Instant broken = wire.now;
    EXPECT_TRUE(run([&] { return b.app.got[b.app.opened.front().id].size() == 300'000; }));
    EXPECT_LT(wire.now - broken, seconds{4});
    EXPECT_EQ(b.app.got[b.app.opened.front().id], pattern(300'000));
    for (Peer* each : {&a, &b}) {
        EXPECT_EQ(each->hub->connections().size(), 1u);
        EXPECT_EQ(each->hub->connections()[0].carrier, "ice");
    }
}

// The old way works again, from another address, about when a call has found a new one.
TEST_F(HubIce, streams_go_on_when_two_paths_come_at_once) {
    for (int later = 28; later < 40; ++later) {
        Peer& a = behind_nat(static_cast<std::uint8_t>(1 + 2 * later));
        Peer& b = behind_nat(static_cast<std::uint8_t>(2 + 2 * later));
        directory[b.id()] = {{b.at, DialAddress::Source::kRecord}};
        EXPECT_EQ(connect(a, b).carrier, "udp");
        const auto to_b = open(a, b);
        const auto to_a = b.app.opened.front().id;
        Endpoint moved = a.at;
        moved.port = static_cast<std::uint16_t>(moved.port + 1000);
        wire.alias(moved, a.at);
        bool down = true;
        wire.on_wire = [&, from = a.at](quic::VirtualWire::Packet& packet) {
            if (down || packet.to == from) return false;
            if (packet.from == from) packet.from = moved;
            return true;
        };
        a.hub->handle_network_change(wire.now);
        const auto talk = [&](Duration span) {
            for (const Instant end = wire.now + span; wire.now < end;) {
                a.app.send(to_b, pattern(1000), false);
                b.app.send(to_a, pattern(1000), false);
                pass(milliseconds{5});
            }
        };
        talk(milliseconds{400 + 10 * later});
        down = false;
        a.hub->handle_network_change(wire.now);
        talk(milliseconds{1000});
        const std::size_t all = (200U + (400 + 10 * later) / 5) * 1000U;
        EXPECT_TRUE(run([&] { return a.app.got[to_b].size() == all; })) << later;
        EXPECT_TRUE(run([&] { return b.app.got[to_a].size() == all; })) << later;
        for (Peer* each : {&a, &b}) {
            for (const auto& closed : each->all<ConnectionClosed>()) {
                ADD_FAILURE() << later << ' ' << close_reason_name(closed.reason) << ' '
                              << closed.words;
            }
        }
        wire.on_wire = [](quic::VirtualWire::Packet&) { return true; };
    }
}

TEST_F(HubIce, gives_up_a_peer_that_no_path_leads_to_and_leaves_nothing_behind) {
    Peer &a = behind_nat(1), &b = behind_nat(2);
    connect(a, b);
    const auto id = open(a, b);
    ice.strand_sessions();
    leg.reset();
    a.app.send(id, pattern(1000), false);
    const Instant broken = wire.now;
    EXPECT_TRUE(run([&] { return a.count<ConnectionClosed>() == 1; }));
    EXPECT_LT(wire.now - broken, seconds{12});
    EXPECT_EQ(a.all<ConnectionClosed>()[0].reason, ports::CloseReason::kIdle);
    pass(seconds{40});
    EXPECT_EQ(ice.sessions(), 0u);
}

TEST_F(HubIce, calls_nobody_for_a_connection_that_only_rests) {
    Peer &a = behind_nat(1), &b = behind_nat(2);
    connect(a, b);
    open(a, b);
    const std::size_t before = ice.opened;
    pass(seconds{120});
    EXPECT_EQ(ice.opened, before);
}

TEST_F(HubIce, dials_back_a_friend_that_calls_and_can_be_reached_itself) {
    Peer &a = behind_nat(1), &b = behind_nat(2);
    ice.direct = false;
    directory[a.id()] = {{a.at, DialAddress::Source::kRecord}};
    const ConnectionView view = connect(a, b);
    EXPECT_EQ(view.carrier, "udp");
    EXPECT_TRUE(view.inbound);
    pass(seconds{40});
    EXPECT_EQ(a.hub->connections().size(), 1u);
    EXPECT_EQ(ice.sessions(), 0u);
    EXPECT_EQ(ice.opened, 2u) << "who dials back calls nobody";
}

TEST_F(HubIce, a_connect_soon_after_another_is_not_bound_by_what_that_one_left) {
    for (const std::uint8_t first : {std::uint8_t{1}, std::uint8_t{3}}) {
        // Each order of the two ids: the smaller one lets its attempts go on for a while.
        Peer &a = behind_nat(first), &b = behind_nat(static_cast<std::uint8_t>(first + 1));
        for (auto [from, to] : {std::pair{&a, &b}, std::pair{&b, &a}}) {
            const Endpoint silent = *Endpoint::parse("198.51.100.200:9");
            directory[from->id()] = {{from->at, DialAddress::Source::kRecord}};
            directory[to->id()] = {{silent, DialAddress::Source::kRecord}};
            ice.direct = false;
            EXPECT_EQ(connect(*from, *to).carrier, "udp") << "it was dialled back";
            ice.direct = true;
            EXPECT_TRUE(from->hub->disconnect(wire.now, to->id()));
            pass(milliseconds{300});
            directory[from->id()] = {{silent, DialAddress::Source::kRecord}};
            EXPECT_EQ(connect(*from, *to).carrier, "ice");
            EXPECT_TRUE(from->hub->disconnect(wire.now, to->id()));
            pass(seconds{20});
        }
    }
}

TEST_F(HubIce, uses_a_relay_only_when_that_is_asked_for) {
    Peer &a = behind_nat(1, true), &b = behind_nat(2, true);
    StreamHub::ConnectOptions options;
    options.policy = DialPolicy::kRelayOnly;
    const CommandId command = a.hub->connect(wire.now, b.id(), options);
    EXPECT_TRUE(run([&] { return a.finished(command).has_value(); }));
    EXPECT_EQ(a.finished(command)->outcome->path, PathClass::kRelayed);
    const auto report = a.hub->ice_report(b.id());
    ASSERT_TRUE(report.has_value());
    for (const IceCandidate& each : report->ours) EXPECT_EQ(each.kind, CandidateKind::kRelayed);
    pass(seconds{60});
    EXPECT_EQ(a.hub->connection(b.id())->path, PathClass::kRelayed);
}

TEST_F(HubIce, offers_no_relay_to_who_wants_a_direct_path_and_calls_nobody_for_the_lan) {
    Peer &a = behind_nat(1, true), &b = behind_nat(2);
    ice.direct = false;
    StreamHub::ConnectOptions options;
    options.policy = DialPolicy::kDirectOnly;
    const CommandId direct = a.hub->connect(wire.now, b.id(), options);
    EXPECT_TRUE(run([&] { return a.finished(direct).has_value(); }));
    EXPECT_EQ(a.finished(direct)->outcome.error(), Errc::kTimedOut);
    const std::size_t opened = ice.opened;
    options.policy = DialPolicy::kLanOnly;
    const CommandId lan = a.hub->connect(wire.now, b.id(), options);
    EXPECT_TRUE(run([&] { return a.finished(lan).has_value(); }));
    EXPECT_EQ(ice.opened, opened);
}

TEST_F(HubIce, says_that_a_relay_would_help_when_no_pair_works) {
    Peer &a = behind_nat(1), &b = behind_nat(2);
    ice.direct = false;
    const CommandId command = a.hub->connect(wire.now, b.id(), {});
    EXPECT_TRUE(run([&] { return a.finished(command).has_value(); }));
    const ConnectFinished answer = *a.finished(command);
    EXPECT_EQ(answer.outcome.error(), Errc::kTimedOut);
    EXPECT_NE(answer.words.find("neither side has a relay"), std::string::npos) << answer.words;
    EXPECT_NE(answer.words.find("turn_servers"), std::string::npos) << answer.words;
    EXPECT_NE(answer.words.find("theirs 1 host, 1 srflx"), std::string::npos) << answer.words;
    ASSERT_EQ(answer.attempts.size(), 1u);
    EXPECT_EQ(answer.attempts[0].outcome, "no_path");
    const IceReport report = *a.hub->ice_report(b.id());
    EXPECT_EQ(report.outcome, "no_path");
    EXPECT_TRUE(report.answered);
    EXPECT_FALSE(report.relays);
    EXPECT_EQ(report.theirs.size(), 2u);
    pass(seconds{40});
    EXPECT_EQ(ice.sessions(), 0u);
}

TEST_F(HubIce, says_when_the_peer_does_not_answer) {
    Peer &a = behind_nat(1), &b = behind_nat(2);
    leg.reset();
    const CommandId command = a.hub->connect(wire.now, b.id(), {});
    EXPECT_TRUE(run([&] { return a.finished(command).has_value(); }));
    EXPECT_EQ(a.finished(command)->outcome.error(), Errc::kTimedOut);
    EXPECT_NE(a.finished(command)->words.find("did not answer"), std::string::npos);
    EXPECT_FALSE(a.hub->ice_report(b.id())->answered);
    pass(seconds{1});
    EXPECT_EQ(ice.sessions(), 0u);
}

TEST_F(HubIce, says_when_not_even_a_relay_helps) {
    Peer &a = behind_nat(1, true), &b = behind_nat(2, true);
    ice.direct = ice.relays = false;
    const CommandId command = a.hub->connect(wire.now, b.id(), {});
    EXPECT_TRUE(run([&] { return a.finished(command).has_value(); }));
    EXPECT_NE(a.finished(command)->words.find("our relay gave no address"), std::string::npos)
        << a.finished(command)->words;
}

TEST_F(HubIce, opens_no_session_for_a_stranger) {
    Peer &a = behind_nat(1), &b = behind_nat(2);
    strangers.push_back(a.id());
    const CommandId command = a.hub->connect(wire.now, b.id(), {});
    EXPECT_TRUE(run([&] { return a.finished(command).has_value(); }));
    EXPECT_FALSE(a.finished(command)->outcome.has_value());
    EXPECT_EQ(ice.opened, 1u);
    EXPECT_EQ(b.count<SignalWanted>(), 0u);
    EXPECT_GT(b.hub->signal_counters().drop_stranger, 0u);
}

TEST_F(HubIce, ends_the_sessions_of_a_connection_that_is_closed) {
    Peer &a = behind_nat(1), &b = behind_nat(2);
    connect(a, b);
    EXPECT_EQ(ice.sessions(), 2u);
    EXPECT_TRUE(a.hub->disconnect(wire.now, b.id()));
    pass(seconds{1});
    EXPECT_EQ(ice.sessions(), 0u);
    EXPECT_EQ(b.count<ConnectionClosed>(), 1u);
    EXPECT_EQ(connect(b, a).carrier, "ice");
}

TEST_F(HubIce, gives_up_the_call_when_nobody_waits_any_more) {
    Peer &a = behind_nat(1), &b = behind_nat(2);
    const CommandId command = a.hub->connect(wire.now, b.id(), {});
    pass(milliseconds{180});
    EXPECT_EQ(ice.sessions(), 2u);
    a.hub->cancel(wire.now, command);
    pass(seconds{1});
    EXPECT_EQ(ice.sessions(), 0u);
    EXPECT_EQ(a.hub->connections().size(), 0u);
}

}  // namespace sov::hub
