#include <gtest/gtest.h>

#include "tests/unit/client/ctl/terminal_session.h"

namespace sov::ctl {
namespace {

using namespace std::chrono_literals;
using test::TerminalSession;

client::Measure figure(std::string name, double value, std::string word = {}) {
    client::Measure measure;
    measure.name = std::move(name);
    measure.help = "A figure.";
    measure.kind = "gauge";
    measure.label = word.empty() ? "" : "family";
    measure.label_value = std::move(word);
    measure.value = value;
    return measure;
}

client::Stats two_figures() {
    client::Stats stats;
    stats.measures = {figure("sovereign_sessions", 42), figure("sovereign_reachable", 1, "ipv4")};
    return stats;
}

TEST(StatsVerb, lists_figures_and_asks_only_for_those_wanted) {
    TerminalSession session;
    session.script.stats = two_figures();
    EXPECT_EQ(session.run({"stats", "sovereign_*"}), 0);
    EXPECT_EQ(session.script.calls.back(), "stats sovereign_*");
    EXPECT_NE(session.out.find("sovereign_sessions"), std::string::npos);
    EXPECT_NE(session.out.find("sovereign_reachable family=ipv4"), std::string::npos);
    EXPECT_EQ(session.run({"stats", "--json"}), 0);
    EXPECT_NE(session.out.find(R"({"name":"sovereign_sessions","kind":"gauge","value":42})"),
              std::string::npos)
        << session.out;
    session.script.stats = client::Stats{};
    EXPECT_EQ(session.run({"stats", "nothing"}), 5);
}

TEST(StatsVerb, draws_how_fast_a_counter_rose) {
    TerminalSession session;
    client::Stats stats;
    stats.history = {0, 100, 300, 300};
    stats.interval = 10s;
    session.script.stats = stats;
    EXPECT_EQ(session.run({"stats", "--plot", "sovereign_sent_bytes_total"}), 0);
    EXPECT_EQ(session.script.calls.back(),
              "stats sovereign_sent_bytes_total history sovereign_sent_bytes_total");
    EXPECT_TRUE(session.out.starts_with(
        "sovereign_sent_bytes_total, per second: now 0, least 0, most 20\n"))
        << session.out;
    EXPECT_NE(session.out.find("the last 30 s, a sample each 10 s"), std::string::npos);
    EXPECT_EQ(session.run({"stats", "--plot", "sovereign_sent_bytes_total", "--json"}), 0);
    EXPECT_NE(session.out.find(R"("samples":[10,20,0])"), std::string::npos) << session.out;
}

TEST(StatsVerb, says_what_can_be_drawn) {
    TerminalSession session;
    client::Stats stats;
    stats.remembered = {"sovereign_sessions", "sovereign_records"};
    session.script.stats = stats;
    EXPECT_EQ(session.run({"stats", "--plot", "sovereign_moons"}), 5);
    EXPECT_NE(session.err.find("sovereign_sessions, sovereign_records"), std::string::npos)
        << session.err;
    client::Stats fresh;
    session.script.stats = fresh;
    EXPECT_EQ(session.run({"stats", "--plot", "sovereign_sessions"}), 0);
    EXPECT_TRUE(session.out.starts_with("nothing to draw yet")) << session.out;
}

TEST(GraphVerb, draws_the_table_in_each_form) {
    TerminalSession session;
    client::RoutingTable routing;
    routing.self.place_hex = std::string(40, 'b');
    client::TableEntry entry;
    entry.contact.node.text = "sovn1x";
    entry.contact.node.place_hex = std::string(40, '4');
    entry.bucket = 2;
    routing.entries = {entry};
    session.script.table = routing;
    client::Session met;
    met.node.text = "sovn1x";
    met.round_trip = 45ms;
    session.script.sessions = std::vector{met};
    EXPECT_EQ(session.run({"graph"}), 0);
    EXPECT_TRUE(session.out.starts_with("  2 bits shared  ")) << session.out;
    EXPECT_EQ(session.run({"graph", "--what", "latency"}), 0);
    EXPECT_TRUE(session.out.starts_with("up to  100 ms  ")) << session.out;
    EXPECT_EQ(session.run({"graph", "--format", "svg"}), 0);
    EXPECT_TRUE(session.out.starts_with("<svg ")) << session.out;
    EXPECT_EQ(session.run({"graph", "--format", "dot"}), 0);
    EXPECT_TRUE(session.out.starts_with("graph sovereign {")) << session.out;
    EXPECT_EQ(session.run({"graph", "--json"}), 0);
    EXPECT_NE(session.out.find(R"("shared_bits":2,"good":true,"round_trip_ms":45)"),
              std::string::npos)
        << session.out;
    EXPECT_EQ(session.run({"graph", "--format", "png"}), 2);
}

TEST(TopVerb, prints_one_frame_where_there_is_no_terminal) {
    TerminalSession session;
    client::NodeStatus status;
    status.verdict = "online";
    status.sentence = "direct UDP";
    session.script.status = status;
    client::Connection link;
    link.peer.text = "sov1peer";
    link.path = "direct";
    link.carrier = "udp";
    session.script.connections = std::vector{link};
    session.script.stats = two_figures();
    session.script.friends = std::vector<client::Friend>{};
    EXPECT_EQ(session.run({"top", "--every", "100ms"}), 0);
    EXPECT_TRUE(session.out.starts_with("online  direct UDP")) << session.out;
    EXPECT_NE(session.out.find("direct over udp"), std::string::npos) << session.out;
    EXPECT_EQ(session.out.find('\x1b'), std::string::npos) << "no control characters in a pipe";
    EXPECT_EQ(session.run({"top", "--every", "100ms", "--json"}), 0);
    EXPECT_NE(session.out.find(R"("verdict":"online")"), std::string::npos);
    EXPECT_EQ(session.run({"top", "--every", "1ms"}), 2);
}

}  // namespace
}  // namespace sov::ctl
