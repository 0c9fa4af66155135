#include <gtest/gtest.h>

#include "tests/unit/client/ctl/runnable_hint.h"
#include "tests/unit/client/ctl/terminal_session.h"

namespace sov::ctl {
namespace {

using namespace std::chrono_literals;
using test::kBob;
using test::kEve;
using test::kNode;
using test::kPlace;
using test::TerminalSession;

client::FoundPeer claimant(const std::string& id, const std::string& tag) {
    client::FoundPeer peer;
    peer.peer = {id, tag};
    peer.replicas = 4;
    peer.work_bits = 14;
    peer.claim_sequence = 9;
    peer.located = true;
    peer.sequence = 3;
    peer.ttl = 20min;
    peer.nodes = {{{kNode, kPlace}, {"192.0.2.4:6881", "[2001:db8::4]:6881"}}};
    return peer;
}

client::Found bob_found() {
    client::Found found;
    found.name = "bob";
    found.peers = {claimant(kBob, "k7f3q2")};
    found.source = "dht";
    found.lookup.target_hex = kPlace;
    found.lookup.took = 12'300us;
    found.lookup.asked = 4;
    found.lookup.answered = 4;
    found.lookup.hops = 1;
    client::TraceStep good;
    good.node.place_hex = kPlace;
    good.endpoint = "192.0.2.1:6881";
    good.round_trip = 400us;
    good.outcome = "record";
    good.contacts = 3;
    good.shared_bits = 9;
    client::TraceStep silent = good;
    silent.path = 1;
    silent.round_trip = 0us;
    silent.asked_after = 1500us;
    silent.outcome = "timeout";
    found.lookup.trace = {good, silent};
    return found;
}

TEST(FindVerb, shows_id_addresses_claim_and_how_it_was_found) {
    TerminalSession session;
    session.script.found = bob_found();
    EXPECT_EQ(session.run({"find", "bob"}), 0);
    EXPECT_EQ(session.out,
              "bob#k7f3q2\n"
              "  id       " +
                  kBob +
                  "\n"
                  "  at       192.0.2.4:6881\n"
                  "           [2001:db8::4]:6881\n"
                  "  claim    kept by 4 nodes, 14 bits of work\n"
                  "  found    in the DHT in 12 ms: 4 requests, 1 hop\n");
    EXPECT_EQ(session.script.calls, std::vector<std::string>{"find bob"});
    EXPECT_EQ(session.run({"find", "bob", "--level", "strong"}), 0);
    EXPECT_EQ(session.script.calls.back(), "find bob strong");
    EXPECT_EQ(session.run({"find", "bob", "--level", "best"}), 2);
}

TEST(FindVerb, json_of_what_was_found) {
    TerminalSession session;
    session.script.found = bob_found();
    EXPECT_EQ(session.run({"find", "bob", "--json"}), 0);
    EXPECT_EQ(
        session.out,
        R"({"schema":"sovctl.find/1","ok":true,"data":{"query":"bob","name":"bob","peers":[{"id":")" +
            kBob +
            R"(","tag":"k7f3q2","pinned":false,"replicas":4,"work_bits":14,"claim_sequence":9,)"
            R"("located":true,"sequence":3,"ttl_ms":1200000,"nodes":[{"node":{"id":")" +
            kNode + R"(","place":")" + kPlace +
            R"("},"endpoints":["192.0.2.4:6881","[2001:db8::4]:6881"]}]}],"owner_changed":false,)"
            R"("source":"dht","lookup":{"target":")" +
            kPlace +
            R"(","took_ms":12.3,"asked":4,"answered":4,"timed_out":0,"hops":1}}})"
            "\n");
}

TEST(FindVerb, says_which_half_of_the_signatures_was_verified) {
    const std::pair<const char*, const char*> cases[] = {
        {"verified", "  signed   Ed25519 and ML-DSA-65 verified\n"},
        {"none", "  signed   Ed25519 verified; no ML-DSA-65\n"},
        {"missing", "  signed   Ed25519 verified; ML-DSA-65 named, its signature was not found\n"},
        {"unchecked",
         "  signed   Ed25519 verified; ML-DSA-65 present, not checked: identity.post_quantum = "
         "off\n"},
        {"unverifiable",
         "  signed   Ed25519 verified; ML-DSA-65 present, not checkable: OpenSSL 3.0.19\n"}};
    for (const auto& [word, line] : cases) {
        TerminalSession session;
        client::Found found = bob_found();
        found.peers[0].post_quantum = word;
        found.crypto_library = "OpenSSL 3.0.19";
        session.script.found = found;
        EXPECT_EQ(session.run({"find", "bob"}), 0);
        EXPECT_NE(session.out.find(line), std::string::npos) << session.out;
    }
}

TEST(FindVerb, whoever_is_not_believed_is_told_with_the_reason_and_exit_code_10) {
    TerminalSession session;
    client::Found found = bob_found();
    found.refused = std::exchange(found.peers, {});
    found.refused[0].post_quantum = "false";
    found.miss = client::Error{};
    session.script.found = found;
    EXPECT_EQ(session.run({"find", "bob"}), 10);
    EXPECT_NE(session.err.find("not believed"), std::string::npos) << session.err;
    EXPECT_NE(session.err.find("ML-DSA-65 is false"), std::string::npos) << session.err;
    // With somebody left, who was refused is told beside.
    found.peers = {claimant(kEve, "aaaaaa")};
    found.miss.reset();
    session.script.found = found;
    EXPECT_EQ(session.run({"find", "bob"}), 0);
    EXPECT_NE(session.out.find("  refused  1 more: " + std::string(kBob)), std::string::npos)
        << session.out;
}

TEST(FindVerb, a_friend_without_the_second_key_that_is_remembered_is_an_alarm) {
    TerminalSession session;
    client::Found found = bob_found();
    found.peers[0].post_quantum = "none";
    found.peers[0].second_key = "missing";
    session.script.found = found;
    EXPECT_EQ(session.run({"find", "bob"}), 0);
    EXPECT_NE(session.out.find("  !        ALARM: second key missing"), std::string::npos)
        << session.out;
    EXPECT_NE(session.out.find("sovctl friend repin " + kBob), std::string::npos);
    session.run({"find", "bob", "--json"});
    EXPECT_NE(session.out.find(R"("post_quantum":"none","second_key":"missing")"),
              std::string::npos);
    // With identity.post_quantum = require.
    found.refused = std::exchange(found.peers, {});
    found.refused[0].second_key = "changed";
    found.miss = client::Error{};
    session.script.found = found;
    EXPECT_EQ(session.run({"find", "bob", "--json"}), 10);
    EXPECT_NE(session.out.find(R"("name":"second_key_changed")"), std::string::npos);
    EXPECT_EQ(session.run({"find", "bob"}), 10);
    EXPECT_NE(session.err.find("sovctl friend repin " + kBob), std::string::npos) << session.err;
}

TEST(FindVerb, all_claims_are_ranked) {
    TerminalSession session;
    client::Found found = bob_found();
    found.peers[0].pinned = true;
    found.peers.push_back(claimant(kEve, "aaaaaa"));
    found.peers[1].located = false;
    found.peers[1].nodes.clear();
    session.script.found = found;
    EXPECT_EQ(session.run({"find", "bob"}), 0);
    EXPECT_TRUE(session.out.starts_with(
        "2 peers claim bob, the best claim first; choose one by its tag\n"));
    EXPECT_LT(session.out.find("bob#k7f3q2"), session.out.find("bob#aaaaaa"));
    EXPECT_NE(session.out.find("14 bits of work, the owner known here\n"), std::string::npos);
    EXPECT_NE(session.out.find("  at       unknown: nobody has a record"), std::string::npos);
}

TEST(FindVerb, a_changed_owner_is_an_alarm_in_words_and_in_the_exit_code) {
    TerminalSession session;
    client::Found found = bob_found();
    found.owner_changed = true;
    found.pinned_owner = {kEve, "aaaaaa"};
    session.script.found = found;
    EXPECT_EQ(session.run({"find", "bob"}), 10);
    EXPECT_TRUE(session.out.starts_with(
        "! ALARM   bob does not belong to the owner remembered here any more\n"
        "  then    " +
        kEve + "\n  now     " + kBob + "\n"))
        << session.out;
    EXPECT_NE(session.out.find("sovctl name forget bob"), std::string::npos);
    // A script that wants ids only must not get the new owner's.
    EXPECT_EQ(session.run({"find", "bob", "--quiet"}), 10);
    EXPECT_EQ(session.out, "");
    EXPECT_EQ(session.run({"find", "bob", "--json"}), 10);
    EXPECT_TRUE(session.out.starts_with(
        R"({"schema":"sovctl.find/1","ok":false,"error":{"code":10,"name":"owner_changed",)"));
    EXPECT_NE(session.out.find(R"("owner_changed":true,"pinned_owner":{"id":")" + kEve),
              std::string::npos);
}

TEST(FindVerb, quiet_prints_ids_alone) {
    TerminalSession session;
    session.script.found = bob_found();
    EXPECT_EQ(session.run({"find", "bob", "-q"}), 0);
    EXPECT_EQ(session.out, kBob + "\n");
}

client::Found nobody_found() {
    client::Found found = bob_found();
    found.peers.clear();
    found.miss = test::daemon_error("not_found", 5, 5, "nothing was found");
    return found;
}

TEST(FindVerb, not_found_says_what_was_tried_and_what_to_do) {
    TerminalSession session;
    session.script.found = nobody_found();
    EXPECT_EQ(session.run({"find", "bob#k7f3q2"}), 5);
    EXPECT_EQ(session.out, "");
    EXPECT_EQ(session.err,
              "✗ not found   nobody knows bob#k7f3q2\n"
              "  why     4 requests, 4 answered, 1 hop, 12 ms\n"
              "  do      sovctl find 'bob#k7f3q2' --trace\n"
              "  or      sovctl find bob   (whatever the tag)\n"
              "  or      on the owner's host: sovctl name claim bob\n");
    EXPECT_EQ(test::refusal_of("sovctl find 'bob#k7f3q2' --trace"), "");
}

TEST(FindVerb, not_found_in_json_carries_the_lookup) {
    TerminalSession session;
    session.script.found = nobody_found();
    EXPECT_EQ(session.run({"find", "bob", "--json"}), 5);
    EXPECT_EQ(
        session.out,
        R"({"schema":"sovctl.find/1","ok":false,"error":{"code":5,"name":"not_found",)"
        R"("message":"nobody knows bob: 4 requests, 4 answered, 1 hop, 12 ms",)"
        R"("hint":"sovctl find bob --trace; or: on the owner's host: sovctl name claim bob"},)"
        R"("data":{"query":"bob","name":"bob","peers":[],"owner_changed":false,"source":"dht",)"
        R"("lookup":{"target":")" +
            kPlace +
            R"(","took_ms":12.3,"asked":4,"answered":4,"timed_out":0,"hops":1}}})"
            "\n");
}

TEST(FindVerb, a_trace_shows_every_question_also_of_a_miss) {
    TerminalSession session;
    session.script.found = nobody_found();
    EXPECT_EQ(session.run({"find", "bob", "--trace"}), 5);
    EXPECT_EQ(
        session.out,
        "target " + kPlace +
            "\n"
            "#  hop  path  node        address          after     rtt   near  answer\n"
            "1    0     1  0123456789  192.0.2.1:6881    0 ms  0.4 ms  9 bit  record, 3 nodes\n"
            "2    0     2  0123456789  192.0.2.1:6881  1.5 ms       -  9 bit  no answer in time\n"
            "done in 12 ms: 4 requests, 1 hop\n\n");
    EXPECT_EQ(session.run({"find", "bob", "--trace", "--json"}), 5);
    EXPECT_NE(session.out.find(R"("trace":[{"node":{"place":")"), std::string::npos);
}

TEST(FindVerb, time_outs_and_bad_ids_are_told_apart) {
    TerminalSession session;
    session.script.found = test::daemon_error("timed_out", 4, 6, "nobody answered in time");
    EXPECT_EQ(session.run({"find", "bob"}), 6);
    session.script.found = test::daemon_error("invalid_argument", 3, 2, "target: wrong checksum");
    EXPECT_EQ(session.run({"find", "sov1nonsense", "--json"}), 2);
    EXPECT_NE(session.out.find(R"("code":2,"name":"invalid_argument")"), std::string::npos);
    session.script.found = test::daemon_error("cancelled", 1, 130, "interrupted");
    EXPECT_EQ(session.run({"find", "bob"}), 130);
    EXPECT_EQ(session.out + session.err, "");
}

TEST(FindVerb, an_own_name_and_an_id_read_naturally) {
    TerminalSession session;
    client::Found found = bob_found();
    found.source = "own";
    session.script.found = found;
    session.run({"find", "bob"});
    EXPECT_NE(session.out.find("  found    this is you\n"), std::string::npos);
    found = bob_found();
    found.name.clear();
    session.script.found = found;
    session.run({"find", kBob});
    EXPECT_TRUE(session.out.starts_with(kBob + "\n  tag      k7f3q2\n  at       192.0.2.4:6881\n"));
    EXPECT_EQ(session.out.find("claim"), std::string::npos);
}

}  // namespace
}  // namespace sov::ctl
