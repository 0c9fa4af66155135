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
              "  kept by  4 nodes in 20 ms: 4 requests, 1 hop\n"
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

client::ValueStored value_stored() {
    client::ValueStored answer;
    answer.key_hex = kPlace;
    answer.sequence = 7;
    answer.asked = 20;
    answer.receipts = {{{kNode, kPlace}, 2h}, {{kNode, kPlace}, 1h}};
    answer.held_for = 1h;
    answer.lookup = stored().lookup;
    return answer;
}

client::Value value_of(std::string content, std::uint64_t sequence = 7) {
    client::Value value;
    value.key_hex = kPlace;
    value.kind = "mutable";
    value.owner = {kBob, "k7f3q2"};
    value.label = "note";
    value.sequence = sequence;
    value.ttl = 2h;
    value.content = std::move(content);
    return value;
}

TEST(DhtPutVerb, stores_a_value_and_tells_who_holds_it) {
    TerminalSession session;
    session.script.value_stored = value_stored();
    session.files["note.txt"] = "hello";
    EXPECT_EQ(session.run({"dht", "put", "note.txt"}), 0);
    EXPECT_FALSE(session.script.value_put.label.has_value());
    EXPECT_TRUE(session.out.starts_with("held by 2 of 20 nodes until ")) << session.out;
    EXPECT_EQ(session.run({"dht", "put", "note.txt", "--label", "note", "--expect", "0", "--ttl",
                           "7d", "--level", "strong"}),
              0);
    EXPECT_EQ(session.script.value_put.label, "note");
    EXPECT_EQ(session.script.value_put.expected, 0U);
    EXPECT_EQ(session.script.value_put.ttl, 7 * 24h);
    EXPECT_EQ(session.script.value_put.level, "strong");
    EXPECT_EQ(session.run({"dht", "put", "note.txt", "-q"}), 0);
    EXPECT_EQ(session.out, kPlace + "\n");
    EXPECT_EQ(session.run({"dht", "put", "note.txt", "--json"}), 0);
    EXPECT_NE(session.out.find(R"("asked":20,"held":2,"refused":0)"), std::string::npos)
        << session.out;
    session.script.value_stored = test::daemon_error("conflict", 10, 10, "somebody was faster");
    EXPECT_EQ(session.run({"dht", "put", "note.txt", "--label", "note", "--expect", "5"}), 10);
}

TEST(DhtPutVerb, leaves_it_to_the_daemon_to_refuse_what_is_too_long_and_cuts_nothing) {
    TerminalSession session;
    session.script.value_stored = value_stored();
    session.files["large"] = std::string(65537, 'x');
    EXPECT_EQ(session.run({"dht", "put", "large"}), 0);
    EXPECT_EQ(session.script.value_put.content, session.files["large"]);
}

TEST(DhtPutVerb, refuses_options_that_do_not_go_together) {
    TerminalSession session;
    session.files["note.txt"] = "hello";
    EXPECT_EQ(session.run({"dht", "put", "note.txt", "--expect", "1"}), 2);
    EXPECT_EQ(session.run({"dht", "put", "note.txt", "--label", "a", "--expect", "one"}), 2);
    EXPECT_EQ(session.run({"dht", "put", "note.txt", "--ttl", "soon"}), 2);
    EXPECT_EQ(session.run({"dht", "put", "note.txt", "--label", "a", "--key", kPlace}), 2);
    EXPECT_TRUE(session.script.calls.empty());
}

TEST(DhtWithdrawVerb, stores_a_tombstone) {
    TerminalSession session;
    session.script.value_stored = value_stored();
    EXPECT_EQ(session.run({"dht", "withdraw", "note"}), 0);
    EXPECT_TRUE(session.script.value_put.withdraw);
    EXPECT_EQ(session.script.value_put.label, "note");
}

TEST(DhtOwnVerb, lists_what_is_kept_and_how_much_may_be) {
    TerminalSession session;
    client::OwnValue value;
    value.key_hex = kPlace;
    value.kind = "mutable";
    value.label = "note";
    value.sequence = 7;
    value.size_bytes = 900;
    value.ends_in = 2h;
    value.holders = 20;
    value.uid = 1000;
    session.script.own_values = client::OwnValues{{value}, 1, 900, 256, 1 << 20};
    EXPECT_EQ(session.run({"dht", "own"}), 0);
    EXPECT_EQ(session.out, kPlace + "  mutable note, 900 B, for 2 h more, at 20 nodes\n" +
                               "1 of 256 values, 900 B of 1 MB\n");
    EXPECT_EQ(session.run({"dht", "own", "--quiet"}), 0);
    EXPECT_EQ(session.out, kPlace + "\n");
    EXPECT_EQ(session.run({"dht", "own", "--json"}), 0);
    EXPECT_NE(session.out.find(R"("holders":20,"uid":1000)"), std::string::npos) << session.out;
}

TEST(DhtLetGoVerb, takes_a_key_alone) {
    TerminalSession session;
    EXPECT_EQ(session.run({"dht", "let-go", "label:note"}), 2);
    session.script.let_go = client::Done{};
    EXPECT_EQ(session.run({"dht", "let-go", kPlace}), 0);
    EXPECT_EQ(session.script.calls.back(), "let_go 20");
    EXPECT_TRUE(session.out.starts_with(kPlace + " is kept no longer")) << session.out;
}

TEST(DhtGetVerb, reads_a_value_by_label_or_key) {
    TerminalSession session;
    client::ValueGotten gotten_value;
    gotten_value.value = value_of("hello\n");
    gotten_value.replicas = 3;
    gotten_value.lookup = stored().lookup;
    session.script.value_gotten = gotten_value;
    EXPECT_EQ(session.run({"dht", "get", "label:note"}), 0);
    EXPECT_EQ(session.script.calls.back(), "get_value /note 0 ");
    EXPECT_NE(session.out.find("  content  hello\n"), std::string::npos) << session.out;
    EXPECT_EQ(session.run({"dht", "get", "label:" + kBob + "/a/b", "--level", "fast"}), 0);
    EXPECT_EQ(session.script.calls.back(), "get_value " + kBob + "/a/b 0 fast");
    EXPECT_EQ(session.run({"dht", "get", kPlace, "--value", "--json"}), 0);
    EXPECT_EQ(session.script.calls.back(), "get_value / 20 ");
    EXPECT_NE(session.out.find(R"("content_hex":"68656c6c6f0a","text":"hello\n")"),
              std::string::npos)
        << session.out;
    EXPECT_EQ(session.run({"dht", "get", "label:note", "--newer-than", "7x"}), 2);
    gotten_value.unchanged = true;
    session.script.value_gotten = gotten_value;
    EXPECT_EQ(session.run({"dht", "get", "label:note", "--newer-than", "7"}), 0);
    EXPECT_EQ(session.script.calls.back(), "get_value /note 0  newer than 7");
    EXPECT_NE(session.out.find("unchanged since version 7: 3 nodes hold nothing newer"),
              std::string::npos)
        << session.out;
    gotten_value.unchanged = false;
    session.script.value_gotten = gotten_value;
    EXPECT_EQ(session.run({"dht", "get", "label:note", "--save", "copy"}), 0);
    EXPECT_EQ(session.files["copy"], "hello\n");
    EXPECT_EQ(session.run({"dht", "get", "name:bob", "--value"}), 2);
}

TEST(DhtListenVerb, tells_each_version_and_its_cursor) {
    TerminalSession session;
    session.script.told = {{value_of("one", 1), "\x01\xff", 0},
                           {std::nullopt, "", 6},
                           {value_of(std::string(200, 'x'), 2), "", 0},
                           {value_of("three", 3), "", 0}};
    EXPECT_EQ(session.run({"dht", "listen", "label:note", "--count", "2", "--cursor", "6162"}), 0);
    EXPECT_EQ(session.script.calls.back(), "listen /note after ab");
    EXPECT_NE(session.out.find("version 1  one\n"), std::string::npos) << session.out;
    EXPECT_NE(session.out.find("version 2  200 B\n"), std::string::npos) << session.out;
    EXPECT_EQ(session.out.find("version 3"), std::string::npos);
    EXPECT_EQ(session.run({"dht", "listen", kPlace, "--json"}), 0);
    EXPECT_NE(session.out.find(R"("cursor":"01ff")"), std::string::npos) << session.out;
    for (const auto& wrong :
         std::vector<std::vector<std::string>>{{"dht", "listen", "name:bob"},
                                               {"dht", "listen", kPlace, "--cursor", "6"},
                                               {"dht", "listen", kPlace, "--cursor", "zz"},
                                               {"dht", "listen", kPlace, "--count", "0"}}) {
        EXPECT_EQ(session.run(wrong), 2) << wrong.back();
    }
}

TEST(DhtPutVerb, of_a_signed_record_needs_a_key_and_a_readable_file) {
    TerminalSession session;
    session.script.stored = stored();
    session.script.traced = gotten();
    session.files["bob.record"] = "abc";
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
