#include <gtest/gtest.h>
#include <algorithm>

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

client::Evidence on_the_lan() {
    client::Evidence evidence;
    evidence.medium = "mdns";
    evidence.trust = "verified";
    evidence.presence = "present";
    evidence.peer = {kBob, "k7f3q2"};
    evidence.node = {kNode, kPlace};
    evidence.endpoint = "192.168.1.7:6881";
    evidence.where = "eth0";
    evidence.label = "q3xk2m";
    evidence.first_seen_ago = 1min;
    evidence.last_seen_ago = 2s;
    return evidence;
}

client::Evidence on_the_air() {
    client::Evidence evidence;
    evidence.medium = "ble";
    evidence.trust = "recognised";
    evidence.presence = "present";
    evidence.where = "hci0";
    evidence.last_seen_ago = 300ms;
    evidence.proximity = client::Proximity{-58, 120, true};
    return evidence;
}

client::Neighbour bob() {
    client::Neighbour neighbour;
    neighbour.number = 7;
    neighbour.peer = {kBob, "k7f3q2"};
    neighbour.node = {kNode, kPlace};
    neighbour.trust = "verified";
    neighbour.presence = "present";
    neighbour.last_seen_ago = 300ms;
    neighbour.proximity = client::Proximity{-58, 120, true};
    neighbour.evidence = {on_the_lan(), on_the_air()};
    return neighbour;
}

client::Neighbour somebody() {
    client::Neighbour neighbour;
    neighbour.number = 8;
    neighbour.trust = "unverified";
    neighbour.presence = "fading";
    client::Evidence evidence = on_the_air();
    evidence.trust = "unverified";
    evidence.presence = "fading";
    evidence.proximity = client::Proximity{-88, 1540, false};
    neighbour.evidence = {evidence};
    return neighbour;
}

std::vector<client::Friend> bob_is_a_friend() {
    client::Friend of;
    of.peer = {kBob, "k7f3q2"};
    of.note = "Bob";
    of.recognisable = of.told = true;
    of.met_ago = 2h;
    return {of};
}

TEST(BrowseVerb, shows_who_is_near_and_every_way_in_which_they_are_seen) {
    TerminalSession session;
    session.script.neighbours = std::vector{bob(), somebody()};
    session.script.friends = bob_is_a_friend();
    EXPECT_EQ(session.run({"browse"}), 0);
    EXPECT_EQ(
        session.out,
        "who               trust       medium  on         heard  address or distance\n"
        "Bob (sov1bob000)  verified    mdns    eth0     2 s ago  192.168.1.7:6881\n"
        "                  recognised  ble     hci0  300 ms ago  about 1.2 m, near (-58 dBm)\n"
        "somebody          unverified  ble     hci0  300 ms ago  about 15 m (-88 dBm), fading\n")
        << session.out;
    EXPECT_EQ(session.run({"browse", "--quiet"}), 0);
    EXPECT_EQ(session.out, kBob + "\n");
    session.script.friends = test::unset();
    EXPECT_EQ(session.run({"browse"}), 0);
    EXPECT_NE(session.out.find("sov1bob000  verified"), std::string::npos)
        << "without the friends' names the list is still right";
}

TEST(BrowseVerb, shows_an_address_once_although_a_peer_goes_by_two_names) {
    TerminalSession session;
    client::Neighbour twice = bob();
    twice.evidence = {on_the_lan(), on_the_lan(), on_the_air(), on_the_air()};
    twice.evidence[1].label = "another";
    session.script.neighbours = std::vector{twice};
    session.script.friends = bob_is_a_friend();
    EXPECT_EQ(session.run({"browse"}), 0);
    EXPECT_EQ(std::count(session.out.begin(), session.out.end(), '\n'), 4)
        << "two radio ids may be two devices";
    EXPECT_EQ(session.run({"browse", "--json"}), 0);
    EXPECT_NE(session.out.find(R"("label":"another")"), std::string::npos);
}

TEST(BrowseVerb, writes_all_of_it_as_json) {
    TerminalSession session;
    session.script.neighbours = std::vector{bob()};
    EXPECT_EQ(session.run({"browse", "--json"}), 0);
    EXPECT_NE(session.out.find(R"("evidence":[{"medium":"mdns","trust":"verified",)"
                               R"("presence":"present","peer":{"id":")" +
                               kBob),
              std::string::npos)
        << session.out;
    EXPECT_NE(session.out.find(R"("proximity":{"rssi_dbm":-58,"distance_cm":120,"near":true})"),
              std::string::npos);
    EXPECT_NE(session.out.find(R"("label":"q3xk2m","first_seen_ago_ms":60000,)"),
              std::string::npos);
}

TEST(BrowseVerb, asks_for_one_medium_or_for_both) {
    TerminalSession session;
    session.script.neighbours = std::vector{bob()};
    session.run({"browse", "--mdns", "-q"});
    EXPECT_EQ(session.script.calls.back(), "neighbours mdns");
    session.run({"browse", "--ble", "-q"});
    EXPECT_EQ(session.script.calls.back(), "neighbours ble");
    session.run({"browse", "--ble", "--mdns", "-q"});
    EXPECT_EQ(session.script.calls.back(), "neighbours");
}

TEST(BrowseVerb, says_why_nobody_is_there) {
    TerminalSession session;
    session.script.neighbours = std::vector<client::Neighbour>{};
    client::NodeStatus status;
    status.layers = {{"bootstrap", true, "waiting", "nobody answers"},
                     {"mdns", true, "waiting", "there is no Avahi on this host"},
                     {"ble", false, "off", ""}};
    session.script.status = status;
    EXPECT_EQ(session.run({"browse"}), 0);
    EXPECT_EQ(session.out,
              "nobody is near, as far as mdns and ble see\n"
              "  mdns: there is no Avahi on this host\n"
              "  ble is off; switch it on with: sovctl layer on ble\n"
              "  sovctl doctor looks for what could be wrong\n");
    EXPECT_EQ(session.run({"browse", "--ble"}), 0);
    EXPECT_EQ(session.out.find("Avahi"), std::string::npos);
    EXPECT_EQ(test::refusal_of("sovctl layer on ble"), "");
    EXPECT_EQ(test::refusal_of("sovctl doctor"), "");
}

client::NeighbourChange change(std::string what, client::Neighbour neighbour) {
    client::NeighbourChange change;
    change.change = std::move(what);
    change.neighbour = std::move(neighbour);
    change.time = std::chrono::system_clock::time_point(1'772'355'902'120ms);
    return change;
}

TEST(BrowseVerb, follows_with_one_line_or_one_object_each) {
    TerminalSession session;
    session.script.friends = bob_is_a_friend();
    client::NeighbourChange merged = change("lost", somebody());
    merged.became = 7;
    client::NeighbourChange gap = change("missed", {});
    gap.missed = 3;
    session.script.changes = {change("listed", bob()), change("found", somebody()), merged,
                              change("lost", bob()), gap};
    EXPECT_EQ(session.run({"browse", "--follow"}), 0);
    EXPECT_EQ(
        session.out,
        "09:05:02Z  here     Bob (sov1bob000)  verified  mdns on eth0 at 192.168.1.7:6881; "
        "ble on hci0, about 1.2 m, near (-58 dBm)\n"
        "09:05:02Z  found    somebody  unverified  ble on hci0, about 15 m (-88 dBm), fading\n"
        "09:05:02Z  lost     somebody  turned out to be a neighbour shown already\n"
        "09:05:02Z  lost     Bob (sov1bob000)  last heard 300 ms ago\n"
        "09:05:02Z  missed   3 changes came too fast to be shown: begin again with sovctl "
        "browse --follow\n")
        << session.out;
    EXPECT_EQ(session.script.calls.back(), "browse  and follow");
    EXPECT_EQ(session.script.deadlines.back(), 0ms);
    EXPECT_EQ(session.run({"browse", "-f", "--ble", "--json"}), 0);
    EXPECT_EQ(session.script.calls.back(), "browse ble and follow");
    EXPECT_EQ(std::count(session.out.begin(), session.out.end(), '\n'), 5);
    EXPECT_NE(session.out.find(R"("change":"lost","time":"2026-03-01T09:05:02.120Z","became":7,)"),
              std::string::npos);
    EXPECT_NE(session.out.find(R"("change":"missed","time":"2026-03-01T09:05:02.120Z","missed":3)"),
              std::string::npos);
}

TEST(BrowseVerb, ends_well_when_its_time_is_over_and_badly_when_the_daemon_goes) {
    TerminalSession session;
    session.script.friends = bob_is_a_friend();
    session.script.changes_end = test::daemon_error("timed_out", 4, 6, "over");
    EXPECT_EQ(session.run({"browse", "--follow", "--timeout", "1s"}), 0);
    session.script.changes_end =
        test::daemon_error("connection_lost", 14, 3, "the daemon closed the connection");
    EXPECT_EQ(session.run({"browse", "--follow"}), 3);
}

TEST(PeersVerb, near_shows_only_sessions_with_neighbours_and_how_they_are_seen) {
    TerminalSession session;
    client::Session near;
    near.node = {kNode, kPlace};
    near.endpoint = "192.168.1.7:6881";
    near.round_trip = 1ms;
    near.idle = 3s;
    client::Session far = near;
    far.node = {"sovn1far", "ffffffffffffffff"};
    session.script.sessions = std::vector{far, near};
    session.script.neighbours = std::vector{somebody(), bob()};
    session.script.friends = bob_is_a_friend();
    EXPECT_EQ(session.run({"peers", "--near"}), 0);
    EXPECT_EQ(session.out,
              "who               node        address            rtt  idle  seen by\n"
              "Bob (sov1bob000)  0123456789  192.168.1.7:6881  1 ms   3 s  mdns on eth0 at "
              "192.168.1.7:6881 (verified); ble on hci0, about 1.2 m, near (-58 dBm) "
              "(recognised)\n")
        << session.out;
    EXPECT_EQ(session.run({"peers", "--near", "--quiet"}), 0);
    EXPECT_EQ(session.out, kNode + "\n");
    EXPECT_EQ(session.run({"peers", "--near", "--json"}), 0);
    EXPECT_NE(session.out.find(R"("neighbour":{"number":7,)"), std::string::npos);
    session.script.sessions = std::vector{far};
    EXPECT_EQ(session.run({"peers", "--near"}), 0);
    EXPECT_EQ(session.out, "no sessions with anybody nearby (sovctl browse shows who is there)\n");
}

TEST(FriendVerbs, adding_says_what_the_other_side_has_to_do) {
    TerminalSession session;
    client::Friend fresh;
    fresh.peer = {kBob, "k7f3q2"};
    fresh.note = "Bob at work";
    session.script.befriended = fresh;
    client::Identity self;
    self.peer = {kEve, "aaaaaa"};
    session.script.identity = self;
    EXPECT_EQ(session.run({"friend", "add", kBob, "--note", "Bob at work"}), 0);
    EXPECT_EQ(session.script.calls[0], "add_friend " + kBob + " Bob at work");
    EXPECT_EQ(session.out,
              "added  Bob at work  " + kBob +
                  "\n  not introduced yet: they must add you too, and both be online once\n"
                  "  on their side: sovctl friend add " +
                  kEve + "\n");
    EXPECT_EQ(test::refusal_of("sovctl friend add " + kEve), "");
    EXPECT_EQ(session.run({"friend", "add", kBob, "--json"}), 0);
    EXPECT_NE(session.out.find(R"("note":"Bob at work","recognisable":false,"told":false)"),
              std::string::npos);
}

TEST(FriendVerbs, a_name_in_place_of_an_id_is_helped_on) {
    TerminalSession session;
    client::Error error = test::daemon_error("invalid_argument", 3, 2, "peer_text: no peer id");
    error.field = "peer_text";
    session.script.befriended = error;
    session.script.done = error;
    EXPECT_EQ(session.run({"friend", "add", "bob"}), 2);
    EXPECT_NE(session.err.find("sovctl find bob   (shows the id behind a name)"), std::string::npos)
        << session.err;
    EXPECT_EQ(session.run({"friend", "remove", "bob"}), 2);
    EXPECT_NE(session.err.find("sovctl find bob"), std::string::npos);
}

TEST(FriendVerbs, a_second_key_that_does_not_fit_is_an_alarm_until_it_is_forgotten) {
    TerminalSession session;
    const std::pair<std::string, std::string> cases[] = {
        {"held", "; ML-DSA-65 key as remembered\n"},
        {"unchecked", "; an ML-DSA-65 key is remembered; not checked here\n"},
        {"awaited", "; the ML-DSA-65 key of their new identity is awaited\n"},
        {"missing",
         "; ALARM: second key missing, they signed with ML-DSA-65 before; ask them by "
         "another way, and if it is right: sovctl friend repin " +
             kBob + "\n"},
        {"changed",
         "; ALARM: second key changed, they signed with another ML-DSA-65 key before; "
         "ask them by another way, and if it is right: sovctl friend repin " +
             kBob + "\n"}};
    for (const auto& [word, line] : cases) {
        std::vector<client::Friend> bob = bob_is_a_friend();
        bob[0].second_key = word;
        bob[0].second_key_hash = std::string(32, '\x01');
        session.script.friends = bob;
        EXPECT_EQ(session.run({"friend", "list"}), 0);
        EXPECT_NE(session.out.find(line), std::string::npos) << session.out;
        session.run({"friend", "list", "--json"});
        EXPECT_NE(session.out.find(R"("second_key":")" + word + R"(","second_key_hash":"0101)"),
                  std::string::npos)
            << session.out;
    }
    EXPECT_EQ(test::refusal_of("sovctl friend repin " + kBob), "");
    session.script.done = client::Done{};
    EXPECT_EQ(session.run({"friend", "repin", kBob}), 0);
    EXPECT_EQ(session.script.calls.back(), "repin_friend " + kBob);
    EXPECT_TRUE(session.out.starts_with("forgotten  the second key of " + kBob)) << session.out;
    session.script.done = test::daemon_error("not_found", 5, 5, "no second key is remembered");
    EXPECT_EQ(session.run({"friend", "repin", kBob}), 5);
}

TEST(FriendVerbs, the_list_says_how_far_knowing_each_other_is) {
    TerminalSession session;
    std::vector<client::Friend> all = bob_is_a_friend();
    client::Friend eve;
    eve.peer = {kEve, "aaaaaa"};
    all.push_back(eve);
    eve.recognisable = true;
    all.push_back(eve);
    eve.recognisable = false;
    eve.told = true;
    all.push_back(eve);
    session.script.friends = all;
    EXPECT_EQ(session.run({"friend", "list"}), 0);
    EXPECT_NE(
        session.out.find("Bob     " + kBob + "  you recognise each other nearby, met 2 h ago\n"),
        std::string::npos)
        << session.out;
    EXPECT_NE(session.out.find("-       " + kEve + "  not introduced yet"), std::string::npos);
    EXPECT_NE(session.out.find("they don't have your tags yet"), std::string::npos);
    EXPECT_NE(session.out.find("their tags are not here yet"), std::string::npos);
    EXPECT_EQ(session.run({"friend", "list", "-q"}), 0);
    EXPECT_TRUE(session.out.starts_with(kBob + "\n" + kEve + "\n"));
    session.script.friends = std::vector<client::Friend>{};
    EXPECT_EQ(session.run({"friend", "list"}), 0);
    EXPECT_EQ(session.out, "no friends yet; add one with: sovctl friend add PEER\n");
}

TEST(FriendVerbs, removing_says_what_it_means) {
    TerminalSession session;
    session.script.done = client::Done{};
    EXPECT_EQ(session.run({"friend", "remove", kBob}), 0);
    EXPECT_EQ(session.script.calls.back(), "remove_friend " + kBob);
    EXPECT_NE(session.out.find("they recognise you nearby no longer"), std::string::npos);
}

client::Check check(std::string topic, std::string finding) {
    client::Check made;
    made.topic = std::move(topic);
    made.finding = std::move(finding);
    made.code = "code";
    made.what = "this was found";
    return made;
}

TEST(DoctorVerb, shows_what_is_wrong_why_it_matters_and_what_to_do) {
    TerminalSession session;
    client::Check bad = check("bluetooth", "fail");
    bad.why = "nobody in range sees this peer";
    bad.next_step = "let the radio be used";
    bad.command = "sudo rfkill unblock bluetooth";
    session.script.checks = std::vector{check("mdns", "ok"), bad, check("clock", "warn")};
    EXPECT_EQ(session.run({"doctor"}), 7);
    EXPECT_EQ(session.out,
              "  ok    mdns       this was found\n"
              "  FAIL  bluetooth  this was found\n"
              "        why   nobody in range sees this peer\n"
              "        do    let the radio be used\n"
              "              sudo rfkill unblock bluetooth\n"
              "  warn  clock      this was found\n"
              "\n"
              "  1 failure, 1 warning\n")
        << session.out;
    EXPECT_EQ(session.run({"doctor", "--quiet"}), 7);
    EXPECT_EQ(session.out, "");
}

TEST(DoctorVerb, ends_with_0_when_nothing_is_wrong) {
    TerminalSession session;
    session.script.checks = std::vector{check("mdns", "ok")};
    EXPECT_EQ(session.run({"doctor"}), 0);
    EXPECT_NE(session.out.find("nothing is wrong, as far as the daemon can see"),
              std::string::npos);
    EXPECT_EQ(session.run({"doctor", "--json"}), 0);
    EXPECT_NE(session.out.find(R"("checks":[{"topic":"mdns","finding":"ok","code":"code",)"
                               R"("what":"this was found"}],"warnings":0,"failures":0)"),
              std::string::npos)
        << session.out;
}

}  // namespace
}  // namespace sov::ctl
