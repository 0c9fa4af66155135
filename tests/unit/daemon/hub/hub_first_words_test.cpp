#include "tests/unit/daemon/hub/hub_world.h"

// What an app says before its stream is open: how soon it arrives, and that nobody hears it too
// early, twice, or who should not.

namespace sov::hub {
namespace {

using ports::StreamId;

const std::string kWords = "first words";

/// Opens a stream that begins with `words`.
CommandId say(Peer& from, const Peer& to, std::string_view words,
              std::vector<std::string> protocols = {kTalk}) {
    const Instant now = from.world.wire.now;
    const CommandId command = from.hub->open_stream(now, to.id(), std::move(protocols), from.app);
    EXPECT_EQ(from.hub->write_first(command, as_bytes(words)), words.size());
    return command;
}

/// All that has come on all streams of an app.
std::string heard(const Peer& peer) {
    std::string all;
    for (const auto& [stream, bytes] : peer.app.got) all += to_text(bytes);
    return all;
}

/// From the long header (RFC 9000 s17.2): a packet of the handshake comes first in this datagram.
bool shakes_hands(const quic::VirtualWire::Packet& packet) { return (packet.bytes[0] & 0x80) != 0; }

TEST_F(HubWorld, an_answer_is_here_two_round_trips_after_the_dial_began) {
    Peer& ann = peer(1);
    Peer& bob = peer(2);
    bob.app.echoes = true;
    wire.latency = milliseconds{25};
    const Instant begun = wire.now;
    say(ann, bob, kWords);
    ASSERT_TRUE(run([&] { return heard(ann) == kWords; }));
    EXPECT_LT(wire.now - begun, 4 * wire.latency + milliseconds{1}) << "more than four flights";
}

TEST_F(HubWorld, an_answer_is_here_after_one_round_trip_where_there_is_a_connection) {
    Peer& ann = peer(1);
    Peer& bob = peer(2);
    bob.app.echoes = true;
    wire.latency = milliseconds{25};
    connect(ann, bob);
    pass(seconds{1});
    const Instant begun = wire.now;
    say(ann, bob, kWords);
    ASSERT_TRUE(run([&] { return heard(ann) == kWords; }));
    EXPECT_LT(wire.now - begun, 2 * wire.latency + milliseconds{1}) << "more than two flights";
}

TEST_F(HubWorld, first_words_come_before_what_is_written_once_the_stream_is_open) {
    Peer& ann = peer(1);
    Peer& bob = peer(2);
    const std::vector<std::vector<std::string>> proposals = {{kTalk}, {"/no/such/9", kTalk}};
    for (const auto& protocols : proposals) {
        const std::size_t before = ann.app.opened.size();
        const CommandId command = say(ann, bob, "one ", protocols);
        EXPECT_EQ(ann.hub->write_first(command, as_bytes("two ")), 4U);
        ASSERT_TRUE(run([&] { return ann.app.opened.size() > before; }));
        EXPECT_EQ(ann.hub->write_first(command, as_bytes("late")), 0U) << "it is open";
        const StreamId stream = ann.app.opened.back().id;
        ann.app.send(stream, as_bytes("three"), true);
        const StreamId there{
            bob.app.opened.empty() ? stream.connection : bob.app.opened.front().id.connection,
            stream.number};
        ASSERT_TRUE(run([&] { return bob.app.ended[there]; }));
        EXPECT_EQ(to_text(bob.app.got[there]), "one two three");
    }
}

TEST_F(HubWorld, nobody_hears_first_words_before_the_speaker_has_proven_itself) {
    Peer& ann = peer(1);
    Peer& bob = peer(2);
    bool lossy = true;
    std::size_t sent = 0, lost = 0, passed = 0;
    // The dialler's second flight, its certificate, gets lost, and what follows it arrives.
    wire.on_wire = [&](quic::VirtualWire::Packet& packet) {
        if (!lossy || packet.from != ann.at || sent++ == 0) return true;
        const bool proof = shakes_hands(packet);
        ++(proof ? lost : passed);
        return !proof;
    };
    const std::string words(6000, 'w');
    say(ann, bob, words);
    pass(milliseconds{500});
    EXPECT_GT(lost, 0U);
    EXPECT_GT(passed, 0U) << "words did arrive at the other host";
    EXPECT_TRUE(bob.app.opened.empty() && bob.app.got.empty());
    EXPECT_FALSE(bob.hub->connection(ann.id()));
    lossy = false;
    ASSERT_TRUE(run([&] { return heard(bob) == words; }));
}

TEST_F(HubWorld, who_is_not_taken_has_said_nothing_and_learns_why) {
    Peer& ann = peer(1);
    Peer& bob = peer(2);
    strangers = {ann.id()};
    const CommandId command = say(ann, bob, kWords);
    ASSERT_TRUE(run([&] { return !ann.app.failed.empty(); }));
    EXPECT_EQ(ann.app.failed[0], std::pair(command, Errc::kUnauthorized)) << ann.app.last_words;
    pass(seconds{5});
    EXPECT_TRUE(bob.app.opened.empty() && bob.app.got.empty());
    EXPECT_TRUE(ann.app.opened.empty() && ann.app.over.empty());
}

TEST_F(HubWorld, first_words_to_somebody_else_at_the_address_never_leave) {
    Peer& ann = peer(1);
    Peer& bob = peer(2);
    Peer& eve = peer(3);
    directory[bob.id()] = {{eve.at, DialAddress::Source::kRecord}};
    const CommandId command = say(ann, bob, kWords);
    ASSERT_TRUE(run([&] { return !ann.app.failed.empty(); }));
    EXPECT_EQ(ann.app.failed[0], std::pair(command, Errc::kWrongKey));
    EXPECT_TRUE(eve.app.opened.empty() && eve.app.got.empty());
}

TEST_F(HubWorld, first_words_in_a_protocol_that_nobody_serves_fail_and_say_so) {
    Peer& ann = peer(1);
    Peer& bob = peer(2);
    // On a connection to be made, and on one that is there.
    for (std::size_t round = 1; round <= 2; ++round) {
        const CommandId command = say(ann, bob, std::string(3000, 'x'), {"/no/such/9"});
        ASSERT_TRUE(run([&] { return ann.app.failed.size() == round; }));
        EXPECT_EQ(ann.app.failed.back(), std::pair(command, Errc::kUnsupported));
    }
    EXPECT_TRUE(bob.app.opened.empty());
}

TEST_F(HubWorld, past_the_limit_no_more_first_words_are_taken) {
    Peer& ann = peer(1, {.limits = {.first_bytes_max = 1000}});
    Peer& bob = peer(2);
    const std::string words(600, 'w');
    const CommandId command = say(ann, bob, words);
    EXPECT_EQ(ann.hub->write_first(command, as_bytes(words)), 400U);
    EXPECT_EQ(ann.hub->write_first(command, as_bytes(words)), 0U);
    EXPECT_EQ(ann.hub->write_first(CommandId{999}, as_bytes(words)), 0U) << "nobody's";
    ASSERT_TRUE(run([&] { return heard(bob) == std::string(1000, 'w'); }));
    connect(bob, ann);
    const CommandId again = say(ann, bob, words);
    EXPECT_EQ(ann.hub->write_first(again, as_bytes(words)), 400U) << "on a connection, too";
}

TEST_F(HubWorld, first_words_arrive_once_whichever_attempt_wins) {
    // The second address is nearer by ever more, so that either attempt may be the first at any
    // step of its handshake.
    const Endpoint other = Endpoint::v4(0xc6336463, 4099);
    for (int ahead = 0; ahead <= 400; ahead += 20) {
        peers.clear();
        Peer& ann = peer(1);
        Peer& bob = peer(2);
        wire.alias(other, bob.at);
        directory[bob.id()] = {{bob.at, DialAddress::Source::kRecord},
                               {other, DialAddress::Source::kRecord}};
        wire.on_wire = [&](quic::VirtualWire::Packet& packet) {
            if (packet.to != bob.at) return true;
            wire.put_later(packet, milliseconds{ahead});
            return false;
        };
        say(ann, bob, kWords);
        ASSERT_TRUE(run([&] { return !ann.app.opened.empty() && !heard(bob).empty(); })) << ahead;
        pass(seconds{20});
        EXPECT_EQ(heard(bob), kWords) << ahead;
        EXPECT_TRUE(ann.app.failed.empty() && ann.app.over.empty()) << ahead;
    }
}

TEST_F(HubWorld, first_words_said_while_both_sides_dial_all_arrive_once) {
    for (int lead = -30; lead <= 30; lead += 5) {
        peers.clear();
        Peer& ann = peer(1);
        Peer& bob = peer(2);
        Peer& first = lead < 0 ? ann : bob;
        Peer& second = lead < 0 ? bob : ann;
        say(first, second, "from the first");
        pass(milliseconds{std::abs(lead)});
        say(second, first, "from the second");
        ASSERT_TRUE(run([&] { return ann.app.opened.size() == 2 && bob.app.opened.size() == 2; }))
            << lead;
        pass(seconds{20});
        EXPECT_EQ(heard(second), "from the first") << lead;
        EXPECT_EQ(heard(first), "from the second") << lead;
        EXPECT_TRUE(ann.app.failed.empty() && bob.app.failed.empty()) << lead;
        EXPECT_TRUE(ann.app.over.empty() && bob.app.over.empty()) << lead;
    }
}

TEST_F(HubWorld, a_stream_that_is_given_up_between_proof_and_acceptance_leaves_nothing) {
    Peer& ann = peer(1);
    Peer& bob = peer(2);
    const CommandId command = say(ann, bob, kWords);
    // One round trip: the peer has proven itself, and has not heard our words yet.
    pass(2 * wire.latency + milliseconds{5});
    ann.hub->cancel(wire.now, command);
    ASSERT_TRUE(run([&] { return !ann.app.failed.empty(); }));
    EXPECT_EQ(ann.app.failed[0], std::pair(command, Errc::kCancelled));
    pass(seconds{5});
    EXPECT_TRUE(ann.app.opened.empty());
    for (Peer* each : {&ann, &bob}) {
        for (const ConnectionView& view : each->hub->connections()) EXPECT_EQ(view.streams, 0U);
    }
}

}  // namespace
}  // namespace sov::hub
