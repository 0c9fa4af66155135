#include <gtest/gtest.h>

#include "tests/unit/client/ctl/terminal_session.h"

namespace sov::ctl {
namespace {

using namespace std::chrono_literals;
using test::kBob;
using test::TerminalSession;

client::ConnectionReason relayed_to_bob() {
    client::ConnectionReason why;
    why.peer.text = kBob;
    why.reason = "relayed: no direct pair of addresses has answered yet";
    why.next_step = "sovctl netcheck on both sides";
    client::Connection connection;
    connection.peer = why.peer;
    connection.path = "relayed";
    connection.carrier = "ice";
    connection.remote = "192.0.2.9:50000";
    why.connection = connection;
    client::ConnectAttempt attempt;
    attempt.way = "ice";
    attempt.outcome = "connected";
    attempt.took = 310ms;
    attempt.won = true;
    attempt.ago = 5s;
    why.attempts = {attempt};
    client::PeerCall call;
    call.ago = 5s;
    call.outcome = "connected";
    call.answered = true;
    call.rounds = 1;
    call.ours = {"host 10.1.0.2:4000"};
    call.pair = "relay 192.0.2.1:50001 to relay 192.0.2.9:50000";
    call.connected_after = 300ms;
    call.steps = {{"calling", "", 0us}, {"answered", "", 120ms}, {"path", call.pair, 300ms}};
    why.call = call;
    return why;
}

TEST(PeerWhyVerb, TellsTheReasonTheNextStepAndTheCallStepByStep) {
    TerminalSession session;
    session.script.connection_reason = relayed_to_bob();
    session.script.judgement = client::Judgement{};
    EXPECT_EQ(session.run({"peer", "why", "bob"}), 0);
    EXPECT_NE(session.out.find("relayed: no direct pair"), std::string::npos) << session.out;
    EXPECT_NE(session.out.find("do       sovctl netcheck on both sides"), std::string::npos);
    EXPECT_NE(session.out.find("+120 ms  the peer answers the call"), std::string::npos);
    EXPECT_NE(session.out.find("nothing bad is remembered"), std::string::npos);
    EXPECT_EQ(session.run({"peer", "why", "bob", "--json"}), 0);
    EXPECT_NE(session.out.find(R"("what":"answered","after_ms":120)"), std::string::npos)
        << session.out;
    EXPECT_NE(session.out.find(R"("outcome":"connected")"), std::string::npos);
}

TEST(PeerWhyVerb, ADaemonWithoutConnectionsStillTellsWhatItRemembers) {
    TerminalSession session;
    session.script.connection_reason =
        test::daemon_error("not_supported", 12, 1, "this daemon makes no connections");
    session.script.judgement = client::Judgement{};
    EXPECT_EQ(session.run({"peer", "why", kBob}), 0);
    EXPECT_NE(session.out.find("nothing bad is remembered"), std::string::npos);
}

TEST(PeerWhyVerb, AnUnknownNameIsSaid) {
    TerminalSession session;
    session.script.connection_reason =
        test::daemon_error("not_found", 5, 8, "nobody claims this name");
    EXPECT_EQ(session.run({"peer", "why", "nobody"}), 8);
}

}  // namespace
}  // namespace sov::ctl
