#include "client/ctl/command_line.h"

#include <gtest/gtest.h>

namespace sov::ctl {
namespace {

using Words = std::vector<std::string>;

Invocation understood(const Words& words, bool interactive = false) {
    auto parsed = parse_command_line(words, interactive);
    if (auto* misuse = std::get_if<Misuse>(&parsed)) {
        ADD_FAILURE() << misuse->problem.what;
        return {};
    }
    return std::get<Invocation>(parsed);
}

Misuse refused(const Words& words, bool interactive = false) {
    auto parsed = parse_command_line(words, interactive);
    auto* misuse = std::get_if<Misuse>(&parsed);
    if (misuse == nullptr) {
        ADD_FAILURE() << "was accepted";
        return {};
    }
    EXPECT_EQ(misuse->problem.exit_code, 2);
    return *misuse;
}

TEST(CommandLine, options_may_stand_before_between_and_after_the_words) {
    for (const Words& words : {Words{"--json", "name", "claim", "bob", "--timeout", "5s"},
                               Words{"name", "--timeout", "5s", "claim", "--json", "bob"},
                               Words{"--timeout=5s", "name", "claim", "bob", "--json"}}) {
        const Invocation invocation = understood(words);
        ASSERT_NE(invocation.command, nullptr);
        EXPECT_EQ(invocation.command->path, "name claim");
        EXPECT_EQ(invocation.arguments, Words{"bob"});
        EXPECT_TRUE(invocation.json);
        EXPECT_EQ(invocation.timeout, std::chrono::seconds(5));
    }
}

TEST(CommandLine, a_value_that_reads_like_a_command_is_a_value) {
    const Invocation invocation = understood({"--socket", "status", "find", "name"});
    EXPECT_EQ(invocation.command->path, "find");
    EXPECT_EQ(invocation.socket, "status");
    EXPECT_EQ(invocation.arguments, Words{"name"});
}

TEST(CommandLine, json_does_not_swallow_the_next_word) {
    const Invocation invocation = understood({"--json", "status"});
    EXPECT_TRUE(invocation.json);
    EXPECT_EQ(invocation.command->path, "status");
}

TEST(CommandLine, a_schema_may_be_named_and_must_be_known) {
    EXPECT_TRUE(understood({"status", "--json=status/1"}).json);
    EXPECT_TRUE(understood({"name", "list", "--json=sovctl.name.list/1"}).json);
    const Misuse misuse = refused({"status", "--json=status/2"});
    EXPECT_TRUE(misuse.json);
    EXPECT_EQ(misuse.problem.what, "--json: this sovctl writes sovctl.status/1, not status/2");
}

TEST(CommandLine, unknown_commands_get_the_nearest_one) {
    EXPECT_EQ(refused({"fnd", "bob"}).problem.what,
              "there is no command \"fnd\"; did you mean \"find\"?");
    EXPECT_EQ(refused({"name", "calim"}).problem.what,
              "there is no command \"name calim\"; did you mean \"name claim\"?");
    EXPECT_EQ(refused({"zzzzzzzz"}).problem.what, "there is no command \"zzzzzzzz\"");
    EXPECT_EQ(refused({"name"}).problem.what,
              "\"name\" needs one of: claim, release, list, forget");
}

TEST(CommandLine, unknown_options_get_the_nearest_one) {
    EXPECT_EQ(refused({"find", "bob", "--trce"}).problem.what,
              "\"sovctl find\" has no option --trce; did you mean --trace?");
    // Of another command: known somewhere is not known here.
    refused({"status", "--trace"});
}

TEST(CommandLine, a_unique_prefix_works_at_a_terminal_only) {
    EXPECT_EQ(understood({"statu"}, true).command->path, "status");
    EXPECT_EQ(understood({"na", "cl", "bob"}, true).command->path, "name claim");
    refused({"statu"}, false);
    EXPECT_EQ(refused({"c"}, true).problem.what,
              "\"c\" could be content, connect, connections, config, completion");
    // Options are never guessed, not even there.
    refused({"find", "bob", "--tra"}, true);
}

TEST(CommandLine, arguments_are_counted) {
    EXPECT_EQ(refused({"find"}).problem.what,
              "NAME|ID is missing: sovctl find NAME|ID [--trace] [--level LEVEL]");
    EXPECT_EQ(refused({"status", "now"}).problem.what,
              "\"now\" is one argument too many: sovctl status [--strict] [--counters]");
    EXPECT_EQ(understood({"log", "level", "dht=debug", "api=info"}).arguments.size(), 2U);
    EXPECT_TRUE(understood({"config", "check"}).arguments.empty());
}

TEST(CommandLine, what_has_a_fixed_choice_is_checked) {
    refused({"completion", "tcsh"});
    refused({"layer", "on", "gossip"});
    EXPECT_EQ(refused({"peers", "--sort", "name"}).problem.what,
              "--sort: \"name\" is none of rtt, seen, age, address");
    refused({"status", "--color", "sometimes"});
    refused({"status", "--timeout", "soon"});
    refused({"status", "--json", "--field", "verdict"});
}

TEST(CommandLine, values_are_needed_and_dashes_alone_are_an_argument) {
    refused({"status", "--socket"});
    EXPECT_EQ(understood({"dht", "put", "-", "--key", "name:bob"}).arguments, Words{"-"});
    EXPECT_EQ(understood({"find", "--", "--trace"}).arguments, Words{"--trace"});
}

TEST(CommandLine, help_is_understood_everywhere) {
    EXPECT_TRUE(understood({"--help"}).help);
    EXPECT_TRUE(understood({"find", "-h"}).help);
    const Invocation group = understood({"name", "--help"});
    EXPECT_EQ(group.command->path, "help");
    EXPECT_EQ(group.arguments, Words{"name"});
    EXPECT_EQ(understood({"--version"}).command->path, "version");
}

TEST(CommandLine, a_refusal_knows_that_json_was_wanted) {
    EXPECT_TRUE(refused({"fnd", "--json"}).json);
    EXPECT_FALSE(refused({"fnd", "--", "--json"}).json);
    EXPECT_EQ(refused({"fnd", "--color=never"}).color, ColorMode::kNever);
}

}  // namespace
}  // namespace sov::ctl
