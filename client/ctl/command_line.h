#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "client/ctl/command_table.h"
#include "client/ctl/output.h"
#include "client/ctl/problem.h"

namespace sov::ctl {

/// What somebody asked for, checked against the table.
struct Invocation {
    const Command* command = nullptr;  ///< null: help in general, or `version_only`
    std::vector<std::string> arguments;
    std::map<std::string, std::string, std::less<>>
        options;  ///< a switch that is on has an empty value

    std::string socket;  ///< empty: the default
    bool json = false;
    std::string field;
    ColorMode color = ColorMode::kAuto;
    std::optional<std::chrono::milliseconds> timeout;
    bool quiet = false, verbose = false, help = false;

    bool has(std::string_view option) const { return options.find(option) != options.end(); }
    /// Empty when the option was not given.
    std::string_view value(std::string_view option) const;
};

/// A command line that can't be run; `json` says how the refusal must be written.
struct Misuse {
    Problem problem;
    const Command* command = nullptr;  ///< as far as it was recognised
    bool json = false;
    ColorMode color = ColorMode::kAuto;
};

/// `words` are the program's arguments without its name. `interactive` allows prefixes of command
/// words that fit one command only: scripts must not depend on them, since a new command would
/// break them.
std::variant<Invocation, Misuse> parse_command_line(std::span<const std::string> words,
                                                    bool interactive);

}  // namespace sov::ctl
