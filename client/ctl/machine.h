#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "client/ctl/child_process.h"
#include "client/ctl/output.h"
#include "client/ctl/problem.h"
#include "client/sovereign_client.h"

namespace sov::ctl {

/// A program that was run.
struct ProgramOutcome {
    int exit_code = 0;   ///< 128 + signal when one ended it
    std::string output;  ///< what it wrote to its output and its error stream, in order
};

/// Everything outside sovctl that it touches, so that a test can put something else in its place.
struct Machine {
    std::function<const char*(const char*)> environment;
    /// 1 and 2 as usual.
    std::function<Terminal(int descriptor, ColorMode)> terminal;
    std::function<Screen::Sink(int descriptor)> sink;
    std::function<client::Result<std::unique_ptr<client::Client>>(const client::ConnectOptions&)>
        connect;
    std::function<DaemonTraces()> daemon_traces;
    /// Empty when it can't be started.
    std::function<std::optional<ProgramOutcome>(const std::vector<std::string>& words)> run_program;
    /// Gives a command its input and waits for what it writes; from any thread.
    std::function<ChildOutcome(const ChildWish&, const std::stop_token&)> run_child;
    /// Reads at most `most` bytes; "-" is the standard input. An errno when that fails.
    std::function<std::optional<std::string>(const std::string& path, std::size_t most, int& error)>
        read_file;
    /// Hands a file of any size over in pieces, with how much of it that makes; false and an errno
    /// when that fails. A directory is none.
    using TakeChunk =
        std::function<void(std::string_view chunk, std::uint64_t done, std::uint64_t total)>;
    std::function<bool(const std::string& path, const TakeChunk& take, int& error)> read_chunks;
    /// Where bytes come from and go to that are the verb's matter itself.
    int standard_input = 0, standard_output = 1;
    /// Creates a file that must not exist yet. 0 or an errno.
    std::function<int(const std::string& path, std::string_view content)> create_file;
    /// The same for a file that only its owner may read.
    std::function<int(const std::string& path, std::string_view content)> create_private_file;
    /// The same in the place of whatever is there, whole or not at all.
    std::function<int(const std::string& path, std::string_view content)> replace_private_file;
};

/// The host we run on.
Machine this_machine();

}  // namespace sov::ctl
