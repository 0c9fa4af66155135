#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>

// The one table of what sovctl can do. Parsing, help, the man page and shell completion are all
// made from it, so they can't disagree.

namespace sov::ctl {

class Errand;

/// What a shell offers where a value is expected.
enum class Completes : unsigned char { kNothing, kFile, kKnownName, kOwnName, kFriend, kWords };

struct OptionSpec {
    std::string_view name;        ///< without dashes
    char letter = 0;              ///< short form; 0: none
    std::string_view value = {};  ///< placeholder of its value; empty: a switch
    std::string_view summary = {};
    std::string_view words = {};  ///< the values it accepts, separated by spaces; empty: any
    bool value_optional = false;  ///< may be given bare; a value then needs '='
};

struct ArgumentSpec {
    std::string_view name;  ///< placeholder
    std::string_view summary = {};
    Completes completes = Completes::kNothing;
    std::string_view words = {};  ///< with kWords
    bool optional = false;
    bool repeats = false;
};

/// Where a command stands in help.
enum class Section : unsigned char { kLook, kFind, kConnect, kOperate };

struct Command {
    std::string_view path;  ///< its words, as in "name claim"
    Section section{};
    std::string_view summary;  ///< one line, no full stop
    std::string_view text;     ///< what it does and how to read its answer
    std::array<ArgumentSpec, 3> argument_slots = {};
    std::array<OptionSpec, 5> option_slots = {};
    std::array<std::string_view, 2> examples = {};
    std::array<int, 8> exit_codes =
        {};  ///< besides 0, 2 and, for commands of the daemon, 3, 4 and 6
    bool asks_daemon = true;
    int (*run)(Errand&) = nullptr;

    std::span<const ArgumentSpec> arguments() const;
    std::span<const OptionSpec> options() const;
    /// "sovctl.name.claim": with "/1" behind it, the schema of its JSON.
    std::string schema() const;
    /// "sovctl find NAME|ID [--trace]"
    std::string synopsis() const;
};

std::span<const Command> commands();

/// Options that every command takes.
std::span<const OptionSpec> global_options();

const Command* command_named(std::string_view path);

struct ExitCode {
    int code;
    std::string_view word;  ///< the `name` of JSON errors that have no better one
    std::string_view meaning;
};

/// The contract with scripts: numbers are never reused for something else.
std::span<const ExitCode> exit_codes();
std::string_view exit_word(int code);

}  // namespace sov::ctl
