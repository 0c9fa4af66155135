#include "client/ctl/command_table.h"

#include <gtest/gtest.h>
#include <set>

#include "client/ctl/command_line.h"
#include "client/ctl/help.h"
#include "tests/unit/client/ctl/runnable_hint.h"

namespace sov::ctl {
namespace {

TEST(CommandTable, every_command_is_complete) {
    std::set<std::string_view> paths;
    for (const Command& command : commands()) {
        SCOPED_TRACE(command.path);
        EXPECT_TRUE(paths.insert(command.path).second);
        EXPECT_NE(command.run, nullptr);
        EXPECT_FALSE(command.summary.empty());
        EXPECT_FALSE(command.summary.ends_with('.'));
        EXPECT_TRUE(command.text.ends_with('.'));
        for (const OptionSpec& option : command.options()) EXPECT_FALSE(option.summary.empty());
        for (const ArgumentSpec& argument : command.arguments())
            EXPECT_FALSE(argument.summary.empty());
    }
}

TEST(CommandTable, every_example_is_accepted) {
    for (const Command& command : commands()) {
        std::set<std::string_view> different;
        for (const std::string_view example : command.examples) {
            EXPECT_TRUE(example.starts_with("sovctl " + std::string(command.path))) << example;
            EXPECT_EQ(test::refusal_of(example), "") << example;
            different.insert(example);
        }
        EXPECT_EQ(different.size(), 2U) << command.path;
    }
}

TEST(CommandTable, exit_codes_are_those_of_the_contract) {
    for (const Command& command : commands()) {
        for (const int code : exit_codes_of(command)) {
            EXPECT_TRUE(std::any_of(exit_codes().begin(), exit_codes().end(),
                                    [&](const ExitCode& exit) { return exit.code == code; }))
                << command.path << ' ' << code;
        }
    }
    EXPECT_EQ(exit_word(3), "not_running");
    EXPECT_EQ(exit_word(99), "failed");
}

TEST(CommandTable, no_option_hides_a_global_one) {
    for (const Command& command : commands()) {
        for (const OptionSpec& option : command.options()) {
            for (const OptionSpec& global : global_options()) {
                EXPECT_NE(option.name, global.name) << command.path;
                EXPECT_FALSE(option.letter != 0 && option.letter == global.letter) << command.path;
            }
        }
    }
}

TEST(CommandTable, schemas_follow_the_words) {
    EXPECT_EQ(command_named("name claim")->schema(), "sovctl.name.claim");
    EXPECT_EQ(command_named("no such"), nullptr);
}

}  // namespace
}  // namespace sov::ctl
