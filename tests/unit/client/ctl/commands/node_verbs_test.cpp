#include <gtest/gtest.h>
#include <algorithm>
#include <cerrno>

#include "tests/unit/client/ctl/terminal_session.h"

namespace sov::ctl {
namespace {

using namespace std::chrono_literals;
using test::kBob;
using test::kNode;
using test::kPlace;
using test::TerminalSession;

client::Identity identity() {
    client::Identity identity;
    identity.peer = {kBob, "k7f3q2"};
    identity.node = {kNode, kPlace};
    identity.bootstrap_line = kNode + "@192.0.2.1:6881";
    identity.endpoints = {"192.0.2.1:6881"};
    identity.endpoints_observed = true;
    identity.network_id = "ab";
    identity.network_name = "sovereign";
    identity.node_key_persistent = true;
    return identity;
}

TEST(WhoamiVerb, shows_who_and_where) {
    TerminalSession session;
    session.script.identity = identity();
    EXPECT_EQ(session.run({"whoami"}), 0);
    EXPECT_TRUE(session.out.starts_with("peer      " + kBob + "\ntag       k7f3q2 "));
    EXPECT_NE(session.out.find("reach     192.0.2.1:6881\nnetwork   sovereign\n"),
              std::string::npos);
    EXPECT_EQ(session.run({"whoami", "-q"}), 0);
    EXPECT_EQ(session.out, kBob + "\n");
}

TEST(WhoamiVerb, the_bootstrap_line_stands_alone) {
    TerminalSession session;
    session.script.identity = identity();
    EXPECT_EQ(session.run({"whoami", "--bootstrap"}), 0);
    EXPECT_EQ(session.out, kNode + "@192.0.2.1:6881\n");
    EXPECT_EQ(session.err, "");
    session.terminal.is_tty = true;
    session.terminal.columns = 200;
    session.run({"whoami", "--bootstrap"});
    EXPECT_EQ(session.out, kNode + "@192.0.2.1:6881\n");
    EXPECT_NE(session.err.find("bootstrap.conf"), std::string::npos);
}

TEST(WhoamiVerb, without_an_address_there_is_no_line) {
    TerminalSession session;
    client::Identity homeless = identity();
    homeless.bootstrap_line.clear();
    homeless.endpoints.clear();
    session.script.identity = homeless;
    EXPECT_EQ(session.run({"whoami", "--bootstrap"}), 8);
    EXPECT_EQ(session.out, "");
    EXPECT_EQ(session.run({"whoami", "--bootstrap", "--json"}), 8);
    EXPECT_NE(session.out.find(R"("name":"no_address")"), std::string::npos);
}

TEST(PeersVerb, are_sorted_as_asked) {
    TerminalSession session;
    client::Session slow;
    slow.node = {kNode, "aaaaaaaaaaaaaaaa"};
    slow.endpoint = "192.0.2.1:1";
    slow.confirmed = slow.server = true;
    slow.round_trip = 40ms;
    slow.age = 2h;
    slow.idle = 1s;
    client::Session fresh = slow;
    fresh.node.place_hex = "bbbbbbbbbbbbbbbb";
    fresh.round_trip = 0us;
    fresh.confirmed = false;
    fresh.idle = 3s;
    client::Session near = slow;
    near.node.place_hex = "cccccccccccccccc";
    near.round_trip = 1ms;
    near.idle = 2s;
    session.script.sessions = std::vector{slow, fresh, near};
    EXPECT_EQ(session.run({"peers"}), 0);
    EXPECT_NE(session.out.find("aaaaaaaaaa  192.0.2.1:1  40 ms  2 h   1 s  server\n"),
              std::string::npos)
        << session.out;
    EXPECT_NE(session.out.find("bbbbbbbbbb  192.0.2.1:1      -  2 h   3 s  server, being set up\n"),
              std::string::npos);
    const std::string by_rtt = session.run({"peers", "--sort", "rtt"}) == 0 ? session.out : "";
    EXPECT_LT(by_rtt.find("cccc"), by_rtt.find("aaaa"));
    EXPECT_LT(by_rtt.find("aaaa"), by_rtt.find("bbbb"));
    session.script.sessions = std::vector<client::Session>{};
    EXPECT_EQ(session.run({"peers"}), 0);
    EXPECT_NE(session.out.find("no sessions"), std::string::npos);
}

client::Event event(std::uint64_t cursor, std::string type) {
    client::Event happened;
    happened.cursor = cursor;
    happened.time = std::chrono::system_clock::time_point(1'772'355'902'120ms);
    happened.type = std::move(type);
    happened.summary = "something";
    happened.facts = {{"to", std::string("ready")}, {"stored", std::uint64_t{3}}, {"added", true}};
    return happened;
}

TEST(EventsVerb, one_line_or_one_object_each) {
    TerminalSession session;
    session.script.events = {event(1, "discovery.state"), event(2, "table.added")};
    EXPECT_EQ(session.run({"events"}), 0);
    EXPECT_EQ(
        session.out,
        "09:05:02Z  discovery.state     something\n09:05:02Z  table.added         something\n");
    EXPECT_EQ(session.run({"events", "--json"}), 0);
    EXPECT_TRUE(session.out.starts_with(
        R"({"schema":"sovctl.events/1","ok":true,"data":{"cursor":1,"time":"2026-03-01T09:05:02.120Z",)"
        R"("type":"discovery.state","summary":"something","facts":{"to":"ready","stored":3,"added":true}}})"
        "\n"));
    EXPECT_EQ(std::count(session.out.begin(), session.out.end(), '\n'), 2);
}

TEST(EventsVerb, the_past_or_what_comes_or_both) {
    TerminalSession session;
    session.run({"events"});
    EXPECT_TRUE(session.script.event_query.from_oldest);
    EXPECT_FALSE(session.script.event_query.follow);
    session.run({"events", "-f", "--type", "name.*"});
    EXPECT_FALSE(session.script.event_query.from_oldest);
    EXPECT_TRUE(session.script.event_query.follow);
    EXPECT_EQ(session.script.event_query.type_globs, std::vector<std::string>{"name.*"});
    EXPECT_EQ(session.script.deadlines.back(), 0ms);
    session.run({"events", "--follow", "--past"});
    EXPECT_TRUE(session.script.event_query.from_oldest);
    EXPECT_FALSE(session.script.event_query.audit);
    session.run({"events", "--audit"});
    EXPECT_TRUE(session.script.event_query.audit && session.script.event_query.from_oldest);
}

TEST(EventsVerb, a_lost_daemon_ends_the_stream_with_an_error) {
    TerminalSession session;
    session.script.events = {event(1, "discovery.state")};
    session.script.events_end =
        test::daemon_error("connection_lost", 14, 3, "the daemon closed the connection");
    EXPECT_EQ(session.run({"events", "--follow", "--json"}), 3);
    EXPECT_EQ(std::count(session.out.begin(), session.out.end(), '\n'), 2);
    EXPECT_NE(session.out.find(R"("ok":false,"error":{"code":3,"name":"connection_lost")"),
              std::string::npos);
    // --timeout is how long to follow, so its end is a good one.
    session.script.events_end = test::daemon_error("timed_out", 4, 6, "over");
    EXPECT_EQ(session.run({"events", "--follow", "--timeout", "1s"}), 0);
    EXPECT_EQ(session.run({"events", "--timeout", "1s"}), 6);
}

TEST(VersionVerb, works_without_a_daemon_and_notices_a_difference) {
    TerminalSession session;
    session.stop_daemon(ENOENT);
    EXPECT_EQ(session.run({"version"}), 0);
    EXPECT_NE(session.out.find("sovereignd not running"), std::string::npos);
    TerminalSession other;
    client::NodeStatus status;
    status.version = "9.9.9";
    other.script.status = status;
    EXPECT_EQ(other.run({"--version"}), 0);
    EXPECT_NE(other.out.find("They differ"), std::string::npos);
    EXPECT_EQ(other.run({"version", "--json"}), 0);
    EXPECT_NE(other.out.find(R"("daemon":"9.9.9")"), std::string::npos);
}

}  // namespace
}  // namespace sov::ctl
