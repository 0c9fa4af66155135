#include <gtest/gtest.h>

#include "tests/unit/client/ctl/terminal_session.h"

namespace sov::ctl {
namespace {

using namespace std::chrono_literals;
using test::kBob;
using test::kNode;
using test::kPlace;
using test::TerminalSession;

client::Stored stored() {
    client::Stored answer;
    answer.name = "bob";
    answer.key_hex = kPlace;
    answer.sequence = 7;
    answer.stored = 4;
    answer.owner = {kBob, "k7f3q2"};
    answer.lookup.target_hex = kPlace;
    answer.lookup.took = 20ms;
    answer.lookup.asked = 4;
    answer.lookup.hops = 1;
    return answer;
}

client::Gotten gotten() {
    client::Gotten answer;
    client::Record record;
    record.key_hex = kPlace;
    record.kind = "name";
    record.owner = {kBob, "k7f3q2"};
    record.sequence = 7;
    record.size_bytes = 3;
    record.ttl = 24h;
    record.bytes = std::string("\x01\x00\xff", 3);
    answer.records = {record};
    answer.closest = {{{kNode, kPlace}, {"192.0.2.1:6881"}}};
    answer.lookup = stored().lookup;
    return answer;
}

TEST(NameVerbs, a_claim_tells_how_others_find_you) {
    TerminalSession session;
    session.script.stored = stored();
    EXPECT_EQ(session.run({"name", "claim", "Bob"}), 0);
    EXPECT_EQ(session.script.calls.back(), "claim_name Bob");
    EXPECT_EQ(session.out,
              "claimed  bob#k7f3q2\n"
              "  kept by  4 nodes in 20 ms: 4 nodes asked, 1 hop\n"
              "  others   find you with: sovctl find bob\n");
    EXPECT_EQ(session.run({"name", "claim", "bob", "--json"}), 0);
    EXPECT_TRUE(session.out.starts_with(
        R"({"schema":"sovctl.name.claim/1","ok":true,"data":{"name":"bob","key":")" + kPlace +
        R"(","owner":{"id":")" + kBob +
        R"(","tag":"k7f3q2"},"sequence":7,"stored":4,"refused":0,)"));
}

TEST(NameVerbs, release_list_and_forget) {
    TerminalSession session;
    session.script.stored = stored();
    EXPECT_EQ(session.run({"name", "release", "bob"}), 0);
    EXPECT_EQ(session.out, "released  bob, withdrawn at 4 nodes\n");
    session.script.names =
        client::Names{{{"bob", kPlace, 4, ""}, {"eve", kPlace, 0, "over_quota"}}, {kBob, "k7f3q2"}};
    EXPECT_EQ(session.run({"name", "list"}), 0);
    EXPECT_EQ(
        session.out,
        "name        nodes  state\nbob#k7f3q2      4  stored\neve#k7f3q2      0  over_quota\n");
    session.run({"name", "list", "-q"});
    EXPECT_EQ(session.out, "bob\neve\n");
    session.script.done = client::Done{};
    EXPECT_EQ(session.run({"name", "forget", "bob"}), 0);
    EXPECT_EQ(session.script.calls.back(), "forget_pin bob");
    session.script.done = test::daemon_error("not_found", 5, 5, "bob is not pinned");
    EXPECT_EQ(session.run({"name", "forget", "bob"}), 5);
    EXPECT_EQ(session.err, "✗ not found   no owner of bob is remembered here\n");
    session.script.stored = test::daemon_error("not_found", 5, 5, "nothing was found");
    EXPECT_EQ(session.run({"name", "release", "bob"}), 5);
    EXPECT_EQ(session.err,
              "✗ not found   bob is not one of your names\n  do      sovctl name list\n");
}

TEST(DhtGetVerb, reads_hex_itself_and_asks_the_daemon_for_the_rest) {
    TerminalSession session;
    session.script.gotten = gotten();
    session.script.traced = gotten();
    EXPECT_EQ(session.run({"dht", "get", kPlace}), 0);
    EXPECT_EQ(session.script.calls, std::vector<std::string>{"get of 20 bytes"});
    EXPECT_NE(session.out.find("name        7   3 B       1 d  " + kBob + "\n"), std::string::npos)
        << session.out;
    EXPECT_EQ(session.run({"dht", "get", "name:bob", "--json"}), 0);
    EXPECT_EQ(session.script.calls[1], "trace name:bob");
    EXPECT_NE(session.out.find(R"("record_hex":"0100ff")"), std::string::npos);
}

TEST(DhtGetVerb, saves_the_first_record_as_it_travels) {
    TerminalSession session;
    session.script.gotten = gotten();
    EXPECT_EQ(session.run({"dht", "get", kPlace, "--save", "bob.record"}), 0);
    EXPECT_EQ(session.files["bob.record"], gotten().records[0].bytes);
    EXPECT_EQ(session.run({"dht", "get", kPlace, "--save", "bob.record"}), 1);
    EXPECT_NE(session.err.find("cannot create bob.record: File exists"), std::string::npos);
}

TEST(DhtGetVerb, nothing_there_is_not_found) {
    TerminalSession session;
    client::Gotten empty = gotten();
    empty.records.clear();
    session.script.gotten = empty;
    EXPECT_EQ(session.run({"dht", "get", kPlace}), 5);
    EXPECT_EQ(session.run({"dht", "get", kPlace, "--json"}), 5);
    EXPECT_NE(session.out.find(R"("records":[])"), std::string::npos);
}

TEST(DhtPutVerb, needs_a_key_and_a_readable_file) {
    TerminalSession session;
    session.script.stored = stored();
    session.script.traced = gotten();
    session.files["bob.record"] = "abc";
    EXPECT_EQ(session.run({"dht", "put", "bob.record"}), 2);
    EXPECT_EQ(session.run({"dht", "put", "missing", "--key", kPlace}), 2);
    EXPECT_NE(session.err.find("cannot read missing: No such file"), std::string::npos);
    EXPECT_EQ(session.run({"dht", "put", "bob.record", "--key", "name:bob"}), 0);
    EXPECT_EQ(session.script.calls.back(), "put of 3 bytes at 20");
    session.script.stored =
        test::daemon_error("bad_signature", 3, 10, "record: the signature does not verify");
    EXPECT_EQ(session.run({"dht", "put", "bob.record", "--key", kPlace}), 10);
}

TEST(DhtTableVerb, shows_each_node_on_a_line) {
    TerminalSession session;
    client::RoutingTable table;
    table.self = {kNode, kPlace};
    EXPECT_EQ((session.script.table = table, session.run({"dht", "table"})), 0);
    EXPECT_NE(session.out.find("the table is empty"), std::string::npos);
    client::TableEntry entry;
    entry.contact = {{kNode, kPlace}, {"192.0.2.1:6881", "[2001:db8::1]:6881"}};
    entry.bucket = 2;
    entry.verified_ago = 5s;
    entry.strikes = 2;
    table.entries = {entry};
    session.script.table = table;
    EXPECT_EQ(session.run({"dht", "table", "--spare"}), 0);
    EXPECT_EQ(session.script.calls.back(), "table with spare");
    EXPECT_NE(session.out.find(
                  "     2  0123456789   5 s ago  2 misses  192.0.2.1:6881 [2001:db8::1]:6881\n"),
              std::string::npos)
        << session.out;
    session.run({"dht", "table", "--json"});
    EXPECT_NE(session.out.find(R"("entries":[{"node":{"id":")" + kNode), std::string::npos);
}

TEST(DhtTraceAndHeld, show_steps_and_records) {
    TerminalSession session;
    session.script.traced = gotten();
    EXPECT_EQ(session.run({"dht", "trace", "name:bob"}), 0);
    EXPECT_NE(session.out.find("1 node nearest to the target answered\n"), std::string::npos);
    client::Record record = gotten().records[0];
    record.bytes.clear();
    record.expires_in = 5min;
    session.script.held = client::Held{{record}, 1};
    EXPECT_EQ(session.run({"dht", "held"}), 0);
    EXPECT_NE(session.out.find("5 min left"), std::string::npos);
    EXPECT_NE(session.out.find("1 record held for others\n"), std::string::npos);
    EXPECT_EQ(session.run({"dht", "held", "--json"}), 0);
    EXPECT_EQ(session.out.find("record_hex"), std::string::npos);
    EXPECT_NE(session.out.find(R"("expires_in_ms":300000)"), std::string::npos);
}

}  // namespace
}  // namespace sov::ctl
