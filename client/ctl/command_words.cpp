#include "client/ctl/command_table.h"

// What all commands share: options, exit codes, and how a command is written.

namespace sov::ctl {
namespace {

constexpr OptionSpec kGlobalOptions[] = {
    {.name = "socket",
     .value = "PATH",
     .summary = "of the daemon; default $SOVEREIGN_SOCKET or /run/sovereignd/api.sock"},
    {.name = "json",
     .value = "SCHEMA",
     .summary = "one JSON object on the output, also on failure; SCHEMA as in status/1",
     .value_optional = true},
    {.name = "field",
     .value = "PATH",
     .summary = "only this value of the JSON data, as in verdict"},
    {.name = "color",
     .value = "WHEN",
     .summary = "auto, always or never; auto obeys NO_COLOR",
     .words = "auto always never"},
    {.name = "timeout", .value = "DUR", .summary = "give up after this time, as in 500ms or 5s"},
    {.name = "quiet",
     .letter = 'q',
     .summary = "only the answer itself, or nothing but the exit code"},
    {.name = "verbose", .letter = 'v', .summary = "more about what is shown, and about errors"},
    {.name = "help", .letter = 'h', .summary = "help for the command"},
};

constexpr ExitCode kExitCodes[] = {
    {0, "ok", "done"},
    {1, "failed", "it was tried and failed"},
    {2, "usage", "unknown command or option, or a bad argument"},
    {3, "not_running", "the daemon does not run or can't be reached"},
    {4, "forbidden", "permission denied"},
    {5, "not_found", "no such peer, name, record, key or field"},
    {6, "timed_out", "no answer in time"},
    {7, "degraded", "works in part (status --strict, doctor)"},
    {8, "wrong_state", "the state forbids it: it exists already, or there is nobody to ask"},
    {9, "not_supported", "daemon and sovctl do not match, or a program is missing"},
    {10, "not_verified", "a signature, key, proof of work or sequence number does not verify"},
    {11, "over_quota", "a quota or limit was hit"},
    {78, "config_invalid", "the configuration is invalid"},
    {130, "cancelled", "interrupted"},
    {141, "reader_gone", "whoever read the output has gone"},
};

template <typename Spec>
std::span<const Spec> filled(std::span<const Spec> slots) {
    const auto end = std::find_if(slots.begin(), slots.end(),
                                  [](const Spec& spec) { return spec.name.empty(); });
    return slots.first(static_cast<std::size_t>(end - slots.begin()));
}

}  // namespace

std::span<const OptionSpec> global_options() { return kGlobalOptions; }
std::span<const ExitCode> exit_codes() { return kExitCodes; }

std::span<const ArgumentSpec> Command::arguments() const {
    return filled(std::span<const ArgumentSpec>(argument_slots));
}

std::span<const OptionSpec> Command::options() const {
    return filled(std::span<const OptionSpec>(option_slots));
}

std::string Command::schema() const {
    std::string name = "sovctl." + std::string(path);
    std::replace(name.begin(), name.end(), ' ', '.');
    return name;
}

std::string Command::synopsis() const {
    std::string line = "sovctl " + std::string(path);
    for (const ArgumentSpec& argument : arguments()) {
        std::string word(argument.name);
        if (argument.repeats) word += "...";
        line += argument.optional ? " [" + word + ']' : ' ' + word;
    }
    for (const OptionSpec& option : options()) {
        line += " [--" + std::string(option.name);
        if (!option.value.empty()) line += ' ' + std::string(option.value);
        line += ']';
    }
    return line;
}

const Command* command_named(std::string_view path) {
    const auto all = commands();
    const auto found = std::find_if(all.begin(), all.end(),
                                    [&](const Command& command) { return command.path == path; });
    return found == all.end() ? nullptr : &*found;
}

std::string_view exit_word(int code) {
    const auto* found = std::find_if(std::begin(kExitCodes), std::end(kExitCodes),
                                     [&](const ExitCode& exit) { return exit.code == code; });
    return found == std::end(kExitCodes) ? "failed" : found->word;
}

}  // namespace sov::ctl
