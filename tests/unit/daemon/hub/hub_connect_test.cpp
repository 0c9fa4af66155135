#include "tests/unit/daemon/hub/hub_world.h"

namespace sov::hub {
namespace {

using ports::CloseReason;

TEST_F(HubWorld, a_connect_finds_its_peer_and_both_sides_know_who_is_there) {
    Peer& ann = peer(1);
    Peer& bob = peer(2);
    const ConnectionView view = connect(ann, bob);
    EXPECT_EQ(view.peer, bob.id());
    EXPECT_EQ(view.remote, bob.at);
    EXPECT_FALSE(view.inbound);
    EXPECT_EQ(view.path, PathClass::kDirect);
    const auto theirs = bob.hub->connection(ann.id());
    ASSERT_TRUE(theirs);
    EXPECT_TRUE(theirs->inbound);
    EXPECT_EQ(ann.count<ConnectionOpened>(), 1U);
    EXPECT_EQ(bob.count<ConnectionOpened>(), 1U);
}

TEST_F(HubWorld, a_second_connect_is_answered_by_the_connection_that_is_there) {
    Peer& ann = peer(1);
    Peer& bob = peer(2);
    const ConnectionView first = connect(ann, bob);
    const ConnectionView second = connect(ann, bob);
    EXPECT_EQ(first.id, second.id);
    EXPECT_EQ(ann.count<AddressesWanted>(), 1U);
    connect(bob, ann);
    EXPECT_EQ(bob.hub->connections().size(), 1U);
}

TEST_F(HubWorld, a_few_commands_that_wait_for_one_peer_share_one_dial) {
    Peer& ann = peer(1);
    Peer& bob = peer(2);
    std::vector<CommandId> commands;
    for (int count = 0; count < 5; ++count) {
        commands.push_back(ann.hub->connect(wire.now, bob.id(), {}));
    }
    (void)ann.hub->open_stream(wire.now, bob.id(), {kTalk}, ann.app);
    ASSERT_TRUE(run([&] { return ann.count<ConnectFinished>() == 5 && !ann.app.opened.empty(); }));
    EXPECT_EQ(ann.count<AddressesWanted>(), 1U);
    EXPECT_EQ(ann.count<ConnectionOpened>(), 1U);
}

TEST_F(HubWorld, a_stranger_is_refused_before_it_is_told_that_it_is_connected) {
    Peer& ann = peer(1);
    Peer& bob = peer(2);
    strangers = {ann.id()};
    const CommandId command = ann.hub->connect(wire.now, bob.id(), {});
    ASSERT_TRUE(run([&] { return ann.finished(command).has_value(); }, seconds{2}));
    EXPECT_EQ(why(ann.finished(command)->outcome), Errc::kUnauthorized);
    EXPECT_NE(ann.finished(command)->words.find("friends only"), std::string::npos);
    EXPECT_EQ(ann.count<ConnectionOpened>(), 0U);
    EXPECT_EQ(bob.count<ConnectionOpened>(), 0U);
    EXPECT_TRUE(bob.hub->connections().empty());
}

TEST_F(HubWorld, anyone_is_taken_where_anyone_may_come) {
    Peer& ann = peer(1);
    Peer& bob = peer(2, {.admission = Admission::kAnyone});
    strangers = {ann.id()};
    connect(ann, bob);
}

TEST_F(HubWorld, nobody_is_a_friend_before_friends_are_known) {
    Peer& ann = peer(1);
    Peer& bob = peer(2);
    bob.hub->set_is_friend({});
    const CommandId command = ann.hub->connect(wire.now, bob.id(), {});
    ASSERT_TRUE(run([&] { return ann.finished(command).has_value(); }, seconds{2}));
    EXPECT_EQ(why(ann.finished(command)->outcome), Errc::kUnauthorized);
}

TEST_F(HubWorld, a_peer_of_which_no_address_is_known_is_not_found) {
    Peer& ann = peer(1);
    Peer& bob = peer(2);
    directory.clear();
    const CommandId command = ann.hub->connect(wire.now, bob.id(), {});
    ASSERT_TRUE(run([&] { return ann.finished(command).has_value(); }, seconds{1}));
    EXPECT_EQ(why(ann.finished(command)->outcome), Errc::kNotFound);
}

TEST_F(HubWorld, a_connect_ends_in_time_when_nobody_says_where_the_peer_is) {
    Peer& ann = peer(1);
    Peer& bob = peer(2);
    directory_answers = false;
    const CommandId command = ann.hub->connect(wire.now, bob.id(), {.time = seconds{3}});
    ASSERT_TRUE(run([&] { return ann.finished(command).has_value(); }, seconds{4}));
    EXPECT_FALSE(ann.finished(command)->outcome.has_value());
}

TEST_F(HubWorld, the_first_address_that_answers_wins_and_the_attempts_tell_of_all) {
    Peer& ann = peer(1);
    Peer& bob = peer(2);
    const Endpoint silent = Endpoint::v4(0xc6336463, 1);
    directory[bob.id()] = {{silent, DialAddress::Source::kNear},
                           {bob.at, DialAddress::Source::kRecord}};
    const Instant begun = wire.now;
    connect(ann, bob);
    EXPECT_LT(wire.now - begun, milliseconds{600});
    const auto tried = ann.hub->attempts(bob.id());
    ASSERT_EQ(tried.size(), 2U);
    EXPECT_EQ(tried[0].endpoint, bob.at);
    EXPECT_TRUE(tried[0].won);
    EXPECT_EQ(tried[0].outcome, "connected");
    EXPECT_EQ(tried[1].endpoint, silent);
    EXPECT_EQ(tried[1].outcome, "not_needed");
}

TEST_F(HubWorld, somebody_else_at_the_address_is_not_the_peer) {
    Peer& ann = peer(1);
    Peer& bob = peer(2);
    Peer& eve = peer(3);
    directory[bob.id()] = {{eve.at, DialAddress::Source::kRecord}};
    const CommandId command = ann.hub->connect(wire.now, bob.id(), {});
    ASSERT_TRUE(run([&] { return ann.finished(command).has_value(); }));
    EXPECT_EQ(why(ann.finished(command)->outcome), Errc::kWrongKey);
    EXPECT_EQ(eve.count<ConnectionOpened>(), 0U);
}

TEST_F(HubWorld, a_dial_that_is_not_wanted_any_more_is_closed) {
    Peer& ann = peer(1);
    Peer& bob = peer(2);
    const CommandId command = ann.hub->connect(wire.now, bob.id(), {});
    ann.hub->cancel(wire.now, command);
    ASSERT_TRUE(run([&] { return ann.finished(command).has_value(); }, seconds{1}));
    EXPECT_EQ(why(ann.finished(command)->outcome), Errc::kCancelled);
    pass(seconds{1});
    EXPECT_TRUE(ann.hub->connections().empty());
}

TEST_F(HubWorld, lan_only_dials_no_address_beyond_the_lan) {
    Peer& ann = peer(1);
    Peer& bob = peer(2);
    const CommandId command =
        ann.hub->connect(wire.now, bob.id(), {.policy = DialPolicy::kLanOnly});
    ASSERT_TRUE(run([&] { return ann.finished(command).has_value(); }));
    EXPECT_EQ(why(ann.finished(command)->outcome), Errc::kNotFound);
    EXPECT_TRUE(ann.hub->attempts(bob.id()).empty());
}

TEST_F(HubWorld, simultaneous_dials_leave_the_connection_of_the_smaller_peer) {
    Peer& ann = peer(1);
    Peer& bob = peer(2);
    const CommandId from_ann = ann.hub->connect(wire.now, bob.id(), {});
    const CommandId from_bob = bob.hub->connect(wire.now, ann.id(), {});
    ASSERT_TRUE(run([&] { return ann.finished(from_ann) && bob.finished(from_bob); }));
    EXPECT_TRUE(ann.finished(from_ann)->outcome.has_value());
    EXPECT_TRUE(bob.finished(from_bob)->outcome.has_value());
    pass(seconds{20});
    ASSERT_EQ(ann.hub->connections().size(), 1U);
    ASSERT_EQ(bob.hub->connections().size(), 1U);
    EXPECT_EQ(ann.hub->connections()[0].inbound, bob.id() < ann.id());
    EXPECT_EQ(bob.hub->connections()[0].inbound, ann.id() < bob.id());
}

TEST_F(HubWorld, streams_opened_while_both_sides_dial_all_arrive) {
    // Whoever is ahead by how much: no stream may be lost with the connection that goes.
    for (int lead = -30; lead <= 30; lead += 5) {
        peers.clear();
        Peer& ann = peer(1);
        Peer& bob = peer(2);
        Peer& first = lead < 0 ? ann : bob;
        Peer& second = lead < 0 ? bob : ann;
        (void)first.hub->open_stream(wire.now, second.id(), {kTalk}, first.app);
        pass(milliseconds{std::abs(lead)});
        (void)second.hub->open_stream(wire.now, first.id(), {kTalk}, second.app);
        ASSERT_TRUE(run([&] { return ann.app.opened.size() == 2 && bob.app.opened.size() == 2; }))
            << lead;
        EXPECT_TRUE(ann.app.failed.empty() && bob.app.failed.empty()) << lead;
        pass(seconds{20});
        EXPECT_TRUE(ann.app.over.empty() && bob.app.over.empty()) << lead;
    }
}

TEST_F(HubWorld, an_idle_connection_is_closed_and_one_somebody_holds_is_not) {
    Peer& ann = peer(1, {.limits = {.idle_time = seconds{30}}});
    Peer& bob = peer(2);
    Peer& cat = peer(3);
    connect(ann, bob);
    connect(ann, cat);
    ASSERT_TRUE(ann.hub->hold(wire.now, cat.id()).has_value());
    pass(seconds{40});
    EXPECT_FALSE(ann.hub->connection(bob.id()));
    EXPECT_FALSE(bob.hub->connection(ann.id()));
    EXPECT_TRUE(ann.hub->connection(cat.id()));
    ASSERT_EQ(bob.count<ConnectionClosed>(), 1U);
    EXPECT_EQ(bob.all<ConnectionClosed>()[0].code, kCloseIdle);
    ann.hub->release(wire.now, cat.id());
    pass(seconds{40});
    EXPECT_FALSE(ann.hub->connection(cat.id()));
}

TEST_F(HubWorld, a_connection_with_a_stream_is_not_idle) {
    Peer& ann = peer(1, {.limits = {.idle_time = seconds{30}}});
    Peer& bob = peer(2, {.limits = {.idle_time = seconds{30}}});
    const auto stream = open(ann, bob);
    pass(seconds{200});
    ASSERT_TRUE(ann.hub->connection(bob.id()));
    ann.hub->reset(stream);
    pass(seconds{20});
    EXPECT_TRUE(ann.hub->connection(bob.id())) << "counted from the end of the stream";
    pass(seconds{20});
    EXPECT_FALSE(ann.hub->connection(bob.id()));
}

TEST_F(HubWorld, past_the_limit_the_least_valuable_idle_connection_goes) {
    Peer& ann = peer(1, {.limits = {.connections_max = 3}});
    std::vector<Peer*> others;
    for (std::uint8_t seed = 2; seed < 6; ++seed) others.push_back(&peer(seed));
    connect(ann, *others[0]);
    pass(seconds{1});
    connect(*others[1], ann);  // inbound: goes first
    pass(seconds{1});
    open(ann, *others[2]);
    connect(ann, *others[3]);
    pass(seconds{1});
    EXPECT_EQ(ann.hub->connections().size(), 3U);
    EXPECT_FALSE(ann.hub->connection(others[1]->id()));
    EXPECT_FALSE(others[1]->hub->connection(ann.id()));
}

TEST_F(HubWorld, when_all_connections_are_in_use_another_is_refused) {
    Peer& ann = peer(1, {.limits = {.connections_max = 1}});
    Peer& bob = peer(2);
    Peer& cat = peer(3);
    open(ann, bob);
    const CommandId command = cat.hub->connect(wire.now, ann.id(), {});
    ASSERT_TRUE(run([&] { return cat.finished(command).has_value(); }));
    EXPECT_EQ(why(cat.finished(command)->outcome), Errc::kBusy);
    EXPECT_TRUE(ann.hub->connection(bob.id()));
}

TEST_F(HubWorld, past_the_limit_of_dials_a_connect_is_busy) {
    Peer& ann = peer(1, {.limits = {.dials_max = 1}});
    Peer& bob = peer(2);
    Peer& cat = peer(3);
    directory_answers = false;
    (void)ann.hub->connect(wire.now, bob.id(), {});
    const CommandId second = ann.hub->connect(wire.now, cat.id(), {});
    ASSERT_TRUE(run([&] { return ann.finished(second).has_value(); }, seconds{1}));
    EXPECT_EQ(why(ann.finished(second)->outcome), Errc::kBusy);
}

TEST_F(HubWorld, past_the_limit_of_waiters_a_connect_is_busy) {
    Peer& ann = peer(1, {.limits = {.waiters_max = 2}});
    Peer& bob = peer(2);
    directory_answers = false;
    (void)ann.hub->connect(wire.now, bob.id(), {});
    (void)ann.hub->connect(wire.now, bob.id(), {});
    const CommandId third = ann.hub->connect(wire.now, bob.id(), {});
    ASSERT_TRUE(run([&] { return ann.finished(third).has_value(); }, seconds{1}));
    EXPECT_EQ(why(ann.finished(third)->outcome), Errc::kBusy);
}

TEST_F(HubWorld, past_the_limit_of_interests_no_peer_is_held) {
    Peer& ann = peer(1, {.limits = {.interests_max = 1}});
    ASSERT_TRUE(ann.hub->hold(wire.now, peer(2).id()).has_value());
    EXPECT_EQ(why(ann.hub->hold(wire.now, peer(3).id())), Errc::kOverQuota);
    EXPECT_TRUE(ann.hub->hold(wire.now, peers[2]->id()).has_value());
}

TEST_F(HubWorld, a_lost_connection_is_tried_again_with_pauses_only_while_somebody_holds_it) {
    Peer& ann = peer(1);
    Peer& bob = peer(2);
    ASSERT_TRUE(ann.hub->hold(wire.now, bob.id()).has_value());
    ASSERT_TRUE(run([&] { return ann.hub->connection(bob.id()).has_value(); }));
    directory[bob.id()] = {};
    bob.hub->disconnect(wire.now, ann.id());
    pass(seconds{60});
    const std::size_t asked = ann.count<AddressesWanted>();
    EXPECT_GE(asked, 4U);
    EXPECT_LE(asked, 12U);
    directory[bob.id()] = {{bob.at, DialAddress::Source::kRecord}};
    ASSERT_TRUE(run([&] { return ann.hub->connection(bob.id()).has_value(); }, seconds{120}));
    ann.hub->release(wire.now, bob.id());
    const std::size_t before = ann.count<AddressesWanted>();
    bob.hub->disconnect(wire.now, ann.id());
    pass(seconds{600});
    EXPECT_EQ(ann.count<AddressesWanted>(), before);
}

TEST_F(HubWorld, who_leaves_says_so_and_takes_nobody_any_more) {
    Peer& ann = peer(1);
    Peer& bob = peer(2);
    const auto stream = open(ann, bob);
    bob.hub->shut_down(wire.now);
    ASSERT_TRUE(run([&] { return ann.count<ConnectionClosed>() == 1; }, seconds{1}));
    EXPECT_EQ(ann.all<ConnectionClosed>()[0].code, kCloseShutdown);
    EXPECT_EQ(ann.app.over.at(stream), Errc::kNotFound);
    const CommandId again = ann.hub->connect(wire.now, bob.id(), {});
    ASSERT_TRUE(run([&] { return ann.finished(again).has_value(); }));
    EXPECT_FALSE(ann.finished(again)->outcome.has_value());
}

TEST_F(HubWorld, a_daemon_does_not_connect_to_itself) {
    Peer& ann = peer(1);
    const CommandId command = ann.hub->connect(wire.now, ann.id(), {});
    ASSERT_TRUE(run([&] { return ann.finished(command).has_value(); }, seconds{1}));
    EXPECT_EQ(why(ann.finished(command)->outcome), Errc::kInvalidArgument);
}

}  // namespace
}  // namespace sov::hub
