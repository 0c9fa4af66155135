#include <algorithm>
#include <filesystem>
#include <string>

#include "tests/unit/platform/nice/ice_fixture.h"

namespace sov::nice {
namespace {

using ports::IceState;

TEST_F(IceTest, TwoSessionsFindEachOtherAndCarryDataBothWays) {
    Party a, b;
    open_pair(a, b);
    ASSERT_TRUE(until([&] { return a.connected() && b.connected(); }));
    ASSERT_TRUE(a.session->pair());
    EXPECT_EQ(path_class(*a.session->pair()), PathClass::kLan);
    ASSERT_TRUE(until([&] {
        a.send("ping");
        b.send("pong");
        return a.has("pong") && b.has("ping");
    }));
}

TEST_F(IceTest, CandidatesMayComeBeforeTheDescriptionAndLongAfterIt) {
    Party a, b;
    open(a, IceRole::kControlling);
    open(b, IceRole::kControlled);
    ASSERT_TRUE(until([&] { return a.gathered && b.gathered; }));
    ASSERT_FALSE(a.candidates.empty());
    for (const IceCandidate& candidate : b.candidates) {
        ASSERT_TRUE(a.session->add_remote_candidate(candidate));
    }
    ASSERT_TRUE(a.session->set_remote(b.session->local()));
    ASSERT_TRUE(b.session->set_remote(a.session->local()));
    EXPECT_FALSE(b.connected());
    for (const IceCandidate& candidate : a.candidates) {
        ASSERT_TRUE(b.session->add_remote_candidate(candidate));
    }
    EXPECT_TRUE(until([&] { return a.connected() && b.connected(); }));
}

TEST_F(IceTest, ThePathIsMadeUpAndOfItsOwnForEachSession) {
    Party a, b;
    open_pair(a, b);
    EXPECT_EQ(a.session->path().datagram_bytes_max(), 1200U);
    EXPECT_NE(a.session->path().local(), b.session->path().local());
    EXPECT_EQ(a.session->remote(), b.session->remote());
    EXPECT_EQ(a.session->path().local().family, a.session->remote().family);
    EXPECT_EQ(a.session->remote().scope(), Scope::kGlobal);
}

TEST_F(IceTest, WhatIsTooLongOrForSomebodyElseIsDropped) {
    Party a, b;
    open_pair(a, b);
    ASSERT_TRUE(until([&] { return a.connected() && b.connected(); }));
    const std::string longest(1200, 'x'), too_long(1201, 'y');
    ASSERT_TRUE(until([&] {
        a.send(too_long);
        a.session->path().send(*Endpoint::parse("127.0.0.1:9"), as_bytes("elsewhere"));
        a.send(longest);
        return b.has(longest);
    }));
    EXPECT_FALSE(b.has(too_long));
    EXPECT_FALSE(b.has("elsewhere"));
}

// The side that finds the path first says its first words a round trip before the other has one.
TEST_F(IceTest, WhatIsSaidBeforeThereIsAPathLeavesOnceThereIsOne) {
    Party a, b;
    open_pair(a, b);
    a.send("hello");
    b.send("who is there?");
    EXPECT_TRUE(until([&] { return a.has("who is there?") && b.has("hello"); }));
}

TEST_F(IceTest, OnlyAFewDatagramsWaitForAPath) {
    constexpr int kHeld = 16;
    Party a, b;
    open_pair(a, b);
    for (int at = 0; at <= kHeld; ++at) a.send("early " + std::to_string(at));
    ASSERT_TRUE(until([&] { return a.connected() && b.connected(); }));
    ASSERT_TRUE(until([&] {
        a.send("late");
        return b.has("late");
    }));
    EXPECT_TRUE(b.has("early 0"));
    EXPECT_TRUE(b.has("early " + std::to_string(kHeld - 1)));
    EXPECT_FALSE(b.has("early " + std::to_string(kHeld)));
}

TEST_F(IceTest, ARestartGoesOnOverTheSamePath) {
    Party a, b;
    open_pair(a, b);
    ASSERT_TRUE(until([&] { return a.connected() && b.connected(); }));
    const IceDescription before = a.session->local();
    const Endpoint path = a.session->path().local();
    a.other = b.other = nullptr;
    a.candidates.clear();
    b.candidates.clear();
    a.session->restart({});
    b.session->restart({});
    EXPECT_NE(a.session->local().fragment, before.fragment);
    EXPECT_FALSE(a.connected());
    EXPECT_TRUE(a.session->pair());
    Party::introduce(a, b);
    ASSERT_TRUE(until([&] { return a.connected() && b.connected(); }));
    EXPECT_EQ(a.session->path().local(), path);
    EXPECT_TRUE(until([&] {
        a.send("again");
        return b.has("again");
    }));
}

TEST_F(IceTest, AnotherDescriptionWithoutARestartIsRefused) {
    Party a, b;
    open_pair(a, b);
    EXPECT_TRUE(a.session->set_remote(b.session->local()));
    IceDescription other = b.session->local();
    other.fragment += "x";
    EXPECT_EQ(a.session->set_remote(other).error(), Errc::kConflict);
    other.fragment = "bad fragment";
    EXPECT_EQ(a.session->set_remote(other).error(), Errc::kInvalidArgument);
    a.session->restart({});
    EXPECT_TRUE(a.session->set_remote({"another1", std::string(24, 'p')}));
}

// RFC 7675: nobody goes on sending to somebody who left.
TEST_F(IceTest, ASideThatVanishedIsNoticed) {
    Party a, b;
    open_pair(a, b);
    ASSERT_TRUE(until([&] { return a.connected() && b.connected(); }));
    a.other = nullptr;
    b.session.reset();
    ASSERT_TRUE(until([&] { return a.state() == IceState::kDisconnected; }));
    EXPECT_FALSE(a.session->pair());
    EXPECT_FALSE(a.changes.back().words.empty());
}

TEST_F(IceTest, ASessionMayBeClosedFromItsOwnSink) {
    Party a, b;
    open(b, IceRole::kControlled);
    ports::IceSinks sinks = a.sinks();
    sinks.event = [&a, event = sinks.event](const ports::IceEvent& what) {
        event(what);
        if (std::holds_alternative<ports::IceStateChanged>(what) && a.connected())
            a.session.reset();
    };
    auto session = agents_.open({}, std::move(sinks));
    ASSERT_TRUE(session);
    a.session = std::move(*session);
    Party::introduce(a, b);
    EXPECT_TRUE(until([&] { return !a.session; }));
    EXPECT_EQ(agents_.sessions(), 1U);
}

TEST_F(IceTest, ABurstIsHandedOverAtOnce) {
    Party a, b;
    open_pair(a, b);
    ASSERT_TRUE(until([&] { return a.connected() && b.connected(); }));
    ASSERT_TRUE(until([&] {
        a.send("awake");
        return b.has("awake");
    }));
    // All of them are there before this loop, which takes them, runs again.
    ASSERT_TRUE(until([&] {
        b.received.clear();
        b.bursts = 0;
        for (int i = 0; i < 100; ++i) a.send("burst");
        return until([&] { return b.received.size() >= 50; }) && b.bursts < b.received.size() / 2;
    }));
}

std::size_t open_descriptors() {
    const std::filesystem::directory_iterator all("/proc/self/fd");
    return static_cast<std::size_t>(std::distance(begin(all), end(all)));
}

TEST_F(IceTest, ClosedSessionsLeaveNoSocketOpen) {
    const auto connect_once = [&] {
        Party a, b;
        open_pair(a, b);
        ASSERT_TRUE(until([&] { return a.connected() && b.connected(); }));
        a.other = b.other = nullptr;
    };
    // What is made once and kept is there after the first.
    connect_once();
    Party quiet;
    open(quiet, IceRole::kControlled);
    ASSERT_TRUE(until([&] { return quiet.gathered; }));
    const std::size_t before = open_descriptors();
    for (int i = 0; i < 20; ++i) connect_once();
    EXPECT_EQ(agents_.sessions(), 1U);
    EXPECT_TRUE(until([&] { return open_descriptors() <= before; }));
}

TEST_F(IceTest, AnExtraAddressIsToldAsOurs) {
    Party a;
    ports::IceStart start;
    start.extra_addresses = {*Endpoint::parse("203.0.113.7:4000"), Endpoint::v4(0xcb007108, 0)};
    open(a, IceRole::kControlling, start);
    ASSERT_TRUE(until([&] { return a.gathered; }));
    const auto with = [&](const Endpoint& address) {
        return std::find_if(a.candidates.begin(), a.candidates.end(),
                            [&](const auto& candidate) { return candidate.endpoint == address; });
    };
    const auto mapped = with(start.extra_addresses[0]);
    ASSERT_NE(mapped, a.candidates.end());
    EXPECT_EQ(mapped->kind, CandidateKind::kServerReflexive);
    EXPECT_TRUE(is_well_formed(*mapped));
    // Without a port: that of the socket.
    const auto host = std::find_if(a.candidates.begin(), a.candidates.end(), [](const auto& each) {
        return each.kind == CandidateKind::kHost;
    });
    ASSERT_NE(host, a.candidates.end());
    EXPECT_NE(with(Endpoint::v4(0xcb007108, host->endpoint.port)), a.candidates.end());
}

// A host that has moved is seen elsewhere, and what it offers next has to say so.
TEST_F(IceTest, ARestartTellsTheExtraAddressesOfNow) {
    Party a;
    ports::IceStart start;
    start.extra_addresses = {*Endpoint::parse("203.0.113.7:4000")};
    open(a, IceRole::kControlling, start);
    ASSERT_TRUE(until([&] { return a.gathered; }));
    const std::size_t before = a.candidates.size();
    a.candidates.clear();
    a.gathered = false;
    const Endpoint now = *Endpoint::parse("203.0.113.9:5000");
    a.session->restart({now});
    ASSERT_TRUE(until([&] { return a.gathered && a.candidates.size() == before; }));
    const auto told = [&](const Endpoint& address) {
        return std::any_of(a.candidates.begin(), a.candidates.end(),
                           [&](const auto& candidate) { return candidate.endpoint == address; });
    };
    EXPECT_TRUE(told(now));
    EXPECT_FALSE(told(start.extra_addresses[0]));
}

TEST_F(IceTest, NothingButRelaysIsToldWhenOnlyRelaysAreWanted) {
    Party a;
    ports::IceStart start;
    start.relay_only = true;
    start.extra_addresses = {*Endpoint::parse("203.0.113.7:4000")};
    open(a, IceRole::kControlling, start);
    ASSERT_TRUE(until([&] { return a.gathered; }));
    EXPECT_TRUE(a.candidates.empty());
}

}  // namespace
}  // namespace sov::nice
