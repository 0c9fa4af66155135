#include <algorithm>
#include <set>
#include <string>

#include "platform/nice/inbox.h"
#include "tests/unit/platform/nice/ice_fixture.h"

namespace sov::nice {
namespace {

using ports::IceServer;
using ports::IceState;

IceCandidate candidate_at(std::string_view address) {
    IceCandidate candidate;
    candidate.foundation = "f";
    candidate.priority = 100;
    candidate.endpoint = *Endpoint::parse(address);
    return candidate;
}

TEST_F(IceTest, AddressesThatMustNotBeSentToAreRefused) {
    Party a;
    open(a, IceRole::kControlling);
    for (const std::string_view address :
         {"192.0.2.1:0", "224.0.0.251:5353", "255.255.255.255:9", "0.0.0.0:9", "169.254.1.1:9",
          "[ff02::1]:9", "[fe80::1]:9", "[::]:9"}) {
        EXPECT_EQ(a.session->add_remote_candidate(candidate_at(address)).error(),
                  Errc::kInvalidArgument)
            << address;
    }
    EXPECT_TRUE(a.session->add_remote_candidate(candidate_at("192.0.2.1:9")));
}

TEST_F(IceTest, OurOwnAddressIsNobodyElses) {
    Party a;
    open(a, IceRole::kControlling);
    ASSERT_TRUE(until([&] { return a.gathered; }));
    ASSERT_FALSE(a.candidates.empty());
    EXPECT_EQ(a.session->add_remote_candidate(a.candidates.front()).error(),
              Errc::kInvalidArgument);
}

TEST_F(IceTest, ABrokenCandidateIsRefused) {
    Party a;
    open(a, IceRole::kControlling);
    IceCandidate candidate = candidate_at("192.0.2.1:9");
    candidate.foundation = std::string(40, 'f');
    EXPECT_EQ(a.session->add_remote_candidate(candidate).error(), Errc::kInvalidArgument);
    candidate = candidate_at("192.0.2.1:9");
    candidate.kind = CandidateKind::kPeerReflexive;
    EXPECT_EQ(a.session->add_remote_candidate(candidate).error(), Errc::kInvalidArgument);
}

TEST_F(IceTest, ACandidateIsTakenOnceAndOnlySoMany) {
    Party a;
    open(a, IceRole::kControlling);
    EXPECT_TRUE(a.session->add_remote_candidate(candidate_at("192.0.2.1:1")));
    EXPECT_EQ(a.session->add_remote_candidate(candidate_at("192.0.2.1:1")).error(), Errc::kExists);
    for (std::size_t port = 2; port <= NiceOptions().candidates_max; ++port) {
        EXPECT_TRUE(
            a.session->add_remote_candidate(candidate_at("192.0.2.1:" + std::to_string(port))));
    }
    EXPECT_EQ(a.session->add_remote_candidate(candidate_at("192.0.2.2:1")).error(),
              Errc::kOverQuota);
    a.session->restart({});
    EXPECT_TRUE(a.session->add_remote_candidate(candidate_at("192.0.2.2:1")));
}

TEST_F(IceTest, WithNobodyThereItFailsAndSaysSo) {
    Party a;
    open(a, IceRole::kControlling);
    ASSERT_TRUE(until([&] { return a.gathered; }));
    ASSERT_TRUE(a.session->set_remote({"nobody", std::string(22, 'p')}));
    // Port 1 of this host: nobody listens there.
    ASSERT_TRUE(a.session->add_remote_candidate(candidate_at("127.0.0.1:1")));
    a.session->remote_gathered();
    ASSERT_TRUE(until([&] { return a.state() == IceState::kFailed; }));
    EXPECT_FALSE(a.changes.back().words.empty());
}

TEST_F(IceTest, SocketsKeepToTheRangeOfPorts) {
    Party a, b;
    ports::IceStart start;
    start.port_min = 42'100;
    start.port_max = 42'140;
    open(a, IceRole::kControlling, start);
    ASSERT_TRUE(until([&] { return a.gathered; }));
    ASSERT_FALSE(a.candidates.empty());
    const std::uint16_t port = a.candidates.front().endpoint.port;
    EXPECT_GE(port, start.port_min);
    EXPECT_LE(port, start.port_max);
    // The one port is taken.
    start.port_min = start.port_max = port;
    open(b, IceRole::kControlling, start);
    EXPECT_TRUE(until([&] { return b.state() == IceState::kFailed; }));
}

TEST_F(IceTest, WhatCannotBeAServerIsRefused) {
    Party a;
    const auto refused = [&](ports::IceStart start) {
        const auto session = agents_.open(start, a.sinks());
        return session.has_error() && session.error() == Errc::kInvalidArgument;
    };
    ports::IceStart start;
    start.servers = {{IceServer::Kind::kStun, *Endpoint::parse("224.0.0.1:3478"), "", ""}};
    EXPECT_TRUE(refused(start));
    start.servers = {{IceServer::Kind::kTurnUdp, *Endpoint::parse("192.0.2.1:3478"),
                      std::string(513, 'u'), "p"}};
    EXPECT_TRUE(refused(start));
    start.servers.assign(9, {IceServer::Kind::kStun, *Endpoint::parse("192.0.2.1:3478"), "", ""});
    EXPECT_TRUE(refused(start));
    start = {};
    start.port_min = 5;
    EXPECT_TRUE(refused(start));
    start.port_max = 4;
    EXPECT_TRUE(refused(start));
}

class FewSessions : public IceTest {
  protected:
    static NiceOptions few() {
        NiceOptions options = loopback_only();
        options.sessions_max = 3;
        options.agents_per_shard = 2;
        options.pace_max = std::chrono::milliseconds{18};
        return options;
    }
    FewSessions() : IceTest(few()) {}
};

TEST_F(FewSessions, PastTheLimitItIsBusyUntilOneIsClosed) {
    Party parties[3];
    for (Party& party : parties) open(party, IceRole::kControlling);
    Party late;
    EXPECT_EQ(agents_.open({}, late.sinks()).error(), Errc::kBusy);
    parties[0].session.reset();
    EXPECT_EQ(agents_.sessions(), 2U);
    open(late, IceRole::kControlling);
    EXPECT_TRUE(until([&] { return late.gathered; }));
}

TEST_F(FewSessions, WhoLooksForAPathBesideOthersChecksLessOften) {
    using std::chrono::milliseconds;
    EXPECT_EQ(agents_.next_pace(), milliseconds{5});
    Party a, b, c;
    open_pair(a, b);
    EXPECT_EQ(agents_.next_pace(), milliseconds{15});
    open(c, IceRole::kControlling);
    EXPECT_EQ(agents_.next_pace(), milliseconds{18}) << "as much as it may become";
    ASSERT_TRUE(until([&] { return a.connected() && b.connected(); }));
    EXPECT_EQ(agents_.next_pace(), milliseconds{10}) << "who has a path needs none";
}

TEST_F(FewSessions, AThreadCarriesOnlySoManyAgents) {
    Party parties[3];
    for (Party& party : parties) open(party, IceRole::kControlling);
    EXPECT_EQ(agents_.threads(), 2U);
    parties[2].session.reset();
    open(parties[2], IceRole::kControlled);
    EXPECT_EQ(agents_.threads(), 2U);
    // Across threads they find each other all the same.
    Party::introduce(parties[0], parties[2]);
    EXPECT_TRUE(until([&] { return parties[0].connected() && parties[2].connected(); }));
}

TEST(IceInbox, WakesOnceForABurst) {
    int woken = 0;
    Inbox inbox(1 << 20, [&] { ++woken; });
    for (int i = 0; i < 10; ++i) inbox.put(1, as_bytes("datagram"));
    inbox.put({2, 0, ports::IceGathered{}});
    EXPECT_EQ(woken, 1);
    Inbox::Batch batch;
    inbox.take(batch);
    ASSERT_EQ(batch.datagrams.size(), 10U);
    EXPECT_EQ(to_text(batch.view(batch.datagrams[9])), "datagram");
    EXPECT_EQ(batch.news.size(), 1U);
    inbox.put(1, as_bytes("next"));
    EXPECT_EQ(woken, 2);
}

TEST(IceInbox, DropsAndCountsWhatNobodyTakes) {
    Inbox inbox(100, [] {});
    for (int i = 0; i < 10; ++i) inbox.put(1, as_bytes(std::string(30, 'x')));
    inbox.put({1, 0, ports::IceGathered{}});
    Inbox::Batch batch;
    inbox.take(batch);
    EXPECT_EQ(batch.datagrams.size(), 3U);
    EXPECT_EQ(batch.dropped, 7U);
    EXPECT_EQ(batch.news.size(), 1U);
    inbox.take(batch);
    EXPECT_EQ(batch.dropped, 0U);
    EXPECT_TRUE(batch.datagrams.empty());
}

TEST(IceAddresses, LoopbackTakesPartOnlyWhenAllowed) {
    AddressRule rule;
    for (const Endpoint& own : own_addresses(rule).usable) {
        EXPECT_NE(own.address[0], 127) << own.address_text();
    }
    rule.loopback = true;
    rule.ipv6 = false;
    const auto own = own_addresses(rule).usable;
    EXPECT_TRUE(std::any_of(own.begin(), own.end(),
                            [](const Endpoint& each) { return each.address[0] == 127; }));
    for (const Endpoint& each : own) EXPECT_EQ(each.family, Family::kIpv4);
}

}  // namespace
}  // namespace sov::nice
