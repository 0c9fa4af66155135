#include "daemon/streams/ping.h"
#include "tests/unit/daemon/hub/hub_world.h"

namespace sov::hub {
namespace {

using ports::StreamId;

TEST_F(HubWorld, a_stream_carries_bytes_both_ways_to_their_end) {
    Peer& ann = peer(1);
    Peer& bob = peer(2);
    bob.app.echoes = true;
    const StreamId stream = open(ann, bob);
    const Bytes sent = pattern(3 << 20);
    ann.app.send(stream, sent, true);
    ASSERT_TRUE(run([&] { return ann.app.over.contains(stream); }, seconds{60}));
    EXPECT_EQ(ann.app.got[stream], sent);
    EXPECT_TRUE(ann.app.ended[stream]);
    EXPECT_EQ(ann.app.over[stream], std::nullopt);
    ASSERT_TRUE(run([&] { return !bob.app.over.empty(); }));
    EXPECT_EQ(bob.app.over.begin()->second, std::nullopt);
    EXPECT_EQ(bob.app.first().protocol, kTalk);
    EXPECT_EQ(bob.app.first().peer, ann.id());
    EXPECT_TRUE(bob.app.first().inbound);
}

TEST_F(HubWorld, the_first_protocol_that_the_other_side_knows_is_taken) {
    Peer& ann = peer(1);
    Peer& bob = peer(2);
    (void)ann.hub->open_stream(wire.now, bob.id(), {"/no/such/9", kTalk}, ann.app);
    ASSERT_TRUE(run([&] { return !ann.app.opened.empty(); }));
    EXPECT_EQ(ann.app.first().protocol, kTalk);
}

TEST_F(HubWorld, a_protocol_that_nobody_serves_fails_and_says_so) {
    Peer& ann = peer(1);
    Peer& bob = peer(2);
    const CommandId command = ann.hub->open_stream(wire.now, bob.id(), {"/no/such/9"}, ann.app);
    ASSERT_TRUE(run([&] { return !ann.app.failed.empty(); }));
    EXPECT_EQ(ann.app.failed[0], std::pair(command, Errc::kUnsupported));
}

TEST_F(HubWorld, an_app_that_withdrew_is_not_served_and_its_streams_go_on) {
    Peer& ann = peer(1);
    Peer& bob = peer(2);
    const StreamId stream = open(ann, bob);
    bob.hub->withdraw(kTalk);
    (void)ann.hub->open_stream(wire.now, bob.id(), {kTalk}, ann.app);
    ASSERT_TRUE(run([&] { return !ann.app.failed.empty(); }));
    ann.app.send(stream, pattern(100), false);
    ASSERT_TRUE(run([&] { return bob.app.got[bob.app.first().id].size() == 100; }));
}

TEST_F(HubWorld, names_that_nobody_can_propose_are_refused) {
    Peer& ann = peer(1);
    App other;
    EXPECT_EQ(why(ann.hub->serve("talk", other)), Errc::kInvalidArgument);
    EXPECT_EQ(why(ann.hub->serve("/a b", other)), Errc::kInvalidArgument);
    EXPECT_EQ(why(ann.hub->serve(kTalk, other)), Errc::kExists);
    EXPECT_EQ(why(ann.hub->serve("/ipfs/ping/1.0.0", other)), Errc::kExists);
    (void)ann.hub->open_stream(wire.now, peer(2).id(), {"talk"}, ann.app);
    ASSERT_TRUE(run([&] { return !ann.app.failed.empty(); }, seconds{1}));
    EXPECT_EQ(ann.app.failed[0].second, Errc::kInvalidArgument);
}

TEST_F(HubWorld, past_the_limit_of_protocols_no_more_are_served) {
    Peer& ann = peer(1, {.limits = {.served_protocols_max = 5}});
    EXPECT_TRUE(ann.hub->serve("/one", ann.app).has_value());
    EXPECT_EQ(why(ann.hub->serve("/two", ann.app)), Errc::kOverQuota);
}

TEST_F(HubWorld, past_the_limit_of_streams_here_an_open_is_busy) {
    Peer& ann = peer(1, {.limits = {.streams_per_peer_max = 2}});
    Peer& bob = peer(2);
    open(ann, bob);
    open(ann, bob);
    (void)ann.hub->open_stream(wire.now, bob.id(), {kTalk}, ann.app);
    ASSERT_TRUE(run([&] { return !ann.app.failed.empty(); }));
    EXPECT_EQ(ann.app.failed[0].second, Errc::kBusy);
    ann.hub->reset(ann.app.opened[0].id);
    open(ann, bob);
}

TEST_F(HubWorld, past_the_limit_of_streams_there_the_other_side_says_so) {
    Peer& ann = peer(1);
    Peer& bob = peer(2, {.limits = {.streams_per_peer_max = 2}});
    open(ann, bob);
    open(ann, bob);
    (void)ann.hub->open_stream(wire.now, bob.id(), {kTalk}, ann.app);
    ASSERT_TRUE(run([&] { return ann.app.failed.size() + ann.app.over.size() == 1; }));
    EXPECT_EQ(bob.app.opened.size(), 2U);
}

TEST_F(HubWorld, a_stream_that_nobody_reads_takes_a_bounded_amount) {
    quic::QuicTransport::Options options;
    quic::QuicLimits& limits = options.limits;
    limits.send_buffer_max = 4 << 20;
    Peer& ann = peer(1, {}, options);
    Peer& bob = peer(2, {}, options);
    bob.app.reads = false;
    const StreamId stream = open(ann, bob);
    ann.app.send(stream, pattern(16 << 20), false);
    pass(seconds{30});
    // Ours holds what the limit of its buffer says, theirs one window.
    const std::size_t taken = (16U << 20) - ann.app.unsent[stream].size();
    EXPECT_LE(taken, limits.send_buffer_max + limits.stream_window + (64U << 10));
    EXPECT_GE(taken, limits.send_buffer + limits.stream_window);
    bob.app.reads = true;
    bob.app.read(bob.app.first().id);
    ASSERT_TRUE(
        run([&] { return bob.app.got[bob.app.first().id].size() == 16U << 20; }, seconds{120}));
    EXPECT_EQ(bob.app.got[bob.app.first().id], pattern(16 << 20));
}

TEST_F(HubWorld, a_stream_given_up_by_one_side_is_over_for_the_other) {
    Peer& ann = peer(1);
    Peer& bob = peer(2);
    const StreamId stream = open(ann, bob);
    ann.hub->reset(stream);
    ASSERT_TRUE(run([&] { return !bob.app.over.empty(); }));
    EXPECT_EQ(bob.app.over.begin()->second, Errc::kCancelled);
    pass(seconds{1});
    EXPECT_TRUE(ann.app.over.empty()) << "who reset it is not told";
    EXPECT_FALSE(ann.hub->read(stream, 1).has_value());
}

TEST_F(HubWorld, streams_of_a_forgotten_app_are_reset_and_it_is_not_called_again) {
    Peer& ann = peer(1);
    Peer& bob = peer(2);
    open(ann, bob);
    {
        App passing;
        passing.hub = ann.hub.get();
        (void)ann.hub->open_stream(wire.now, bob.id(), {kTalk}, passing);
        ASSERT_TRUE(run([&] { return !passing.opened.empty(); }));
        (void)ann.hub->open_stream(wire.now, bob.id(), {kTalk}, passing);
        ann.hub->forget_user(passing);
    }
    pass(seconds{2});
    EXPECT_EQ(ann.hub->connection(bob.id())->streams, 1U);
    EXPECT_EQ(bob.hub->connection(ann.id())->streams, 1U);
}

TEST_F(HubWorld, a_stream_whose_opener_never_names_a_protocol_is_reset) {
    Peer& ann = peer(1);
    Peer& bob = peer(2);
    connect(ann, bob);
    // Past the hub, as another implementation might.
    const auto id = ann.hub->connection(bob.id())->id;
    const auto stream = ann.party.transport->open_stream(id);
    ASSERT_TRUE(stream.has_value());
    ASSERT_TRUE(ann.party.transport->write(*stream, as_bytes("\x13/multi"), false).has_value());
    pass(seconds{15});
    EXPECT_FALSE(ann.party.transport->write(*stream, as_bytes("x"), false).has_value());
    EXPECT_TRUE(bob.hub->connection(ann.id()));
}

TEST_F(HubWorld, past_the_limit_of_unnamed_streams_more_are_reset) {
    Peer& ann = peer(1);
    Peer& bob = peer(2, {.limits = {.unnamed_streams_max = 4}});
    connect(ann, bob);
    pass(seconds{1});
    const auto id = ann.hub->connection(bob.id())->id;
    std::vector<StreamId> streams;
    for (int count = 0; count < 8; ++count) {
        streams.push_back(*ann.party.transport->open_stream(id));
        ASSERT_TRUE(ann.party.transport->write(streams.back(), as_bytes("\x13"), false));
    }
    pass(seconds{2});
    std::size_t open_ones = 0;
    for (const StreamId& stream : streams) {
        open_ones += ann.party.transport->write(stream, as_bytes("/"), false).has_value() ? 1 : 0;
    }
    EXPECT_EQ(open_ones, 4U);
}

TEST_F(HubWorld, a_ping_connects_and_measures_one_round_trip) {
    Peer& ann = peer(1);
    Peer& bob = peer(2);
    wire.latency = milliseconds{25};
    const CommandId command = ann.hub->ping(wire.now, bob.id());
    ASSERT_TRUE(run([&] { return ann.count<PingFinished>() == 1; }));
    const PingFinished answer = ann.all<PingFinished>()[0];
    EXPECT_EQ(answer.command, command);
    EXPECT_EQ(answer.peer, bob.id());
    ASSERT_TRUE(answer.outcome.has_value());
    EXPECT_GE(*answer.outcome, milliseconds{50});
    EXPECT_LT(*answer.outcome, milliseconds{60});
    EXPECT_EQ(ann.hub->connection(bob.id())->streams, 0U) << "the hub's own streams don't count";
}

TEST_F(HubWorld, a_ping_of_an_absent_peer_fails_with_a_reason) {
    Peer& ann = peer(1);
    Peer& bob = peer(2);
    directory.clear();
    (void)ann.hub->ping(wire.now, bob.id());
    ASSERT_TRUE(run([&] { return ann.count<PingFinished>() == 1; }, seconds{1}));
    EXPECT_EQ(why(ann.all<PingFinished>()[0].outcome), Errc::kNotFound);
    EXPECT_FALSE(ann.all<PingFinished>()[0].words.empty());
}

TEST_F(HubWorld, a_ping_without_an_answer_ends_in_time) {
    Peer& ann = peer(1);
    Peer& bob = peer(2);
    connect(ann, bob);
    pass(seconds{1});
    wire.on_wire = [&](auto& packet) { return packet.from != bob.at; };
    (void)ann.hub->ping(wire.now, bob.id());
    ASSERT_TRUE(run([&] { return ann.count<PingFinished>() == 1; }, seconds{15}));
    EXPECT_EQ(why(ann.all<PingFinished>()[0].outcome), Errc::kTimedOut);
}

TEST_F(HubWorld, both_sides_learn_what_the_other_serves) {
    Peer& ann = peer(1);
    Peer& bob = peer(2);
    connect(ann, bob);
    ASSERT_TRUE(run([&] {
        return !ann.hub->connection(bob.id())->agent.empty() &&
               !bob.hub->connection(ann.id())->agent.empty();
    }));
    EXPECT_EQ(ann.hub->connection(bob.id())->agent, "test/2");
    const auto names = bob.hub->connection(ann.id())->protocols;
    EXPECT_NE(std::find(names.begin(), names.end(), kTalk), names.end());
    EXPECT_NE(std::find(names.begin(), names.end(), "/ipfs/ping/1.0.0"), names.end());
}

TEST_F(HubWorld, a_peer_that_dies_is_noticed_within_fifteen_seconds_while_streams_are_open) {
    Peer& ann = peer(1);
    Peer& bob = peer(2);
    const StreamId stream = open(ann, bob);
    pass(seconds{100});
    ASSERT_TRUE(ann.app.over.empty());
    // Ann only listens, so nothing of hers is unanswered.
    wire.on_wire = [&](auto& packet) { return packet.from != bob.at; };
    ASSERT_TRUE(run([&] { return ann.app.over.contains(stream); }, seconds{15}));
    EXPECT_EQ(ann.app.over[stream], Errc::kTimedOut);
    ASSERT_EQ(ann.count<ConnectionClosed>(), 1U);
    EXPECT_EQ(ann.all<ConnectionClosed>()[0].reason, ports::CloseReason::kIdle);
}

TEST_F(HubWorld, a_host_that_slept_does_not_take_its_own_silence_for_the_peers) {
    Peer& ann = peer(1);
    Peer& bob = peer(2);
    const StreamId stream = open(ann, bob);
    pass(seconds{1});
    wire.now += seconds{30};
    pass(seconds{30});
    EXPECT_TRUE(ann.app.over.empty() && bob.app.over.empty());
    ann.app.send(stream, pattern(100), false);
    ASSERT_TRUE(run([&] { return bob.app.got[bob.app.first().id].size() == 100; }, seconds{5}));
}

TEST_F(HubWorld, a_quiet_stream_with_a_live_peer_lasts) {
    Peer& ann = peer(1);
    Peer& bob = peer(2);
    const StreamId stream = open(ann, bob);
    pass(seconds{3600});
    EXPECT_TRUE(ann.app.over.empty() && bob.app.over.empty());
    ann.app.send(stream, pattern(100), false);
    ASSERT_TRUE(run([&] { return bob.app.got[bob.app.first().id].size() == 100; }, seconds{5}));
}

TEST_F(HubWorld, a_peer_that_says_goodbye_is_missed_at_once) {
    Peer& ann = peer(1);
    Peer& bob = peer(2);
    const StreamId stream = open(ann, bob);
    bob.hub->disconnect(wire.now, ann.id());
    ASSERT_TRUE(run([&] { return ann.app.over.contains(stream); }, milliseconds{100}));
}

TEST_F(HubWorld, peers_are_told_when_what_we_serve_changes) {
    Peer& ann = peer(1);
    Peer& bob = peer(2);
    connect(ann, bob);
    pass(seconds{2});
    const auto knows = [&](const std::string& name) {
        const auto names = ann.hub->connection(bob.id())->protocols;
        return std::find(names.begin(), names.end(), name) != names.end();
    };
    EXPECT_FALSE(knows("/later/1"));
    ASSERT_TRUE(bob.hub->serve("/later/1", bob.app));
    ASSERT_TRUE(bob.hub->serve("/later/2", bob.app));
    ASSERT_TRUE(run([&] { return knows("/later/1"); }, seconds{2}));
    EXPECT_TRUE(knows("/later/2"));
    EXPECT_FALSE(ann.hub->connection(bob.id())->agent.empty());
    const auto carried = [&] { return ann.hub->connection(bob.id())->bytes_in; };
    pass(seconds{2});
    const auto before = carried();
    for (int change = 0; change < 500; ++change) {
        bob.hub->withdraw("/later/2");
        ASSERT_TRUE(bob.hub->serve("/later/2", bob.app));
        pass(milliseconds{4});
    }
    bob.hub->withdraw("/later/2");
    EXPECT_TRUE(run([&] { return !knows("/later/2"); }, seconds{3}));
    EXPECT_TRUE(knows("/later/1"));
    EXPECT_LT(carried() - before, 10'000u) << "a push a second, however much changes";
    EXPECT_EQ(ann.hub->connection(bob.id())->streams, 0u) << "no app's stream";
}

}  // namespace
}  // namespace sov::hub
