#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <string>

#include "tests/unit/client/ctl/terminal_session.h"

namespace sov::ctl {
namespace {

using test::kBob;
using test::kEve;
using test::TerminalSession;

/// A session whose standard input has these bytes and ends.
struct TypedSession : TerminalSession {
    explicit TypedSession(const std::string& typed) {
        std::array<int, 2> ends{};
        EXPECT_EQ(pipe(ends.data()), 0);
        EXPECT_EQ(write(ends[1], typed.data(), typed.size()), static_cast<ssize_t>(typed.size()));
        close(ends[1]);
        standard_input = ends[0];
    }
    ~TypedSession() { close(standard_input); }
};

}  // namespace

TEST(IdentityVerbs, export_what_the_daemon_sealed_into_a_file_that_is_not_there_yet) {
    TypedSession session("correct horse\nrest of the input\n");
    session.script.exported = client::ExportedIdentity{"sealed text\n", {kBob, "k7f3q2"}};
    EXPECT_EQ(session.run({"identity", "export", "bob.sovereign"}), 0) << session.err;
    EXPECT_EQ(session.files["bob.sovereign"], "sealed text\n");
    EXPECT_NE(session.out.find(kBob), std::string::npos);
    EXPECT_EQ(session.out.find("correct horse"), std::string::npos);

    TypedSession again("correct horse\n");
    again.script.exported = client::ExportedIdentity{"another\n", {kBob, ""}};
    again.files["bob.sovereign"] = "sealed text\n";
    EXPECT_EQ(again.run({"identity", "export", "bob.sovereign"}), 8);
    EXPECT_EQ(again.files["bob.sovereign"], "sealed text\n");
    EXPECT_NE(again.err.find("--force"), std::string::npos) << again.err;
}

TEST(IdentityVerbs, replace_a_file_when_told_so) {
    TypedSession session("correct horse\n");
    session.script.exported = client::ExportedIdentity{"another\n", {kBob, ""}};
    session.files["bob.sovereign"] = "sealed text\n";
    EXPECT_EQ(session.run({"identity", "export", "bob.sovereign", "--force"}), 0) << session.err;
    EXPECT_EQ(session.files["bob.sovereign"], "another\n");
}

TEST(IdentityVerbs, take_no_passphrase_that_is_missing_short_or_endless) {
    for (const std::string& typed :
         {std::string(), std::string("seven77\n"), std::string(1025, 'x') + "\n"}) {
        TypedSession session(typed);
        EXPECT_EQ(session.run({"identity", "export", "bob.sovereign"}), 2) << typed.size();
        EXPECT_TRUE(session.files.empty());
    }
}

TEST(IdentityVerbs, import_and_verify_hand_over_the_file_and_its_passphrase) {
    TypedSession session("correct horse\n");
    session.files["bob.sovereign"] = "sealed text";
    session.script.imported = client::ImportedIdentity{{kBob, ""}, false, "/var/lib/old", 0};
    EXPECT_EQ(session.run({"identity", "import", "bob.sovereign"}), 0) << session.err;
    EXPECT_NE(session.out.find("systemctl restart sovereignd"), std::string::npos) << session.out;
    EXPECT_NE(session.out.find("/var/lib/old"), std::string::npos);

    TypedSession verifying("correct horse\n");
    verifying.files["bob.sovereign"] = "sealed text";
    verifying.script.imported = client::ImportedIdentity{{kBob, ""}, false, "", 0};
    EXPECT_EQ(verifying.run({"identity", "verify", "bob.sovereign", "--json"}), 0);
    EXPECT_NE(verifying.out.find("\"same\":false"), std::string::npos) << verifying.out;

    TypedSession missing("correct horse\n");
    EXPECT_EQ(missing.run({"identity", "import", "nowhere"}), 1);
}

TEST(IdentityVerbs, show_older_keys_and_another_machine) {
    TerminalSession session;
    client::Identity identity;
    identity.peer = {kBob, "k7f3q2"};
    identity.hand_overs = {{{kEve, ""}, {kBob, ""}, 5, false}};
    identity.elsewhere =
        client::IdentityElsewhere{std::chrono::minutes(3), 2, {"192.0.2.1:6881"}, {}};
    session.script.identity = identity;
    EXPECT_EQ(session.run({"identity", "show"}), 0) << session.err;
    EXPECT_NE(session.out.find("before    " + kEve), std::string::npos) << session.out;
    EXPECT_NE(session.out.find("kept by 5 nodes"), std::string::npos) << session.out;
    EXPECT_NE(session.out.find("192.0.2.1:6881, seen 3 min ago"), std::string::npos) << session.out;
    EXPECT_NE(session.out.find("sovctl identity rotate"), std::string::npos) << session.out;
}

TEST(IdentityVerbs, rotate_says_what_is_left_to_do) {
    TerminalSession session;
    session.script.rotated = client::RotatedIdentity{{kEve, ""}, {kBob, ""}, "/var/lib/old"};
    EXPECT_EQ(session.run({"identity", "rotate"}), 0) << session.err;
    EXPECT_NE(session.out.find("you are still " + kEve), std::string::npos) << session.out;
    EXPECT_NE(session.out.find("restart sovereignd"), std::string::npos);
    EXPECT_NE(session.out.find("identity export"), std::string::npos);
}

}  // namespace sov::ctl
