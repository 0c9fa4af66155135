#include "client/ctl/child_process.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <csignal>

namespace sov::ctl {
namespace {

using namespace std::chrono_literals;

ChildWish wish_of(const std::string& script, std::string input = {}) {
    return {{"sh", "-c", script}, {}, std::move(input), 1 << 20, 60s};
}

TEST(ChildProcess, is_given_its_input_and_environment_and_says_its_output) {
    ChildWish wish = wish_of("cat; printf ' for %s' \"$SOV_PEER\"; exit 3", "asked");
    wish.environment = {"SOV_PEER=sov1bob"};
    const auto outcome = run_child(wish, {});
    EXPECT_EQ(outcome.end, ChildEnd::kEnded);
    EXPECT_EQ(outcome.exit_code, 3);
    EXPECT_EQ(outcome.output, "asked for sov1bob");
}

TEST(ChildProcess, may_leave_an_input_unread_that_no_pipe_holds) {
    std::signal(SIGPIPE, SIG_IGN);  // as the program does
    const auto outcome = run_child(wish_of("echo done", std::string(1 << 20, 'x')), {});
    EXPECT_EQ(outcome.exit_code, 0);
    EXPECT_EQ(outcome.output, "done\n");
    const std::string large(1 << 19, 'y');
    EXPECT_EQ(run_child(wish_of("cat", large), {}).output, large);
}

TEST(ChildProcess, is_ended_with_its_group_when_it_says_too_much_or_takes_too_long) {
    ChildWish wish = wish_of("yes");
    wish.output_most = 10'000;
    EXPECT_EQ(run_child(wish, {}).end, ChildEnd::kTooLong);
    ChildWish slow = wish_of("sleep 1000 & wait");
    slow.time = 50ms;
    const auto outcome = run_child(slow, {});
    EXPECT_EQ(outcome.end, ChildEnd::kTimedOut);
    EXPECT_EQ(outcome.exit_code, 128 + SIGTERM);
}

TEST(ChildProcess, that_is_deaf_to_polite_words_is_killed) {
    ChildWish wish = wish_of("trap '' TERM; echo ready; while :; do sleep 0.01; done");
    wish.time = 200ms;
    const auto outcome = run_child(wish, {});
    EXPECT_EQ(outcome.end, ChildEnd::kTimedOut);
    EXPECT_EQ(outcome.exit_code, 128 + SIGKILL);
}

TEST(ChildProcess, stops_when_asked_to) {
    std::stop_source stop;
    stop.request_stop();
    EXPECT_EQ(run_child(wish_of("sleep 1000"), stop.get_token()).end, ChildEnd::kStopped);
}

TEST(ChildProcess, that_does_not_exist_is_said) {
    ChildWish wish = wish_of("");
    wish.words = {"/nonexistent/program"};
    const auto outcome = run_child(wish, {});
    EXPECT_EQ(outcome.end, ChildEnd::kNotStarted);
    EXPECT_EQ(outcome.exit_code, ENOENT);
}

}  // namespace
}  // namespace sov::ctl
