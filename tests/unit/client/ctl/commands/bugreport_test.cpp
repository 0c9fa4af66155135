#include <gtest/gtest.h>

#include <cerrno>

#include "tests/unit/client/ctl/terminal_session.h"

namespace sov::ctl {
namespace {

using test::TerminalSession;

const std::string kKey(64, '7');

/// A daemon that knows people, addresses and secrets, as far as it tells them at all.
TerminalSession talkative() {
    TerminalSession session;
    client::NodeStatus status;
    status.version = "0.1.0";
    status.peer.text = test::kBob;
    status.network_name = "family-smith";
    status.sentence = "bob-phone at 198.51.100.7:41900 is relayed";
    session.script.status = status;
    client::Friend bob;
    bob.peer.text = test::kBob;
    bob.note = "bob-phone";
    session.script.friends = std::vector<client::Friend>{bob};
    client::Event event;
    event.type = "name.owner_changed";
    event.summary = "bob-phone now belongs to " + test::kEve + " at [2001:db8::17]:6881";
    client::Event neighbour;
    neighbour.type = "neighbour.found";
    neighbour.summary = "Carols Laptop is near";
    session.script.events = {event, neighbour};
    session.files["/etc/sovereignd/sovereignd.conf"] =
        "# my network\n[node]\nmode = server\nnetwork = family-smith\n[connect]\n"
        "turn_servers = ana:hunter2@relay.example.org:3478\n[udp]\nport = 6881\nnonsense\n"
        "[bootstrap]\npeer = " +
        test::kNode + "@203.0.113.9:6881\nlist_key = " + kKey + "\n";
    session.files["/proc/sys/kernel/hostname"] = "anas-desktop\n";
    session.files["/proc/sys/kernel/osrelease"] = "6.1.0-13-amd64\n";
    return session;
}

std::string report_of(TerminalSession& session, std::vector<std::string> words) {
    EXPECT_EQ(session.run(words), 0) << session.err;
    return session.files["report.txt"];
}

TEST(Bugreport, holds_no_ids_addresses_names_or_secrets) {
    TerminalSession session = talkative();
    const std::string report = report_of(session, {"bugreport", "--out", "report.txt"});
    for (const std::string& secret :
         {test::kBob, test::kEve, test::kNode, kKey, std::string("bob-phone"), std::string("Carol"),
          std::string("family-smith"), std::string("hunter2"), std::string("relay.example.org"),
          std::string("198.51.100.7"), std::string("203.0.113.9"), std::string("2001:db8"),
          std::string("anas-desktop")})
        EXPECT_EQ(report.find(secret), std::string::npos) << secret;
    EXPECT_NE(report.find("<peer-1>"), std::string::npos);
    EXPECT_NE(report.find("<ipv4-global-1>:41900"), std::string::npos) << "ports stay";
    EXPECT_NE(report.find("kernel: 6.1.0-13-amd64"), std::string::npos);
    EXPECT_NE(report.find("mode = server"), std::string::npos);
    EXPECT_NE(report.find("port = 6881"), std::string::npos);
    EXPECT_NE(report.find("turn_servers = (set, not shown)"), std::string::npos);
    EXPECT_NE(report.find("name.owner_changed"), std::string::npos);
    EXPECT_EQ(report.find("nonsense"), std::string::npos);
}

TEST(Bugreport, tells_what_it_wrote_and_what_it_replaced) {
    TerminalSession session = talkative();
    report_of(session, {"bugreport", "--out", "report.txt"});
    for (const char* words : {"wrote  report.txt", "  configuration, ", "  audit log, ",
                              "replaced: ", "Nothing was sent", "less report.txt"})
        EXPECT_NE(session.out.find(words), std::string::npos) << words;
    session.files.erase("report.txt");
    report_of(session, {"bugreport", "--out", "report.txt", "--json"});
    EXPECT_NE(session.out.find(R"("redacted":true)"), std::string::npos);
    EXPECT_NE(session.out.find(R"({"title":"doctor",)"), std::string::npos);
}

TEST(Bugreport, leaves_names_in_when_asked_to_but_never_passwords) {
    TerminalSession session = talkative();
    const std::string report =
        report_of(session, {"bugreport", "--out", "report.txt", "--no-redact"});
    EXPECT_NE(report.find("bob-phone"), std::string::npos);
    EXPECT_NE(report.find("NOT REDACTED"), std::string::npos);
    EXPECT_EQ(report.find("hunter2"), std::string::npos);
    EXPECT_EQ(report.find(kKey), std::string::npos);
}

TEST(Bugreport, is_made_of_what_there_is_when_the_daemon_is_stopped) {
    TerminalSession session = talkative();
    session.stop_daemon(ENOENT);
    const std::string report = report_of(session, {"bugreport", "--out", "report.txt"});
    EXPECT_NE(report.find("==== host ===="), std::string::npos);
    EXPECT_NE(report.find("not_running"), std::string::npos);
}

TEST(Bugreport, overwrites_nothing) {
    TerminalSession session = talkative();
    session.files["report.txt"] = "mine";
    EXPECT_EQ(session.run({"bugreport", "--out", "report.txt"}), 1);
    EXPECT_NE(session.err.find("cannot make report.txt"), std::string::npos) << session.err;
    EXPECT_EQ(session.files["report.txt"], "mine");
}

}  // namespace
}  // namespace sov::ctl
