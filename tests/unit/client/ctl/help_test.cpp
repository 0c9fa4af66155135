#include "client/ctl/help.h"

#include <gtest/gtest.h>

#include "tests/unit/client/ctl/terminal_session.h"

namespace sov::ctl {
namespace {

using test::TerminalSession;

std::size_t widest_line(const std::string& text) {
    std::size_t widest = 0;
    std::size_t begin = 0;
    while (begin < text.size()) {
        const std::size_t end = std::min(text.find('\n', begin), text.size());
        widest = std::max(widest, visible_width(text.substr(begin, end - begin)));
        begin = end + 1;
    }
    return widest;
}

TEST(Help, the_overview_names_every_command_and_fits_eighty_columns) {
    TerminalSession session;
    session.terminal = {.is_tty = true, .color = false, .utf8 = true, .columns = 80};
    EXPECT_EQ(session.run({"help"}), 0);
    for (const Command& command : commands()) {
        EXPECT_NE(session.out.find("  " + std::string(command.path)), std::string::npos)
            << command.path;
    }
    EXPECT_LE(widest_line(session.out), 80U);
    EXPECT_EQ(session.err, "");
}

TEST(Help, each_command_shows_synopsis_options_examples_and_exit_codes) {
    TerminalSession session;
    for (const Command& command : commands()) {
        SCOPED_TRACE(command.path);
        EXPECT_EQ(session.run({"help", std::string(command.path.substr(0, command.path.find(' '))),
                               command.path.find(' ') == std::string_view::npos
                                   ? "--color=never"
                                   : std::string(command.path.substr(command.path.find(' ') + 1))}),
                  0);
        EXPECT_TRUE(session.out.starts_with(command.synopsis() + '\n'));
        for (const OptionSpec& option : command.options()) {
            EXPECT_NE(session.out.find(option_label(option)), std::string::npos);
        }
        for (const std::string_view example : command.examples) {
            EXPECT_NE(session.out.find(std::string(example) + '\n'), std::string::npos);
        }
        EXPECT_NE(session.out.find("\n  141  "), std::string::npos);
        EXPECT_EQ(session.out.find("    3  ") != std::string::npos, command.asks_daemon);
    }
}

TEST(Help, the_flag_and_the_word_say_the_same) {
    TerminalSession session;
    session.run({"help", "find"});
    const std::string by_word = session.out;
    EXPECT_EQ(session.run({"find", "--help"}), 0);
    EXPECT_EQ(session.out, by_word);
    session.run({"help", "name"});
    const std::string group = session.out;
    session.run({"name", "--help"});
    EXPECT_EQ(session.out, group);
    EXPECT_NE(group.find("name forget NAME"), std::string::npos);
}

TEST(Help, no_command_at_all_is_misuse_with_an_overview) {
    TerminalSession session;
    EXPECT_EQ(session.run({}), 2);
    EXPECT_EQ(session.out, "");
    EXPECT_NE(session.err.find("Begin with: sovctl status"), std::string::npos);
}

TEST(Help, json_holds_the_table) {
    TerminalSession session;
    EXPECT_EQ(session.run({"help", "find", "--json"}), 0);
    EXPECT_TRUE(session.out.starts_with(
        R"({"schema":"sovctl.help/1","ok":true,"data":{"commands":[{"command":"find",)"));
    EXPECT_EQ(session.run({"help", "nonsense", "--json"}), 2);
    EXPECT_NE(session.out.find(R"("name":"usage")"), std::string::npos);
}

TEST(Help, the_manual_page_names_every_command_option_and_exit_code) {
    const std::string page = manual_page();
    for (const Command& command : commands()) {
        std::string path(command.path);
        if (const auto dash = path.find('-'); dash != std::string::npos) path.insert(dash, "\\");
        EXPECT_NE(page.find(".SS " + path), std::string::npos) << path;
    }
    for (const ExitCode& exit : exit_codes()) {
        EXPECT_NE(page.find(".B " + std::to_string(exit.code) + '\n'), std::string::npos);
    }
    // A dash in roff is a hyphen, which can't be pasted into a shell.
    EXPECT_EQ(page.find("\n.B --"), std::string::npos);
    EXPECT_NE(page.find(".B \\-\\-json"), std::string::npos);
}

}  // namespace
}  // namespace sov::ctl
