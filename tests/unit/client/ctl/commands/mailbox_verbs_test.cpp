#include <gtest/gtest.h>

#include "tests/unit/client/ctl/terminal_session.h"

namespace sov::ctl {
namespace {

using namespace std::chrono_literals;
using test::kBob;
using test::TerminalSession;

client::Mailbox waiting() {
    client::Mailbox mailbox;
    client::Mail mail;
    mail.id = std::string(32, '\1');
    mail.sender = {kBob, "k7f3q2"};
    mail.sent = std::chrono::system_clock::time_point(1767225600000ms);
    mail.ttl = 168h;
    mail.body = "see you at eight";
    mailbox.mail = {mail};
    mailbox.replicas = 4;
    return mailbox;
}

TEST(MailboxVerbs, send_leaves_mail_for_a_peer) {
    TerminalSession session;
    client::ValueStored left;
    left.asked = 4;
    left.held_for = 168h;
    left.receipts.resize(3);
    session.script.left = left;
    EXPECT_EQ(session.run({"mailbox", "send", kBob, "--text", "hello", "--ttl", "2h"}), 0);
    EXPECT_EQ(session.script.calls.back(), "leave_mail " + kBob + " hello 7200000");
    EXPECT_TRUE(session.out.starts_with("held by 3 of 4 nodes until ")) << session.out;
    EXPECT_EQ(session.run({"mailbox", "send", kBob, "--text", "hello", "--ttl", "soon"}), 2);
    EXPECT_EQ(session.run({"mailbox", "send"}), 2);
}

TEST(MailboxVerbs, list_shows_mail_and_leaves_it_where_it_is) {
    TerminalSession session;
    session.script.mailbox = waiting();
    EXPECT_EQ(session.run({"mailbox", "list"}), 0);
    EXPECT_NE(session.out.find("  " + kBob + "\n  see you at eight\n"), std::string::npos)
        << session.out;
    EXPECT_EQ(session.script.calls.back(), "collect_mail");
    EXPECT_EQ(session.run({"mailbox", "list", "--quiet"}), 0);
    EXPECT_EQ(session.out, "see you at eight\n");
    EXPECT_EQ(session.run({"mailbox", "list", "--json"}), 0);
    EXPECT_NE(session.out.find(R"("sent_unix_ms":1767225600000,"ttl_ms":604800000)"),
              std::string::npos)
        << session.out;
    session.script.mailbox = client::Mailbox{};
    EXPECT_EQ(session.run({"mailbox", "list"}), 0);
    EXPECT_EQ(session.out, "no mail waits\n");
}

TEST(MailboxVerbs, fetch_deletes_what_it_has_shown) {
    TerminalSession session;
    session.script.mailbox = waiting();
    session.script.acknowledged = 4U;
    EXPECT_EQ(session.run({"mailbox", "fetch", "--quiet"}), 0);
    EXPECT_EQ(session.out, "see you at eight\n");
    EXPECT_EQ(session.script.calls.back(), "acknowledge_mail 1");
    session.script.mailbox = client::Mailbox{};
    EXPECT_EQ(session.run({"mailbox", "fetch", "--quiet"}), 0);
    EXPECT_EQ(session.script.calls.back(), "collect_mail") << "nothing to delete";
}

}  // namespace
}  // namespace sov::ctl
