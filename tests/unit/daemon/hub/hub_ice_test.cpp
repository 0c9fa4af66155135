#include <algorithm>

#include "tests/support/fake_ice.h"
#include "tests/unit/daemon/hub/hub_world.h"

// Hubs behind NATs: no address of theirs answers, and words reach them through the DHT only.

namespace sov::hub {

namespace {

constexpr UnixMillis kWallClock = 1767225600000;

class HubIce : public HubWorld {
  protected:
    support::FakeIce ice{wire.now};
    /// What a word costs through the DHT; nothing arrives without one.
    std::optional<Duration> leg = milliseconds{100};
    std::size_t words = 0;

    /// Carries words of a peer, and lets its sessions speak.
    struct Post final : quic::Driver {
        HubIce& world;
        Peer& peer;
        std::unique_ptr<ports::IceAgents> agents;
        std::size_t seen = 0;
        std::multimap<Instant, std::pair<PeerId, Bytes>> arriving;

        Post(HubIce& in, Peer& of) : world(in), peer(of) {}
        void run(Instant now) override {
            world.ice.step();
            while (!arriving.empty() && arriving.begin()->first <= now) {
                auto [from, bytes] = std::move(arriving.begin()->second);
                arriving.erase(arriving.begin());
                peer.hub->handle_signal(now, from, bytes);
            }
            peer.run(now);
            for (; seen < peer.events.size(); ++seen) {
                if (const auto* said = std::get_if<SignalWanted>(&peer.events[seen])) {
                    world.carry(peer, *said);
                }
            }
        }
        void handle_timeout(Instant now) override { peer.handle_timeout(now); }
        Instant next_timeout() const override {
            Instant next = earliest(peer.next_timeout(), world.ice.next_timeout());
            return arriving.empty() ? next : earliest(next, arriving.begin()->first);
        }
    };
    std::map<PeerId, std::unique_ptr<Post>> posts;

    void carry(const Peer& from, const SignalWanted& said) {
        ++words;
        const auto to = posts.find(said.peer);
        if (!leg || to == posts.end()) return;
        to->second->arriving.emplace(wire.now + *leg, std::pair{from.id(), said.words});
    }
    /// A peer that nobody reaches at an address.
    Peer& behind_nat(std::uint8_t seed, bool relay = false, HubOptions options = {}) {
        Peer& made = peer(seed, std::move(options));
        directory.erase(made.id());
        auto post = std::make_unique<Post>(*this, made);
        const Endpoint seen = Endpoint::v4(0xc6336400U + seed, 7000);
        post->agents = ice.agents(Endpoint::v4(0x0a000000U + seed, 7000), seen);
        made.hub->start_ice(*post->agents, kWallClock, {});
        if (relay) give_relay(made);
        made.party.driver = post.get();
        posts[made.id()] = std::move(post);
        return made;
    }
    static void give_relay(Peer& peer) {
        ports::IceServer server;
        server.kind = ports::IceServer::Kind::kTurnUdp;
        server.endpoint = *Endpoint::parse("203.0.113.1:3478");
        peer.hub->set_ice_options({{server}, {}});
    }
    ~HubIce() override {
        // Sessions go before their agents.
        for (auto& [id, post] : posts) post->peer.hub.reset();
    }
};

}  // namespace

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
