#pragma once

#include <chrono>
#include <cstdint>
#include <stop_token>
#include <string>
#include <vector>

namespace sov::ctl {

/// A command that is given an input and a bounded time, and whose output is wanted.
struct ChildWish {
    std::vector<std::string> words;
    std::vector<std::string> environment;  ///< "NAME=value", beside what we have
    std::string input;
    std::size_t output_most = 0;        ///< bytes; a command that writes more is ended
    std::chrono::milliseconds time{0};  ///< then it is ended
};

enum class ChildEnd : unsigned char { kEnded, kNotStarted, kTooLong, kTimedOut, kStopped };

struct ChildOutcome {
    ChildEnd end = ChildEnd::kEnded;
    int exit_code = 0;   ///< 128 + signal when one ended it; an errno for kNotStarted
    std::string output;  ///< what it wrote to its output; errors go where ours go
};

/// Runs it in a process group of its own and waits until its output and it have ended. Ending it
/// early is SIGTERM to the group and SIGKILL 300 ms later. Any thread.
ChildOutcome run_child(const ChildWish& wish, const std::stop_token& stop);

}  // namespace sov::ctl
