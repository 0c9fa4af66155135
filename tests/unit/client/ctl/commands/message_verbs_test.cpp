#include <gtest/gtest.h>

#include <algorithm>

#include "tests/unit/client/ctl/terminal_session.h"

namespace sov::ctl {
namespace {

using test::kBob;
using test::kEve;
using test::TerminalSession;

client::MessageProgress progress(std::string state, std::string words = {}) {
    return {{kBob, "k7f3q2"}, "9f3c07d21be4a688-12", std::move(state), std::move(words)};
}

client::ReceivedMessage received(std::uint64_t serial, std::string body) {
    client::ReceivedMessage message;
    message.serial = serial;
    message.from = {kBob, "k7f3q2"};
    message.id = "9f3c07d21be4a688-" + std::to_string(serial);
    message.body = std::move(body);
    return message;
}

/// A session in which bob is a friend.
struct MessageVerbs : testing::Test {
    TerminalSession session;
    MessageVerbs() {
        client::Friend of;
        of.peer = {kBob, "k7f3q2"};
        of.note = "bob";
        session.script.friends = std::vector{of};
    }
};

TEST_F(MessageVerbs, a_message_is_its_words_and_says_what_became_of_it) {
    session.script.message_progress = {progress("waiting"), progress("sent"),
                                       progress("delivered")};
    EXPECT_EQ(session.run({"msg", "bob", "hello", "there"}), 0);
    EXPECT_EQ(session.out, "delivered  to bob (sov1bob000)\n");
    EXPECT_NE(std::find(session.script.calls.begin(), session.script.calls.end(),
                        "send_message bob  hello there followed"),
              session.script.calls.end());
}

TEST_F(MessageVerbs, a_peer_that_is_away_finds_it_in_the_mailbox) {
    session.script.message_progress = {progress("waiting"), progress("in_mailbox"),
                                       progress("delivered")};
    EXPECT_EQ(session.run({"msg", "bob", "hello"}), 0);
    EXPECT_EQ(session.out,
              "in the mailbox  bob (sov1bob000) could not be reached, and finds it "
              "there within a week\n");
}

TEST_F(MessageVerbs, say_why_a_peer_was_not_reached) {
    session.script.message_progress = {progress("in_mailbox", "it takes friends only")};
    EXPECT_EQ(session.run({"msg", "bob", "hello"}), 0);
    EXPECT_TRUE(session.out.ends_with("within a week\n  why  it takes friends only\n"))
        << session.out;
}

TEST_F(MessageVerbs, a_failed_message_says_why_and_fails) {
    session.script.message_progress = {progress("failed", "nobody took it in time")};
    EXPECT_EQ(session.run({"msg", "bob", "hello"}), 1);
    EXPECT_EQ(session.out, "failed  nobody took it in time\n");
}

TEST_F(MessageVerbs, a_refusal_of_the_daemon_is_shown) {
    client::Error error;
    error.code = "over_quota";
    error.message = "too many messages wait";
    error.exit_code = 8;
    session.script.message_end = error;
    EXPECT_EQ(session.run({"msg", "bob", "hello"}), 8);
}

TEST_F(MessageVerbs, the_inbox_shows_messages_and_takes_what_it_showed) {
    session.script.messages = {received(3, "hello"), received(4, "two\nlines"),
                               received(5, "\xff\xfe")};
    EXPECT_EQ(session.run({"inbox"}), 0);
    EXPECT_NE(session.out.find("bob (sov1bob000)  hello\n"), std::string::npos) << session.out;
    EXPECT_NE(session.out.find("two / lines\n"), std::string::npos) << session.out;
    EXPECT_NE(session.out.find("2 B that are no text\n"), std::string::npos) << session.out;
    EXPECT_NE(std::find(session.script.calls.begin(), session.script.calls.end(),
                        "acknowledge_messages 3"),
              session.script.calls.end());
}

TEST_F(MessageVerbs, keep_takes_nothing) {
    session.script.messages = {received(3, "hello")};
    EXPECT_EQ(session.run({"inbox", "--keep"}), 0);
    for (const std::string& call : session.script.calls)
        EXPECT_FALSE(call.starts_with("acknowledge"));
}

TEST_F(MessageVerbs, what_peers_write_can_not_steer_the_terminal) {
    session.script.messages = {received(3, "\x1b[2Jgone")};
    EXPECT_EQ(session.run({"inbox"}), 0);
    EXPECT_EQ(session.out.find('\x1b'), std::string::npos);
}

TEST_F(MessageVerbs, following_takes_each_message_as_it_is_shown) {
    session.script.messages = {received(3, "a"), received(4, "b"), received(5, "c")};
    EXPECT_EQ(session.run({"inbox", "--follow", "--count", "2"}), 0);
    EXPECT_EQ(std::count(session.script.calls.begin(), session.script.calls.end(),
                         "acknowledge_messages 1"),
              2);
}

TEST_F(MessageVerbs, a_wrong_count_is_a_mistake_of_usage) {
    EXPECT_EQ(session.run({"inbox", "--count", "0"}), 2);
    EXPECT_EQ(session.run({"inbox", "--count", "many"}), 2);
}

TEST_F(MessageVerbs, the_outbox_lists_what_has_no_receipt) {
    session.script.sent_messages = std::vector<client::SentMessage>{
        {{kBob, "k7f3q2"}, "9f3c07d21be4a688-12", "in_mailbox", "", 5, {}}};
    EXPECT_EQ(session.run({"outbox", "list"}), 0);
    EXPECT_NE(session.out.find("in_mailbox"), std::string::npos);
    EXPECT_EQ(session.run({"outbox", "list", "--quiet"}), 0);
    EXPECT_EQ(session.out, "9f3c07d21be4a688-12\n");
    session.script.sent_messages = std::vector<client::SentMessage>{};
    EXPECT_EQ(session.run({"outbox", "list"}), 0);
    EXPECT_EQ(session.out, "every message has its receipt\n");
}

TEST_F(MessageVerbs, presence_is_what_the_friend_says) {
    session.script.presence = client::PeerPresence{{kBob, "k7f3q2"}, "away", "lunch"};
    EXPECT_EQ(session.run({"presence", "show", "bob"}), 0);
    EXPECT_EQ(session.out, "bob (sov1bob000) is away: lunch\n");
    session.script.presence = client::PeerPresence{{kEve, "eve000"}, "", ""};
    EXPECT_EQ(session.run({"presence", "show", "eve"}), 0);
    EXPECT_NE(session.out.find("can't be reached, or does not tell you"), std::string::npos);
}

}  // namespace
}  // namespace sov::ctl
