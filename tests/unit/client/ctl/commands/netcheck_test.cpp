#include <gtest/gtest.h>

#include "tests/unit/client/ctl/terminal_session.h"

namespace sov::ctl {
namespace {

using namespace std::chrono_literals;
using test::TerminalSession;

client::NetworkReport easy_network() {
    client::NetworkReport report;
    report.verdict = "direct";
    report.sentence = "direct connections should work";
    report.took = 1200ms;
    client::NetworkLine udp{"udp", "yes", "answered", "3 of 3 probes answered", "", "", {}, {}};
    client::NetworkLine mapping{"mapping",  "yes", "one_port",         "the same port",
                                "easy NAT", "",    {"192.0.2.1:6881"}, {}};
    client::NetworkLine turn{"turn", "not_tested", "none", "no relay", "", "sovctl doctor", {}, {}};
    client::NetworkLine stun{"stun", "yes", "answered", "a answers", "", "", {}, 20ms};
    report.lines = {udp, mapping, stun, turn};
    return report;
}

TEST(NetcheckVerb, SaysYesNoOrNotTestedAndWhatFollows) {
    TerminalSession session;
    session.script.network = easy_network();
    EXPECT_EQ(session.run({"netcheck"}), 0);
    EXPECT_EQ(session.out,
              "UDP out       yes         3 of 3 probes answered\n"
              "One port      yes         the same port -> easy NAT\n"
              "STUN          yes         a answers (20 ms)\n"
              "Relay         not tested  no relay\n"
              "                          do: sovctl doctor\n"
              "\n"
              "Verdict: direct connections should work\n");
    EXPECT_EQ(session.run({"netcheck", "--quiet"}), 0);
    EXPECT_EQ(session.out, "direct\n");
}

TEST(NetcheckVerb, ScriptsSeeTheSameInJsonAndInTheExitCode) {
    TerminalSession session;
    auto report = easy_network();
    report.verdict = "mapped_only";
    session.script.network = report;
    EXPECT_EQ(session.run({"netcheck", "--json"}), 7);
    EXPECT_TRUE(session.out.starts_with(R"({"schema":"sovctl.netcheck/1",)")) << session.out;
    EXPECT_NE(session.out.find(R"("topic":"mapping","answer":"yes","code":"one_port")"),
              std::string::npos);
    EXPECT_NE(session.out.find(R"("addresses":["192.0.2.1:6881"])"), std::string::npos);
    EXPECT_NE(session.out.find(R"("answer":"not_tested")"), std::string::npos);
    EXPECT_EQ(session.err, "") << "progress is for terminals";
}

TEST(NetcheckVerb, ADaemonThatIsBusySaysSo) {
    TerminalSession session;
    session.script.network =
        test::daemon_error("busy", 8, 11, "too many wait for a test of the network already");
    EXPECT_EQ(session.run({"netcheck"}), 11);
    EXPECT_NE(session.err.find("too many wait"), std::string::npos);
}

}  // namespace
}  // namespace sov::ctl
