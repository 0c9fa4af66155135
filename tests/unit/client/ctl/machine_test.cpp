#include "client/ctl/machine.h"

#include <gtest/gtest.h>
#include <cerrno>
#include <cstdlib>
#include <filesystem>

#include "tests/support/temporary_folder.h"

namespace sov::ctl {
namespace {

TEST(Machine, a_program_gives_its_exit_code_and_both_streams_in_order) {
    const auto outcome =
        this_machine().run_program({"sh", "-c", "echo one; echo two >&2; echo three; exit 78"});
    ASSERT_TRUE(outcome.has_value());
    EXPECT_EQ(outcome->exit_code, 78);
    EXPECT_EQ(outcome->output, "one\ntwo\nthree\n");
}

TEST(Machine, a_program_that_a_signal_ends_counts_from_128) {
    const auto outcome = this_machine().run_program({"sh", "-c", "kill -TERM $$"});
    ASSERT_TRUE(outcome.has_value());
    EXPECT_EQ(outcome->exit_code, 128 + 15);
}

TEST(Machine, a_program_that_does_not_exist_is_no_outcome) {
    EXPECT_FALSE(this_machine().run_program({"/nonexistent/program"}).has_value());
}

TEST(Machine, files_are_read_up_to_a_limit_and_never_overwritten) {
    const support::TemporaryFolder temporary;
    const std::string& folder = temporary.path();
    const std::string file = folder + "/record";
    const Machine machine = this_machine();
    EXPECT_EQ(machine.create_file(file, std::string("a\0b", 3)), 0);
    EXPECT_EQ(machine.create_file(file, "other"), EEXIST);
    EXPECT_EQ(machine.create_private_file(folder + "/report", "x"), 0);
    EXPECT_EQ(machine.create_private_file(folder + "/report", "y"), EEXIST);
    EXPECT_EQ(std::filesystem::status(folder + "/report").permissions(),
              std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
    int error = 0;
    EXPECT_EQ(machine.read_file(file, 100, error), std::string("a\0b", 3));
    EXPECT_EQ(machine.read_file(file, 2, error), std::string("a\0", 2));
    EXPECT_FALSE(machine.read_file(folder + "/missing", 2, error).has_value());
    EXPECT_EQ(error, ENOENT);
}

}  // namespace
}  // namespace sov::ctl
