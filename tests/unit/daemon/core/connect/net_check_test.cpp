#include "daemon/core/connect/net_check.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <map>
#include <vector>

#include "daemon/core/base/byte_writer.h"

namespace sov::connect {
namespace {

using std::chrono::milliseconds;

Endpoint at(std::string_view text) { return *Endpoint::parse(text); }

const Endpoint kInside = at("10.1.0.2:6881"), kServer = at("203.0.113.1:3478"),
               kOtherServer = at("198.51.100.9:3478"), kAlternate = at("203.0.113.2:3479");

/// Answers as a STUN server does: where it saw us, and its other address when it has one.
Bytes answer_to(ByteView question, const Endpoint& seen, const std::optional<Endpoint>& other) {
    const auto address = [](std::uint8_t* to, std::uint16_t type, const Endpoint& of) {
        store_u16(to, type);
        store_u16(to + 2, 8);
        to[5] = 1;
        store_u16(to + 6, of.port);
        std::copy_n(of.address.begin(), 4, to + 8);
    };
    Bytes bytes(kStunHeadBytes + (other ? 24U : 12U));
    store_u16(bytes.data(), 0x0101);
    store_u16(bytes.data() + 2, static_cast<std::uint16_t>(bytes.size() - kStunHeadBytes));
    std::copy_n(question.begin() + 4, 16, bytes.begin() + 4);
    address(bytes.data() + kStunHeadBytes, 0x0001, seen);
    if (other) address(bytes.data() + kStunHeadBytes + 12, 0x802c, *other);
    return bytes;
}

/// What stands between the check and its servers, in virtual time: a NAT with a behaviour, servers
/// that answer after 20 ms.
struct MadeNetwork {
    bool udp = true;
    bool port_varies = false;
    bool lets_strangers_in = false, lets_other_ports_in = false;
    bool returns_to_itself = false;
    bool offers_another_address = true;
    std::size_t bytes_max = 1500;

    NetFindings run(NetCheckPlan plan) {
        NetCheck check(std::move(plan), 7);
        Instant now{};
        check.start(now);
        while (!check.done()) {
            for (auto& sent : check.take_outgoing()) carry(now, sent);
            Instant next = check.next_timeout();
            for (const auto& one : under_way) next = earliest(next, one.when);
            now = next;
            took = now - Instant{};
            if (took > milliseconds(60000)) break;
            for (const auto& one : std::exchange(under_way, {})) {
                if (one.when > now) {
                    under_way.push_back(one);
                } else if (check.claims(one.datagram)) {
                    check.handle_datagram(now, one.from, one.datagram);
                }
            }
            check.handle_timeout(now);
        }
        settled = check.settled();
        asked = check.asked();
        return check.findings();
    }

    void carry(Instant now, const NetCheck::Outgoing& sent) {
        ++datagrams;
        if (!udp || sent.datagram.size() > bytes_max) return;
        Endpoint outside = at("192.0.2.10:6881");
        if (port_varies) outside.port = static_cast<std::uint16_t>(40000 + sent.to.port % 97);
        if (sent.to.address == outside.address) {
            if (returns_to_itself) under_way.push_back({now, outside, sent.datagram});
            return;
        }
        const bool changes = sent.datagram.size() == 28 && load_u16(&sent.datagram[20]) == 3;
        const std::uint32_t how = changes ? load_u32(&sent.datagram[24]) : 0;
        if (how == 6 && !lets_strangers_in) return;
        if (how == 2 && !lets_other_ports_in) return;
        Endpoint from = how == 6 ? kAlternate : sent.to;
        if (how == 2) from.port = kAlternate.port;
        std::optional<Endpoint> other;
        if (offers_another_address) other = kAlternate;
        under_way.push_back(
            {now + milliseconds(20), from, answer_to(sent.datagram, outside, other)});
    }

    struct UnderWay {
        Instant when;
        Endpoint from;
        Bytes datagram;
    };
    std::vector<UnderWay> under_way;
    Duration took{};
    std::size_t datagrams = 0, settled = 0, asked = 0;
};

NetCheckPlan one_server() { return {{kServer}, {kInside}}; }

TEST(NetCheck, AHomeRouterHasOnePortAndLetsNobodyElseIn) {
    MadeNetwork network;
    const auto found = network.run(one_server());
    ASSERT_EQ(found.servers.size(), 1U);
    EXPECT_EQ(found.servers[0].took, milliseconds(20));
    EXPECT_EQ(found.servers[0].mapped, at("192.0.2.10:6881"));
    const auto& four = found.of(Family::kIpv4);
    ASSERT_EQ(four.seen.size(), 2U) << "from the server's two addresses";
    EXPECT_EQ(four.seen[0].as, four.seen[1].as);
    EXPECT_EQ(four.seen[1].by, kAlternate);
    EXPECT_EQ(four.stranger_passes, false);
    EXPECT_EQ(four.other_port_passes, false);
    EXPECT_EQ(four.hairpin, false);
    EXPECT_EQ(four.bytes_passed, 1452U);
    EXPECT_EQ(network.settled, network.asked);
    EXPECT_LE(network.took, milliseconds(1500));
}

TEST(NetCheck, ASymmetricRouterShowsAnotherPortToEachDestination) {
    MadeNetwork network;
    network.port_varies = true;
    const auto found = network.run(one_server());
    const auto& four = found.of(Family::kIpv4);
    ASSERT_EQ(four.seen.size(), 2U);
    EXPECT_NE(four.seen[0].as.port, four.seen[1].as.port);
}

TEST(NetCheck, AFullConeLetsStrangersInAndMayTurnOurOwnDatagramsRound) {
    MadeNetwork network;
    network.lets_strangers_in = network.lets_other_ports_in = network.returns_to_itself = true;
    const auto found = network.run(one_server());
    const auto& four = found.of(Family::kIpv4);
    EXPECT_EQ(four.stranger_passes, true);
    EXPECT_EQ(four.other_port_passes, true);
    EXPECT_EQ(four.hairpin, true);
}

TEST(NetCheck, AFilterByAddressLetsAnotherPortIn) {
    MadeNetwork network;
    network.lets_other_ports_in = true;
    const auto found = network.run(one_server());
    EXPECT_EQ(found.of(Family::kIpv4).stranger_passes, false);
    EXPECT_EQ(found.of(Family::kIpv4).other_port_passes, true);
}

TEST(NetCheck, WithoutTheQuestionOfFilteringNoStrangerIsAskedFor) {
    MadeNetwork network;
    network.lets_strangers_in = true;
    NetCheckPlan plan = one_server();
    plan.filtering = false;
    const auto found = network.run(std::move(plan));
    EXPECT_EQ(found.of(Family::kIpv4).stranger_passes, std::nullopt);
    EXPECT_EQ(found.of(Family::kIpv4).seen.size(), 2U) << "the mapping is compared all the same";
}

TEST(NetCheck, WithoutUdpItEndsInTimeAndSaysSo) {
    MadeNetwork network;
    network.udp = false;
    const auto found = network.run({{kServer, kOtherServer}, {kInside}});
    EXPECT_EQ(found.servers[0].took, std::nullopt);
    EXPECT_EQ(found.servers[1].took, std::nullopt);
    EXPECT_TRUE(found.of(Family::kIpv4).seen.empty());
    EXPECT_EQ(found.of(Family::kIpv4).stranger_passes, std::nullopt) << "not tested";
    EXPECT_EQ(network.took, milliseconds(1500));
    EXPECT_EQ(network.datagrams, 6U) << "each question three times";
}

TEST(NetCheck, ATunnelTakesShorterDatagramsOnly) {
    MadeNetwork network;
    network.bytes_max = 1380;
    const auto found = network.run(one_server());
    EXPECT_EQ(found.of(Family::kIpv4).sizes_asked, 4U);
    EXPECT_EQ(found.of(Family::kIpv4).bytes_passed, 1320U);
}

TEST(NetCheck, AServerWithOneAddressLeavesFilteringUntested) {
    MadeNetwork network;
    network.offers_another_address = false;
    const auto found = network.run({{kServer, kOtherServer}, {kInside}});
    EXPECT_EQ(found.of(Family::kIpv4).stranger_passes, std::nullopt);
    EXPECT_EQ(found.of(Family::kIpv4).seen.size(), 2U);
}

TEST(NetCheck, AFamilyWithoutASocketIsNotAsked) {
    MadeNetwork network;
    const auto found = network.run({{at("[2001:db8::1]:3478"), kServer}, {kInside}});
    ASSERT_EQ(found.servers.size(), 1U);
    EXPECT_EQ(found.servers[0].endpoint, kServer);
}

TEST(NetCheck, NothingToAskIsDoneAtOnce) {
    NetCheck check({{}, {kInside}}, 1);
    check.start(Instant{});
    EXPECT_TRUE(check.done());
    EXPECT_EQ(check.next_timeout(), kNever);
}

TEST(NetCheck, ForgedAnswersFromElsewhereChangeNothing) {
    NetCheck check(one_server(), 1);
    check.start(Instant{});
    const auto sent = check.take_outgoing();
    ASSERT_EQ(sent.size(), 1U);
    const Bytes forged = answer_to(sent[0].datagram, at("192.0.2.66:1"), std::nullopt);
    check.handle_datagram(Instant{}, at("192.0.2.77:3478"), forged);
    EXPECT_EQ(check.findings().servers[0].took, std::nullopt);
    Bytes stranger = forged;
    stranger[12] ^= 1;
    EXPECT_FALSE(check.claims(stranger)) << "another id";
    check.handle_datagram(Instant{}, kServer, forged);
    check.handle_datagram(Instant{}, kServer, forged);
    EXPECT_EQ(check.findings().of(Family::kIpv4).seen.size(), 1U) << "an answer counts once";
}

TEST(NetCheck, AServerDoesNotMakeItWriteIntoTheLanOrToItself) {
    for (const auto* other : {"10.1.0.2:53", "192.168.0.1:53", "127.0.0.1:53", "203.0.113.1:9"}) {
        NetCheck check(one_server(), 1);
        check.start(Instant{});
        const auto sent = check.take_outgoing();
        check.handle_datagram(Instant{}, kServer,
                              answer_to(sent[0].datagram, at("10.9.9.9:5"), at(other)));
        for (const auto& one : check.take_outgoing()) EXPECT_EQ(one.to, kServer) << other;
    }
}

TEST(NetCheck, ManyServersAreAskedUpToTheLimits) {
    NetCheckPlan plan = one_server();
    for (std::uint16_t port = 1; port <= 40; ++port) {
        Endpoint more = kOtherServer;
        more.port = port;
        plan.servers.push_back(more);
    }
    MadeNetwork network;
    const auto found = network.run(std::move(plan));
    EXPECT_EQ(found.servers.size(), NetCheck::kServersMax);
    EXPECT_LE(network.asked, NetCheck::kQuestionsMax);
    EXPECT_LE(network.took, NetCheck::kTimeMax);
}

}  // namespace
}  // namespace sov::connect
