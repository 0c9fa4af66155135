#include "client/ctl/completion.h"

#include <gtest/gtest.h>

#include "client/ctl/command_table.h"
#include "client/ctl/machine.h"

namespace sov::ctl {
namespace {

/// What bash offers after these words, the last of which is being typed.
std::string offered_by_bash(const std::string& words) {
    const std::string line =
        completion_script("bash").value() +
        "\nsovctl() { printf 'bob\\nbob.laptop\\n'; }"
        "\nCOMP_WORDS=(sovctl " +
        words + "); COMP_CWORD=$((${#COMP_WORDS[@]}-1)); _sovctl; echo \"${COMPREPLY[*]}\"";
    const auto outcome = this_machine().run_program({"bash", "--norc", "-c", line});
    EXPECT_TRUE(outcome.has_value());
    return outcome ? outcome->output : std::string();
}

TEST(Completion, every_shell_covers_every_command_and_option) {
    for (const char* shell : {"bash", "zsh", "fish"}) {
        SCOPED_TRACE(shell);
        const std::string script = completion_script(shell).value_or("");
        for (const Command& command : commands()) {
            const std::string last(command.path.substr(command.path.rfind(' ') + 1));
            EXPECT_NE(script.find(last), std::string::npos) << command.path;
            for (const OptionSpec& option : command.options()) {
                const std::string flag =
                    (script.find("complete -c") == 0 ? "-l " : "--") + std::string(option.name);
                EXPECT_NE(script.find(flag), std::string::npos) << command.path << ' ' << flag;
            }
        }
    }
    EXPECT_FALSE(completion_script("tcsh").has_value());
}

TEST(Completion, bash_offers_commands_groups_options_and_values) {
    EXPECT_EQ(offered_by_bash("sta"), "status stats\n");
    EXPECT_EQ(offered_by_bash("name cl"), "claim\n");
    EXPECT_EQ(offered_by_bash("--json name f"), "forget\n");
    EXPECT_EQ(offered_by_bash("find bob --tr"), "--trace\n");
    EXPECT_EQ(offered_by_bash("peers --sort r"), "rtt\n");
    EXPECT_EQ(offered_by_bash("status --color n"), "never\n");
    EXPECT_EQ(offered_by_bash("layer on d"), "dht\n");
    EXPECT_EQ(offered_by_bash("layer off m"), "mdns\n");
    EXPECT_EQ(offered_by_bash("browse --f"), "--follow --field\n");
    EXPECT_EQ(offered_by_bash("friend l"), "list\n");
    EXPECT_EQ(offered_by_bash("completion f"), "fish\n");
    EXPECT_EQ(offered_by_bash("--socket /x status --st"), "--strict\n");
}

TEST(Completion, bash_asks_the_daemon_for_names) {
    EXPECT_EQ(offered_by_bash("find b"), "bob bob.laptop\n");
    EXPECT_EQ(offered_by_bash("name release bob.l"), "bob.laptop\n");
    EXPECT_EQ(offered_by_bash("friend remove b"), "bob bob.laptop\n") << "the list of friends";
}

TEST(Completion, no_shell_code_is_malformed) {
    const auto outcome =
        this_machine().run_program({"bash", "-n", "-c", completion_script("bash").value()});
    ASSERT_TRUE(outcome.has_value());
    EXPECT_EQ(outcome->exit_code, 0) << outcome->output;
}

}  // namespace
}  // namespace sov::ctl
