#include <gtest/gtest.h>
#include <cerrno>
#include <sstream>

#include "tests/unit/client/ctl/runnable_hint.h"
#include "tests/unit/client/ctl/terminal_session.h"

namespace sov::ctl {
namespace {

using namespace std::chrono_literals;
using test::kBob;
using test::kNode;
using test::kPlace;
using test::TerminalSession;

client::NodeStatus online() {
    client::NodeStatus status;
    status.verdict = "online";
    status.sentence = "direct UDP, IPv4";
    status.caller_role = "admin";
    status.version = "0.1.0";
    status.uptime = 90min;
    status.pid = 7;
    status.peer = {kBob, "k7f3q2"};
    status.node = {kNode, kPlace};
    status.network_id = "ab";
    status.mode = "auto";
    status.serving = true;
    status.discovery = "ready";
    client::FamilyStatus ipv4;
    ipv4.family = "ipv4";
    ipv4.enabled = true;
    ipv4.listening = "0.0.0.0:6881";
    ipv4.observed = "192.0.2.1:6881";
    ipv4.reachability = "server";
    ipv4.table_nodes = 5;
    ipv4.table_fresh = 4;
    status.families = {ipv4};
    status.sessions = 4;
    status.lookup_p50 = 1500us;
    status.own_record_replicas = 5;
    status.own_record_age = 40s;
    status.contacts_known = 6;
    status.coordinate = client::Coordinate{{1200us, -3400us, 0us, 5600us}, 800us, 12};
    status.names = {{"bob", kPlace, 4, ""}};
    status.layers = {{"bootstrap", true, "working", ""},
                     {"mdns", true, "waiting", "Avahi does not run"},
                     {"ble", false, "off", ""}};
    status.counters = {{"bytes_in", 1200}, {"bytes_out", 900}};
    return status;
}

client::NodeStatus degraded() {
    client::NodeStatus status = online();
    status.verdict = "degraded";
    status.sentence = "direct UDP, IPv4; no node holds this peer's record yet";
    status.reasons = {
        {"record_not_stored", "no node holds this peer's record yet", "sovctl dht table"}};
    return status;
}

TEST(StatusVerb, begins_with_the_verdict_then_aligned_facts) {
    TerminalSession session;
    session.script.status = online();
    EXPECT_EQ(session.run({"status"}), 0);
    EXPECT_EQ(
        session.out,
        "● online   direct UDP, IPv4\n"
        "  daemon   sovereignd 0.1.0, up 1 h 30 min\n"
        "  you      " +
            kBob +
            "\n"
            "  reach    IPv4 192.0.2.1:6881 reachable\n"
            "  dht      5 nodes in the table, 4 fresh; own record at 5 nodes, refreshed 40 s ago\n"
            "  peers    4 encrypted sessions; serving others\n"
            "  links    no connection to a peer\n"
            "  nearby   mdns waits: Avahi does not run; ble off\n"
            "  names    bob at 4 nodes\n"
            "  load     1.2 kB in, 900 B out since start; 0 records held for others; half of the "
            "lookups under 1.5 ms\n");
    EXPECT_EQ(session.err, "");
}

TEST(StatusVerb, says_how_records_are_signed_and_what_can_be_checked) {
    const std::pair<client::Signatures, const char*> cases[] = {
        {{"prefer", false, false, "OpenSSL 3.0.19", 0},
         "  signed   Ed25519; ML-DSA-65 not available: OpenSSL 3.0.19\n"},
        {{"off", true, false, "OpenSSL 3.5.0", 0},
         "  signed   Ed25519; ML-DSA-65 not used: identity.post_quantum = off\n"},
        {{"prefer", true, true, "OpenSSL 3.5.0", 0},
         "  signed   Ed25519 and ML-DSA-65, whose half is not stored yet\n"},
        {{"require", true, true, "OpenSSL 3.5.0", 14},
         "  signed   Ed25519 and ML-DSA-65, whose half is at 14 nodes; others must have both\n"}};
    for (const auto& [signatures, line] : cases) {
        TerminalSession session;
        client::NodeStatus status = online();
        status.signatures = signatures;
        session.script.status = status;
        EXPECT_EQ(session.run({"status"}), 0);
        EXPECT_NE(session.out.find(line), std::string::npos) << session.out;
    }
}

TEST(StatusVerb, fits_eighty_columns_and_shows_the_version_at_the_right) {
    TerminalSession session;
    session.terminal = {.is_tty = true, .color = false, .utf8 = true, .columns = 80};
    session.script.status = degraded();
    EXPECT_EQ(session.run({"status"}), 0);
    std::istringstream lines(session.out);
    for (std::string line; std::getline(lines, line);) EXPECT_LE(visible_width(line), 80U) << line;
    session.script.status = online();
    session.run({"status"});
    EXPECT_TRUE(session.out.starts_with("● online   direct UDP, IPv4" + std::string(20, ' ')))
        << session.out;
}

TEST(StatusVerb, problems_follow_with_their_next_step) {
    TerminalSession session;
    session.script.status = degraded();
    EXPECT_EQ(session.run({"status"}), 0);
    EXPECT_TRUE(session.out.starts_with("! degraded: direct UDP"));
    EXPECT_NE(session.out.find(
                  "\n\n  ! no node holds this peer's record yet\n    do   sovctl dht table\n"),
              std::string::npos);
}

TEST(StatusVerb, counters_are_shown_when_asked_for) {
    TerminalSession session;
    session.script.status = online();
    session.run({"status"});
    EXPECT_EQ(session.out.find("bytes_in"), std::string::npos);
    EXPECT_EQ(session.run({"status", "--counters"}), 0);
    EXPECT_TRUE(session.out.ends_with("\n\n  count  what\n   1200  bytes_in\n    900  bytes_out\n"))
        << session.out;
}

TEST(StatusVerb, is_strict_only_when_asked) {
    TerminalSession session;
    session.script.status = degraded();
    EXPECT_EQ(session.run({"status"}), 0);
    EXPECT_EQ(session.run({"status", "--strict", "--quiet"}), 7);
    EXPECT_EQ(session.out + session.err, "");
    EXPECT_EQ(session.run({"status", "--strict", "--json"}), 7);
    EXPECT_NE(session.out.find(R"("ok":true)"), std::string::npos);
    session.script.status = online();
    EXPECT_EQ(session.run({"status", "--strict"}), 0);
}

TEST(StatusVerb, says_how_many_keys_are_crowded_while_there_are_some) {
    TerminalSession session;
    client::NodeStatus status = online();
    status.crowded_regions = 2;
    session.script.status = status;
    EXPECT_EQ(session.run({"status"}), 0);
    EXPECT_NE(session.out.find("  alarm    2 keys with more nodes around than there can be"),
              std::string::npos)
        << session.out;
}

TEST(StatusVerb, says_what_the_router_lets_us_have) {
    TerminalSession session;
    client::NodeStatus status = online();
    status.port_mapping = {"198.51.100.7:6881", "nat_pmp", 2h, ""};
    session.script.status = status;
    EXPECT_EQ(session.run({"status"}), 0);
    EXPECT_NE(session.out.find("  router   sends 198.51.100.7:6881 on to us (NAT-PMP)\n"),
              std::string::npos)
        << session.out;
    EXPECT_EQ(session.run({"status", "--json"}), 0);
    EXPECT_NE(session.out.find(R"("port_mapping":{"external":"198.51.100.7:6881",)"
                               R"("method":"nat_pmp","lifetime_s":7200})"),
              std::string::npos)
        << session.out;
    status.port_mapping = {"", "", 0s, "no router answers to UPnP"};
    session.script.status = status;
    EXPECT_EQ(session.run({"status"}), 0);
    EXPECT_NE(session.out.find("  router   opens no port for us: no router answers to UPnP\n"),
              std::string::npos)
        << session.out;
}

TEST(StatusVerb, says_which_relay_carries_datagrams_where_udp_is_blocked) {
    TerminalSession session;
    client::NodeStatus status = online();
    status.datagram_relay = "198.51.100.1:443";
    session.script.status = status;
    EXPECT_EQ(session.run({"status"}), 0);
    EXPECT_NE(session.out.find(
                  "  relay    198.51.100.1:443 carries all datagrams: UDP is blocked here\n"),
              std::string::npos)
        << session.out;
    EXPECT_EQ(session.run({"status", "--json"}), 0);
    EXPECT_NE(session.out.find(R"("datagram_relay":"198.51.100.1:443")"), std::string::npos)
        << session.out;
}

TEST(StatusVerb, says_what_the_node_may_spend_and_does_without) {
    TerminalSession session;
    client::NodeStatus status = online();
    client::Economy& economy = status.economy;
    economy.profile = "desktop";
    session.script.status = status;
    EXPECT_EQ(session.run({"status"}), 0);
    EXPECT_NE(session.out.find("  spends   profile desktop\n"), std::string::npos) << session.out;
    economy.profile = "home";
    economy.flows = 12;
    economy.flows_max = 128;
    economy.datagrams_per_second_max = 40;
    economy.on_battery = economy.metered = true;
    economy.saves_because = economy.serves_nobody_because = "the connection is metered";
    economy.budget_bytes = 200'000'000;
    economy.used_bytes = 31'000'000;
    economy.budget_stage = "plenty";
    session.script.status = status;
    EXPECT_EQ(session.run({"status"}), 0);
    EXPECT_NE(session.out.find("  spends   profile home: 12 of 128 flows, at most 40 datagrams a "
                               "second; on battery; metered connection; saves: the connection is "
                               "metered; serves nobody: the connection is metered; 31"),
              std::string::npos)
        << session.out;
    EXPECT_EQ(session.run({"status", "--json"}), 0);
    EXPECT_NE(
        session.out.find(R"("economy":{"profile":"home","flows":12,"flows_max":128,)"
                         R"("datagrams_per_second_max":40,"on_battery":true,"metered":true,)"),
        std::string::npos)
        << session.out;
}

TEST(StatusVerb, json_when_all_is_well) {
    TerminalSession session;
    session.script.status = online();
    EXPECT_EQ(session.run({"status", "--json"}), 0);
    EXPECT_EQ(
        session.out,
        R"({"schema":"sovctl.status/1","ok":true,"data":{"state":"running","verdict":"online",)"
        R"("sentence":"direct UDP, IPv4","reasons":[],"abridged":false,"caller_role":"admin",)"
        R"("version":"0.1.0","uptime_ms":5400000,"pid":7,"peer":{"id":")" +
            kBob + R"(","tag":"k7f3q2"},"node":{"id":")" + kNode + R"(","place":")" + kPlace +
            R"("},"network_id":"ab","mode":"auto","serving":true,"discovery":"ready","families":[)"
            R"({"family":"ipv4","enabled":true,"listening":"0.0.0.0:6881","observed":"192.0.2.1:6881",)"
            R"("reachability":"server","table_nodes":5,"table_fresh":4,"dialbacks":0}],"sessions":4,)"
            R"("half_open":0,"records":0,"record_bytes":0,"lookups_running":0,"lookup_p50_ms":1.5,)"
            R"("own_record_replicas":5,"own_record_age_ms":40000,"contacts_known":6,)"
            R"("crowded_regions":0,"coordinate":{"at_ms":[1.2,-3.4,0,5.6],"height_ms":0.8,)"
            R"("error_percent":12},"surround":{"suspected":false,"size_near":0,"size_far":0,)"
            R"("subnets":0,"inbound":0,"anchors":0,"anchors_answering":0},)"
            R"("connections":{"lan":0,"direct":0,"relayed":0,"stuck":[]},"bootstrap":[],)"
            R"("names":[{"name":"bob","key":")" +
            kPlace +
            R"(","replicas":4}],"layers":{"bootstrap":true,"mdns":true,"ble":false},)"
            R"("layer_states":[{"name":"bootstrap","state":"working"},{"name":"mdns",)"
            R"("state":"waiting","reason":"Avahi does not run"},{"name":"ble","state":"off"}],)"
            R"("counters":{"bytes_in":1200,"bytes_out":900}}})"
            "\n");
}

TEST(StatusVerb, json_when_degraded_names_the_reason) {
    TerminalSession session;
    session.script.status = degraded();
    EXPECT_EQ(session.run({"status", "--json"}), 0);
    EXPECT_NE(
        session.out.find(
            R"("verdict":"degraded","sentence":"direct UDP, IPv4; no node holds this peer's record yet",)"
            R"("reasons":[{"code":"record_not_stored","sentence":"no node holds this peer's record yet",)"
            R"("next_step":"sovctl dht table"}])"),
        std::string::npos)
        << session.out;
}

TEST(StatusVerb, json_when_the_daemon_is_stopped) {
    TerminalSession session;
    session.stop_daemon(ENOENT);
    session.traces.program = "sovereignd";
    EXPECT_EQ(session.run({"status", "--json"}), 3);
    EXPECT_EQ(
        session.out,
        R"({"schema":"sovctl.status/1","ok":false,"error":{"code":3,"name":"not_running",)"
        R"("message":"there is no socket at /run/x.sock: sovereignd does not run on this host",)"
        R"("hint":"sovereignd"},"data":{"state":"not_running"}})"
        "\n");
    EXPECT_EQ(session.err, "");
}

TEST(StatusVerb, a_stopped_daemon_is_an_error_with_a_way_out) {
    TerminalSession session;
    session.stop_daemon(ENOENT);
    session.traces.program = "sovereignd";
    EXPECT_EQ(session.run({"status", "--verbose", "--socket", "/run/x.sock"}), 3);
    EXPECT_EQ(session.socket, "/run/x.sock");
    EXPECT_EQ(session.out, "");
    EXPECT_EQ(session.err,
              "✗ not running   there is no socket at /run/x.sock\n"
              "  why     sovereignd does not run on this host\n"
              "  do      sovereignd\n"
              "  details not_running, status 14, errno 2\n");
}

TEST(StatusVerb, an_abridged_answer_says_what_is_hidden) {
    TerminalSession session;
    client::NodeStatus status = online();
    status.abridged = true;
    status.caller_role = "observe";
    status.names.clear();
    session.script.status = status;
    EXPECT_EQ(session.run({"status"}), 0);
    EXPECT_NE(session.out.find("  reach    hidden: your role is observe\n"), std::string::npos);
    EXPECT_EQ(session.out.find("  names"), std::string::npos);
    session.run({"status", "--json"});
    EXPECT_EQ(session.out.find(R"("names")"), std::string::npos);
}

TEST(StatusVerb, offline_and_starting_are_words_not_only_colours) {
    TerminalSession session;
    client::NodeStatus status = online();
    status.verdict = "offline";
    status.sentence = "no peer known to join through";
    session.script.status = status;
    session.run({"status", "--color=always"});
    EXPECT_TRUE(
        session.out.starts_with("\x1b[31m✗ offline\x1b[0m: no peer known to join through\n"));
    status.verdict = "starting";
    session.script.status = status;
    session.run({"status"});
    EXPECT_TRUE(session.out.starts_with("· starting: no peer known to join through\n"));
}

TEST(StatusVerb, one_field_is_printed_bare) {
    TerminalSession session;
    session.script.status = online();
    EXPECT_EQ(session.run({"status", "--field", "families.0.observed"}), 0);
    EXPECT_EQ(session.out, "192.0.2.1:6881\n");
    EXPECT_EQ(session.run({"status", "--field", "no.such"}), 5);
    EXPECT_EQ(session.out, "");
    EXPECT_NE(session.err.find("the answer has no field \"no.such\""), std::string::npos);
}

TEST(StatusVerb, a_timeout_and_a_wrong_role_have_their_own_codes) {
    TerminalSession session;
    session.script.status =
        test::daemon_error("timed_out", 4, 6, "the daemon did not answer in time");
    EXPECT_EQ(session.run({"status", "--timeout", "250ms"}), 6);
    EXPECT_EQ(session.script.deadlines.back(), 250ms);
    // The advice is never the command that has just failed.
    EXPECT_EQ(session.err,
              "✗ timed out   the daemon did not answer in time\n"
              "  do      look into the daemon's log: it runs but does not answer\n");
    session.script.status = test::daemon_error("wrong_role", 7, 4, "needs role use", "ask root");
    EXPECT_EQ(session.run({"status"}), 4);
    EXPECT_EQ(session.err, "✗ permission denied   needs role use\n  do      ask root\n");
}

TEST(StatusVerb, counts_connections_and_names_peers_that_stay_on_the_relay) {
    TerminalSession session;
    client::NodeStatus status;
    status.verdict = "online";
    status.connections = {1, 2, 1, {{{test::kBob, "k7f3q2"}, 12min}}};
    session.script.status = status;
    EXPECT_EQ(session.run({"status"}), 0);
    EXPECT_NE(session.out.find("links    4 connected: 1 on the LAN, 2 direct, 1 relayed"),
              std::string::npos)
        << session.out;
    EXPECT_NE(session.out.find("is relayed for 12 min"), std::string::npos);
    EXPECT_NE(session.out.find("sovctl peer why " + std::string(test::kBob)), std::string::npos);
    EXPECT_EQ(session.run({"status", "--json"}), 0);
    EXPECT_NE(session.out.find(R"("connections":{"lan":1,"direct":2,"relayed":1,"stuck":[{)"),
              std::string::npos)
        << session.out;
}

TEST(StatusVerb, shows_where_the_node_is_when_asked_for_more) {
    TerminalSession session;
    session.script.status = online();
    EXPECT_EQ(session.run({"status"}), 0);
    EXPECT_EQ(session.out.find("predicts round trips"), std::string::npos);
    session.out.clear();
    EXPECT_EQ(session.run({"status", "--verbose"}), 0);
    EXPECT_NE(session.out.find("(1.2, -3.4, 0, 5.6) ms, height 0.8 ms; predicts round trips to"),
              std::string::npos)
        << session.out;
    session.script.status->coordinate->error_percent = 100;
    session.out.clear();
    EXPECT_EQ(session.run({"status", "--verbose"}), 0);
    EXPECT_NE(session.out.find("height 0.8 ms; too new to predict round trips"), std::string::npos)
        << session.out;
    session.script.status->coordinate.reset();
    session.out.clear();
    EXPECT_EQ(session.run({"status", "--verbose"}), 0);
    EXPECT_NE(session.out.find("unknown: no round trip was measured yet"), std::string::npos);
}

}  // namespace
}  // namespace sov::ctl
