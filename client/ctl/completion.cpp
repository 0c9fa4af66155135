#include "client/ctl/completion.h"

#include <algorithm>
#include <vector>

#include "client/ctl/command_table.h"
#include "client/ctl/phrases.h"

namespace sov::ctl {
namespace {

constexpr std::string_view kAskNames = "sovctl --timeout 300ms --quiet name list 2>/dev/null";
constexpr std::string_view kAskFriends = "sovctl --timeout 300ms --quiet friend list 2>/dev/null";

std::vector<std::string_view> first_words() {
    std::vector<std::string_view> words;
    for (const Command& command : commands()) {
        const std::string_view word = command.path.substr(0, command.path.find(' '));
        if (words.empty() || words.back() != word) words.push_back(word);
    }
    return words;
}

std::vector<std::string_view> second_words(std::string_view first) {
    std::vector<std::string_view> words;
    for (const Command& command : commands()) {
        if (command.path.starts_with(std::string(first) + ' ')) {
            words.push_back(command.path.substr(first.size() + 1));
        }
    }
    return words;
}

template <typename Texts>
std::string spaced(const Texts& texts) {
    std::string out;
    for (const auto& text : texts) {
        if (!out.empty()) out += ' ';
        out += text;
    }
    return out;
}

std::string option_words(std::span<const OptionSpec> options) {
    std::string out;
    for (const OptionSpec& option : options) {
        if (!out.empty()) out += ' ';
        out += "--" + std::string(option.name);
    }
    return out;
}

/// The words of "help COMMAND" are the commands themselves.
std::string argument_words(const Command& command) {
    if (command.path == "help") return spaced(first_words());
    return command.arguments().empty() ? std::string()
                                       : std::string(command.arguments().front().words);
}

/// What bash and zsh (through bashcompinit's compgen syntax) run for a command's argument.
std::string bash_argument(const Command& command) {
    if (command.arguments().empty()) return ":";
    switch (command.arguments().front().completes) {
        case Completes::kNothing: return ":";
        case Completes::kFile: return "COMPREPLY=($(compgen -f -- \"$cur\"))";
        case Completes::kKnownName:
        case Completes::kOwnName:
            return "COMPREPLY=($(compgen -W \"$(" + std::string(kAskNames) + ")\" -- \"$cur\"))";
        case Completes::kFriend:
            return "COMPREPLY=($(compgen -W \"$(" + std::string(kAskFriends) + ")\" -- \"$cur\"))";
        case Completes::kWords:
            return "COMPREPLY=($(compgen -W \"" + argument_words(command) + "\" -- \"$cur\"))";
    }
    return ":";
}

/// Cases of the word before: values of options with a fixed choice, files for paths.
std::string bash_option_values() {
    std::string out;
    const auto add = [&](const OptionSpec& option) {
        if (option.value.empty() || option.value_optional) return;
        const std::string label = "        --" + std::string(option.name) + ") ";
        if (out.find(label) != std::string::npos) return;
        if (!option.words.empty()) {
            out += label + "COMPREPLY=($(compgen -W \"" + std::string(option.words) +
                   "\" -- \"$cur\")); return ;;\n";
        } else if (option.value == "PATH" || option.value == "FILE") {
            out += label + "COMPREPLY=($(compgen -f -- \"$cur\")); return ;;\n";
        } else {
            out += label + "return ;;\n";
        }
    };
    for (const OptionSpec& option : global_options()) add(option);
    for (const Command& command : commands()) {
        for (const OptionSpec& option : command.options()) add(option);
    }
    return out;
}

std::string options_with_values() {
    std::string out;
    const auto add = [&](const OptionSpec& option) {
        if (!option.value.empty() && !option.value_optional) {
            out += (out.empty() ? "--" : "|--") + std::string(option.name);
        }
    };
    for (const OptionSpec& option : global_options()) add(option);
    for (const Command& command : commands()) {
        for (const OptionSpec& option : command.options()) add(option);
    }
    return out;
}

std::string bash_cases() {
    std::string out;
    for (const Command& command : commands()) {
        out += "        \"" + std::string(command.path) + "\") options=\"" +
               option_words(command.options()) + "\"; [[ $cur == -* ]] || " +
               bash_argument(command) + " ;;\n";
    }
    for (const std::string_view first : first_words()) {
        const auto seconds = second_words(first);
        if (!seconds.empty()) {
            out += "        \"" + std::string(first) + "\") COMPREPLY=($(compgen -W \"" +
                   spaced(seconds) + "\" -- \"$cur\")) ;;\n";
        }
    }
    out += "        \"\") COMPREPLY=($(compgen -W \"" + spaced(first_words()) +
           "\" -- \"$cur\")) ;;\n";
    return out;
}

std::string groups() {
    std::string out;
    for (const std::string_view first : first_words()) {
        if (!second_words(first).empty()) out += (out.empty() ? "" : "|") + std::string(first);
    }
    return out;
}

/// The function that bash uses and zsh too, after its own emulation is loaded.
std::string bash_function() {
    return "_sovctl() {\n"
           "    local cur=\"${COMP_WORDS[COMP_CWORD]}\" prev=\"${COMP_WORDS[COMP_CWORD-1]}\"\n"
           "    local path=\"\" options=\"\" word index count=0 limit=1\n"
           "    COMPREPLY=()\n"
           "    case \"$prev\" in\n" +
           bash_option_values() +
           "    esac\n"
           "    for ((index = 1; index < COMP_CWORD; index++)); do\n"
           "        word=\"${COMP_WORDS[index]}\"\n"
           "        case \"$word\" in\n"
           "        " +
           options_with_values() +
           ") ((index++)) ;;\n"
           "        -*) ;;\n"
           "        *)\n"
           "            if ((count < limit)); then\n"
           "                path=\"${path:+$path }$word\"\n"
           "                ((count++))\n"
           "                case \"$path\" in " +
           groups() +
           ") limit=2 ;; esac\n"
           "            fi ;;\n"
           "        esac\n"
           "    done\n"
           "    case \"$path\" in\n" +
           bash_cases() +
           "    esac\n"
           "    if [[ $cur == -* ]]; then\n"
           "        COMPREPLY=($(compgen -W \"$options " +
           option_words(global_options()) +
           "\" -- \"$cur\"))\n"
           "    fi\n"
           "}\n";
}

std::string fish_quoted(std::string_view text) {
    std::string out = "'";
    for (const char symbol : text) {
        if (symbol == '\'' || symbol == '\\') out += '\\';
        out += symbol;
    }
    return out + '\'';
}

std::string fish_option(const std::string& condition, const OptionSpec& option) {
    std::string line =
        "complete -c sovctl -n " + fish_quoted(condition) + " -l " + std::string(option.name);
    if (option.letter != 0) line += std::string(" -s ") + option.letter;
    if (!option.words.empty()) {
        line += " -x -a " + fish_quoted(option.words);
    } else if (option.value == "PATH" || option.value == "FILE") {
        line += " -r -F";
    } else if (!option.value.empty() && !option.value_optional) {
        line += " -x";
    }
    return line + " -d " + fish_quoted(option.summary) + '\n';
}

std::string fish_argument(const std::string& condition, const Command& command) {
    if (command.arguments().empty()) return {};
    const std::string line = "complete -c sovctl -n " + fish_quoted(condition);
    switch (command.arguments().front().completes) {
        case Completes::kNothing: return {};
        case Completes::kFile: return line + " -F\n";
        case Completes::kKnownName:
        case Completes::kOwnName:
            return line + " -a " + fish_quoted('(' + std::string(kAskNames) + ')') + '\n';
        case Completes::kFriend:
            return line + " -a " + fish_quoted('(' + std::string(kAskFriends) + ')') + '\n';
        case Completes::kWords: return line + " -a " + fish_quoted(argument_words(command)) + '\n';
    }
    return {};
}

std::string fish_script() {
    std::string out = "complete -c sovctl -f\n";
    for (const OptionSpec& option : global_options()) out += fish_option("true", option);
    const std::string all_first = spaced(first_words());
    for (const std::string_view first : first_words()) {
        const auto seconds = second_words(first);
        const Command* command = command_named(first);
        const std::string summary =
            command != nullptr ? std::string(command->summary) : spaced(seconds);
        out += "complete -c sovctl -n '__fish_use_subcommand' -a " + fish_quoted(first) + " -d " +
               fish_quoted(summary) + '\n';
    }
    for (const Command& command : commands()) {
        const std::size_t space = command.path.find(' ');
        const std::string first(command.path.substr(0, space));
        std::string condition = "__fish_seen_subcommand_from " + first;
        if (space != std::string_view::npos) {
            const std::string second(command.path.substr(space + 1));
            out += "complete -c sovctl -n " +
                   fish_quoted(condition + "; and not __fish_seen_subcommand_from " +
                               spaced(second_words(first))) +
                   " -a " + fish_quoted(second) + " -d " + fish_quoted(command.summary) + '\n';
            condition += "; and __fish_seen_subcommand_from " + second;
        }
        for (const OptionSpec& option : command.options()) out += fish_option(condition, option);
        out += fish_argument(condition, command);
    }
    return out;
}

}  // namespace

std::optional<std::string> completion_script(std::string_view shell) {
    if (shell == "bash") return bash_function() + "complete -F _sovctl sovctl\n";
    if (shell == "zsh") {
        return "#compdef sovctl\nautoload -Uz bashcompinit\nbashcompinit\n" + bash_function() +
               "complete -F _sovctl sovctl\n";
    }
    if (shell == "fish") return fish_script();
    return std::nullopt;
}

}  // namespace sov::ctl
