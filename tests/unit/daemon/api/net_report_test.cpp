#include "daemon/api/net_report.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace sov::api {
namespace {

using Answer = NetLine::Answer;

Endpoint net_endpoint(std::string_view text) { return *Endpoint::parse(text); }

/// Behind a home router, with one server that has two addresses.
NetEvidence behind_home_router() {
    NetEvidence evidence;
    evidence.status.v4.enabled = true;
    evidence.local_addresses = {net_endpoint("10.1.0.2:6881")};
    const Endpoint outside = net_endpoint("192.0.2.10:6881");
    auto& servers = evidence.tests.servers;
    servers.servers = {{net_endpoint("198.51.100.1:3478"), std::chrono::milliseconds(20), outside}};
    evidence.tests.server_names = {"stun.example.net:3478"};
    auto& four = servers.of(Family::kIpv4);
    four.seen = {{net_endpoint("198.51.100.1:3478"), outside},
                 {net_endpoint("198.51.100.2:3479"), outside}};
    four.stranger_passes = four.other_port_passes = four.hairpin = false;
    four.sizes_asked = 4;
    four.bytes_passed = 1452;
    return evidence;
}

NetLine line_of(const NetReport& report, std::string_view topic) {
    const auto found = std::find_if(report.lines.begin(), report.lines.end(),
                                    [&](const NetLine& line) { return line.topic == topic; });
    if (found != report.lines.end()) return *found;
    ADD_FAILURE() << "no line " << topic;
    return {};
}

TEST(NetReport, AHomeRouterIsEasyAndEachLineEndsWithWhatFollows) {
    const NetReport report = judge_network(behind_home_router());
    EXPECT_EQ(line_of(report, "udp").what, "1 of 1 probes answered");
    const NetLine four = line_of(report, "ipv4");
    EXPECT_EQ(four.code, "translated");
    EXPECT_EQ(four.what, "192.0.2.10:6881 outside, 10.1.0.2:6881 here");
    EXPECT_EQ(four.means, "this host is behind a NAT");
    EXPECT_EQ(line_of(report, "mapping").code, "one_port");
    EXPECT_EQ(line_of(report, "filtering").code, "by_port");
    EXPECT_EQ(line_of(report, "hairpin").answer, Answer::kNo);
    EXPECT_EQ(line_of(report, "stun").what, "stun.example.net:3478 answers");
    EXPECT_EQ(report.verdict, "direct");
}

TEST(NetReport, WhatWasNotTestedIsNeverSaidToBeNo) {
    NetEvidence evidence;
    evidence.status.v4.enabled = evidence.status.v6.enabled = true;
    evidence.local_addresses = {net_endpoint("10.1.0.2:6881"), net_endpoint("[2001:db8::7]:6881")};
    const NetReport report = judge_network(evidence);
    for (const NetLine& line : report.lines) {
        EXPECT_EQ(line.answer, Answer::kNotTested) << line.topic << ": " << line.what;
        EXPECT_FALSE(line.what.empty()) << line.topic;
    }
    EXPECT_EQ(report.verdict, "unknown");
}

TEST(NetReport, WithoutUdpOnlyARelayHelps) {
    NetEvidence evidence = behind_home_router();
    evidence.tests.servers.servers[0].took.reset();
    evidence.tests.servers.of(Family::kIpv4) = {};
    EXPECT_EQ(judge_network(evidence).verdict, "none");
    evidence.tests.relays = {{"198.51.100.1:443/tcp", std::chrono::milliseconds(60), ""}};
    const NetReport report = judge_network(evidence);
    EXPECT_EQ(report.verdict, "relayed");
    EXPECT_EQ(line_of(report, "udp").code, "blocked");
    EXPECT_EQ(line_of(report, "ipv4").code, "silent");
    EXPECT_EQ(line_of(report, "mapping").answer, Answer::kNotTested);
    evidence.datagram_relay = "198.51.100.1:443";
    const NetReport relayed = judge_network(evidence);
    EXPECT_EQ(line_of(relayed, "udp").code, "blocked");
    EXPECT_NE(line_of(relayed, "udp").what.find("198.51.100.1:443"), std::string::npos);
}

TEST(NetReport, ASymmetricRouterIsHardUnlessItMapsAPort) {
    NetEvidence evidence = behind_home_router();
    evidence.tests.servers.of(Family::kIpv4).seen[1].as.port = 40123;
    NetReport report = judge_network(evidence);
    EXPECT_EQ(line_of(report, "mapping").code, "port_varies");
    EXPECT_NE(line_of(report, "mapping").what.find("40123"), std::string::npos);
    EXPECT_EQ(report.verdict, "mapped_only");
    ports::PortMapping mapping;
    mapping.external = net_endpoint("192.0.2.10:6881");
    mapping.port = 6881;
    evidence.mapping_wanted = true;
    evidence.mapping = ports::MappingChanged{mapping, ""};
    report = judge_network(evidence);
    EXPECT_EQ(line_of(report, "port_mapping").answer, Answer::kYes);
    EXPECT_EQ(report.verdict, "direct");
}

TEST(NetReport, OnePeerThatLiesDoesNotMakeAnEasyRouterHard) {
    NetEvidence evidence = behind_home_router();
    evidence.tests.servers.of(Family::kIpv4).seen.clear();
    evidence.tests.servers.servers.clear();
    evidence.tests.peers_asked = 4;
    for (const auto* by : {"198.51.100.1:1", "198.51.100.2:1", "198.51.100.3:1"}) {
        evidence.tests.peers.push_back(
            {net_endpoint(by), net_endpoint("192.0.2.10:6881"), Duration{0}});
    }
    evidence.tests.peers.push_back(
        {net_endpoint("198.51.100.4:1"), net_endpoint("192.0.2.10:9"), Duration{0}});
    EXPECT_EQ(line_of(judge_network(evidence), "mapping").code, "one_port");
    evidence.tests.peers.pop_back();
    evidence.tests.peers.pop_back();
    evidence.tests.peers[1].as.port = 9;
    EXPECT_EQ(line_of(judge_network(evidence), "mapping").code, "port_varies");
}

TEST(NetReport, PeersOfTheSameLanSayNothingAboutTheRouter) {
    NetEvidence evidence = behind_home_router();
    evidence.tests.servers = {};
    evidence.tests.peers_asked = 1;
    evidence.tests.peers = {
        {net_endpoint("10.1.0.3:6881"), net_endpoint("10.1.0.2:6881"), Duration{0}}};
    const NetReport report = judge_network(evidence);
    EXPECT_EQ(line_of(report, "udp").answer, Answer::kYes);
    EXPECT_EQ(line_of(report, "ipv4").code, "nobody_asked");
    EXPECT_EQ(report.verdict, "unknown");
}

TEST(NetReport, ServersOutsideThatAreSilentWhilePeersOfTheLanAnswerMeanNoWayOut) {
    NetEvidence evidence = behind_home_router();
    evidence.tests.servers.servers[0].took.reset();
    evidence.tests.servers.of(Family::kIpv4) = {};
    evidence.tests.peers_asked = 1;
    evidence.tests.peers = {
        {net_endpoint("10.1.0.3:6881"), net_endpoint("10.1.0.2:6881"), Duration{0}}};
    NetReport report = judge_network(evidence);
    EXPECT_EQ(line_of(report, "udp").answer, Answer::kYes);
    EXPECT_EQ(line_of(report, "ipv4").code, "silent");
    EXPECT_EQ(report.verdict, "none");
    evidence.tests.relays = {{"198.51.100.1:443/tcp", std::chrono::milliseconds(60), ""}};
    EXPECT_EQ(judge_network(evidence).verdict, "relayed");
}

TEST(NetReport, AHostWithoutARouteIsToldSoAndNotOfAFirewall) {
    NetEvidence evidence = behind_home_router();
    evidence.tests.servers.servers[0].took.reset();
    evidence.tests.servers.of(Family::kIpv4) = {};
    evidence.way_out_v4 = evidence.way_out_v6 = false;
    NetReport report = judge_network(evidence);
    EXPECT_EQ(line_of(report, "ipv4").code, "no_route");
    EXPECT_EQ(report.verdict, "none");
    EXPECT_NE(report.sentence.find("no route"), std::string::npos) << report.sentence;
    evidence.status.v6.enabled = true;
    evidence.local_addresses.push_back(net_endpoint("[2001:db8::7]:6881"));
    evidence.way_out_v6 = true;
    report = judge_network(evidence);
    EXPECT_EQ(line_of(report, "ipv4").code, "no_route");
    EXPECT_EQ(report.sentence.find("no route"), std::string::npos) << "IPv6 leads out";
}

TEST(NetReport, ACaptivePortalIsNamedUntilSomebodyOutsideAnswers) {
    NetEvidence evidence = behind_home_router();
    evidence.connectivity = "full";
    EXPECT_EQ(line_of(judge_network(evidence), "internet").answer, Answer::kYes);
    evidence.connectivity = "portal";
    EXPECT_EQ(judge_network(evidence).verdict, "direct") << "it lets UDP through";
    evidence.tests.servers.servers[0].took.reset();
    evidence.tests.servers.of(Family::kIpv4) = {};
    const NetReport report = judge_network(evidence);
    EXPECT_EQ(line_of(report, "internet").code, "portal");
    EXPECT_FALSE(line_of(report, "internet").next_step.empty());
    EXPECT_EQ(report.verdict, "none");
    EXPECT_NE(report.sentence.find("captive portal"), std::string::npos) << report.sentence;
}

TEST(NetReport, AServerWhoseNameIsUnknownIsNamed) {
    NetEvidence evidence = behind_home_router();
    evidence.tests.servers.servers.clear();
    evidence.tests.nameless = {{"stun.example.net:3478", "its name can't be looked up: timeout"}};
    const NetLine line = line_of(judge_network(evidence), "stun");
    EXPECT_EQ(line.code, "nameless");
    EXPECT_EQ(line.what,
              "stun.example.net:3478 can't be asked: its name can't be looked up: timeout");
}

TEST(NetReport, LinksWithoutMulticastAndThoseLeftOutAreNamed) {
    NetEvidence evidence = behind_home_router();
    Check check;
    check.topic = "mdns";
    check.code = "ok";
    check.finding = Finding::kOk;
    check.what = "Avahi works";
    evidence.checks = {check};
    evidence.links = {{"wlan0", true, true}, {"docker0", true, false}, {"tun0", false, true}};
    EXPECT_EQ(line_of(judge_network(evidence), "mdns").what,
              "Avahi works; on wlan0; not on docker0, tun0 (no multicast)");
}

TEST(NetReport, ADialBackOrAStrangersAnswerMeansOpen) {
    NetEvidence evidence = behind_home_router();
    auto& four = evidence.tests.servers.of(Family::kIpv4);
    evidence.status.v4.dialbacks = 9;
    EXPECT_EQ(line_of(judge_network(evidence), "filtering").code, "by_port") << "it was measured";
    four.stranger_passes = four.other_port_passes = std::nullopt;
    EXPECT_EQ(line_of(judge_network(evidence), "filtering").code, "open");
    evidence.status.v4.dialbacks = 2;
    EXPECT_EQ(line_of(judge_network(evidence), "filtering").code, "no_helper");
    evidence.tests.servers.of(Family::kIpv4).stranger_passes = true;
    EXPECT_EQ(line_of(judge_network(evidence), "filtering").answer, Answer::kYes);
}

}  // namespace
}  // namespace sov::api
