#include "client/ctl/command_line.h"

#include <algorithm>
#include <boost/program_options/errors.hpp>
#include <boost/program_options/options_description.hpp>
#include <boost/program_options/parsers.hpp>
#include <boost/program_options/positional_options.hpp>

#include "client/ctl/phrases.h"

namespace sov::ctl {
namespace {

namespace po = boost::program_options;

constexpr const char* kPositional = "argument";

std::vector<std::string> words_of(std::string_view text) {
    std::vector<std::string> words;
    while (!text.empty()) {
        const std::size_t end = std::min(text.find(' '), text.size());
        if (end != 0) words.emplace_back(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return words;
}

/// Whether an option of any command takes the following word as its value.
bool takes_next_word(std::string_view word) {
    if (word.find('=') != std::string_view::npos) return false;
    const auto fits = [&](const OptionSpec& option) {
        if (option.value.empty() || option.value_optional) return false;
        return word == "--" + std::string(option.name) ||
               (option.letter != 0 && word == std::string{'-', option.letter});
    };
    const auto any_fits = [&](std::span<const OptionSpec> options) {
        return std::any_of(options.begin(), options.end(), fits);
    };
    return any_fits(global_options()) ||
           std::any_of(commands().begin(), commands().end(),
                       [&](const Command& command) { return any_fits(command.options()); });
}

/// Positions of the words that are neither options nor their values.
std::vector<std::size_t> plain_positions(std::span<const std::string> words) {
    std::vector<std::size_t> positions;
    for (std::size_t index = 0; index < words.size(); ++index) {
        const std::string& word = words[index];
        if (word == "--") break;
        if (word.size() > 1 && word.front() == '-') {
            if (takes_next_word(word)) ++index;
        } else {
            positions.push_back(index);
        }
    }
    return positions;
}

/// The first (or second, after `group`) words of all commands, each once.
std::vector<std::string> choices_after(std::string_view group) {
    std::vector<std::string> choices;
    for (const Command& command : commands()) {
        const auto parts = words_of(command.path);
        const bool inside = group.empty() || (parts.size() == 2 && parts[0] == group);
        if (!inside) continue;
        const std::string& choice = group.empty() ? parts[0] : parts[1];
        if (choices.empty() || choices.back() != choice) choices.push_back(choice);
    }
    return choices;
}

std::string nearest(std::string_view word, const std::vector<std::string>& choices) {
    std::string best;
    std::size_t best_distance = std::max<std::size_t>(word.size() / 2, 1) + 1;
    for (const std::string& choice : choices) {
        const std::size_t distance = choice.starts_with(word) ? 0 : edit_distance(word, choice);
        if (distance < best_distance) {
            best = choice;
            best_distance = distance;
        }
    }
    return best;
}

std::string joined(const std::vector<std::string>& words, std::string_view separator) {
    std::string text;
    for (const std::string& word : words) {
        if (!text.empty()) text += separator;
        text += word;
    }
    return text;
}

/// The choice that a word means; empty and a problem otherwise.
std::string chosen(const std::string& word, const std::vector<std::string>& choices,
                   const std::string& group, bool interactive, Problem& problem) {
    if (std::find(choices.begin(), choices.end(), word) != choices.end()) return word;
    std::vector<std::string> fitting;
    std::copy_if(choices.begin(), choices.end(), std::back_inserter(fitting),
                 [&](const std::string& choice) { return choice.starts_with(word); });
    if (interactive && fitting.size() == 1) return fitting.front();
    const std::string before = group.empty() ? "" : group + ' ';
    if (interactive && fitting.size() > 1) {
        problem = Problem::usage('"' + before + word + "\" could be " + joined(fitting, ", "));
        return {};
    }
    const std::string guess = nearest(word, choices);
    std::string what = "there is no command \"" + before + word + '"';
    if (!guess.empty()) what += "; did you mean \"" + before + guess + "\"?";
    problem =
        Problem::usage(what, {guess.empty() ? "sovctl help" : "sovctl help " + before + guess});
    return {};
}

/// The command that the words name, and how many of them do; null and a problem when none.
const Command* recognised(const std::vector<std::string>& words, bool interactive,
                          std::size_t& used, Problem& problem) {
    const std::string first = chosen(words.front(), choices_after(""), "", interactive, problem);
    if (first.empty()) return nullptr;
    used = 1;
    if (const Command* command = command_named(first); command != nullptr) return command;
    const auto seconds = choices_after(first);
    if (words.size() < 2) {
        problem = Problem::usage('"' + first + "\" needs one of: " + joined(seconds, ", "),
                                 {"sovctl help " + first});
        return nullptr;
    }
    const std::string second = chosen(words[1], seconds, first, interactive, problem);
    if (second.empty()) return nullptr;
    used = 2;
    return command_named(first + ' ' + second);
}

void describe(std::span<const OptionSpec> specs, po::options_description& description) {
    for (const OptionSpec& spec : specs) {
        std::string name(spec.name);
        if (spec.letter != 0) name += std::string{',', spec.letter};
        if (spec.value.empty()) {
            description.add_options()(name.c_str(), "");
        } else if (!spec.value_optional) {
            description.add_options()(name.c_str(), po::value<std::string>(), "");
        }
    }
}

const OptionSpec* option_named(const Command* command, std::string_view name) {
    const auto find_in = [&](std::span<const OptionSpec> specs) -> const OptionSpec* {
        const auto found = std::find_if(specs.begin(), specs.end(),
                                        [&](const OptionSpec& spec) { return spec.name == name; });
        return found == specs.end() ? nullptr : &*found;
    };
    const OptionSpec* own = command == nullptr ? nullptr : find_in(command->options());
    return own != nullptr ? own : find_in(global_options());
}

std::string help_command(const Command* command) {
    return command == nullptr ? "sovctl help" : "sovctl help " + std::string(command->path);
}

Problem unknown_option(const std::string& option, const Command* command) {
    std::vector<std::string> known;
    if (command != nullptr) {
        for (const OptionSpec& spec : command->options()) known.emplace_back(spec.name);
    }
    for (const OptionSpec& spec : global_options()) known.emplace_back(spec.name);
    const std::string whose =
        command == nullptr ? "sovctl" : "\"sovctl " + std::string(command->path) + '"';
    const std::string bare = option.substr(std::min(option.find_first_not_of('-'), option.size()));
    const std::string guess = nearest(bare.substr(0, bare.find('=')), known);
    std::string what = whose + " has no option " + option;
    if (!guess.empty()) what += "; did you mean --" + guess + '?';
    return Problem::usage(what, {help_command(command)});
}

/// Fills the global options; a problem when a value is wrong.
std::optional<Problem> take_globals(Invocation& invocation) {
    const auto take = [&](std::string_view name) -> std::optional<std::string> {
        const auto found = invocation.options.find(name);
        if (found == invocation.options.end()) return std::nullopt;
        std::string value = found->second;
        invocation.options.erase(found);
        return value;
    };
    invocation.quiet = take("quiet").has_value();
    invocation.verbose = take("verbose").has_value();
    invocation.help = take("help").has_value();
    invocation.socket = take("socket").value_or("");
    invocation.field = take("field").value_or("");
    const auto color = take("color").value_or("auto");
    invocation.color = color == "always"  ? ColorMode::kAlways
                       : color == "never" ? ColorMode::kNever
                                          : ColorMode::kAuto;
    if (const auto text = take("timeout")) {
        invocation.timeout = parse_duration(*text);
        if (!invocation.timeout) {
            return Problem::usage("--timeout: \"" + *text + "\" is no time; write 500ms, 5s or 2m");
        }
    }
    if (const auto schema = take("json")) {
        invocation.json = true;
        if (!invocation.field.empty()) {
            return Problem::usage(
                "--json and --field exclude each other: --field writes one bare value");
        }
        const std::string own =
            invocation.command == nullptr ? "sovctl.help/1" : invocation.command->schema() + "/1";
        if (!schema->empty() && *schema != own && "sovctl." + *schema != own) {
            return Problem::usage("--json: this sovctl writes " + own + ", not " + *schema,
                                  {"sovctl version"});
        }
    }
    return std::nullopt;
}

std::optional<Problem> check_words(const Invocation& invocation) {
    for (const auto& [name, value] : invocation.options) {
        const OptionSpec* spec = option_named(invocation.command, name);
        if (spec == nullptr || spec->words.empty()) continue;
        const auto words = words_of(spec->words);
        if (std::find(words.begin(), words.end(), value) == words.end()) {
            return Problem::usage("--" + name + ": \"" + value + "\" is none of " +
                                  joined(words, ", "));
        }
    }
    return std::nullopt;
}

std::optional<Problem> check_arguments(const Invocation& invocation) {
    if (invocation.help || invocation.command == nullptr) return std::nullopt;
    const auto specs = invocation.command->arguments();
    const auto& given = invocation.arguments;
    const std::string shape = invocation.command->synopsis();
    if (given.size() < specs.size() && !specs[given.size()].optional) {
        return Problem::usage(std::string(specs[given.size()].name) + " is missing: " + shape,
                              {help_command(invocation.command)});
    }
    const std::size_t most = !specs.empty() && specs.back().repeats ? given.size() : specs.size();
    if (given.size() > most) {
        return Problem::usage('"' + given[most] + "\" is one argument too many: " + shape,
                              {help_command(invocation.command)});
    }
    if (specs.empty() || specs.front().words.empty()) return std::nullopt;
    const auto words = words_of(specs.front().words);
    for (const std::string& argument : given) {
        if (std::find(words.begin(), words.end(), argument) == words.end()) {
            return Problem::usage(std::string(specs.front().name) + ": \"" + argument +
                                  "\" is none of " + joined(words, ", "));
        }
    }
    return std::nullopt;
}

/// Options whose value is optional are taken out first: the library would give them the next word.
std::vector<std::string> without_optional_values(const std::vector<std::string>& words,
                                                 Invocation& invocation) {
    std::vector<std::string> rest;
    bool options_end = false;
    for (const std::string& word : words) {
        options_end = options_end || word == "--";
        const std::size_t equals = std::min(word.find('='), word.size());
        const OptionSpec* spec = nullptr;
        if (!options_end && word.starts_with("--")) {
            spec = option_named(invocation.command, word.substr(2, equals - 2));
        }
        if (spec != nullptr && spec->value_optional) {
            invocation.options[std::string(spec->name)] =
                word.substr(std::min(equals + 1, word.size()));
        } else {
            rest.push_back(word);
        }
    }
    return rest;
}

/// Runs the option parser over all words but those of the command.
std::optional<Problem> take_options(const std::vector<std::string>& words, Invocation& invocation) {
    po::options_description description;
    describe(global_options(), description);
    if (invocation.command != nullptr) describe(invocation.command->options(), description);
    description.add_options()(kPositional, po::value<std::vector<std::string>>(), "");
    po::positional_options_description positional;
    positional.add(kPositional, -1);
    const int style = po::command_line_style::unix_style & ~po::command_line_style::allow_guessing;
    try {
        const auto parsed = po::command_line_parser(without_optional_values(words, invocation))
                                .options(description)
                                .positional(positional)
                                .style(style)
                                .run();
        for (const auto& option : parsed.options) {
            if (option.position_key >= 0 || option.string_key == kPositional) {
                invocation.arguments.insert(invocation.arguments.end(), option.value.begin(),
                                            option.value.end());
            } else {
                invocation.options[option.string_key] =
                    option.value.empty() ? std::string() : option.value.front();
            }
        }
    } catch (const po::unknown_option& error) {
        return unknown_option(error.get_option_name(), invocation.command);
    } catch (const po::error& error) {
        return Problem::usage(error.what(), {help_command(invocation.command)});
    }
    return std::nullopt;
}

/// The refusal must be JSON when JSON was wanted, even if nothing else of the line was understood.
bool wants_json(std::span<const std::string> words) {
    for (const std::string& word : words) {
        if (word == "--") return false;
        if (word == "--json" || word.starts_with("--json=")) return true;
    }
    return false;
}

ColorMode wanted_color(std::span<const std::string> words) {
    for (std::size_t index = 0; index < words.size(); ++index) {
        const std::string next = index + 1 < words.size() ? words[index + 1] : "";
        if (words[index] == "--color=never" || (words[index] == "--color" && next == "never")) {
            return ColorMode::kNever;
        }
        if (words[index] == "--color=always" || (words[index] == "--color" && next == "always")) {
            return ColorMode::kAlways;
        }
    }
    return ColorMode::kAuto;
}

}  // namespace

std::string_view Invocation::value(std::string_view option) const {
    const auto found = options.find(option);
    return found == options.end() ? std::string_view() : std::string_view(found->second);
}

std::variant<Invocation, Misuse> parse_command_line(std::span<const std::string> words,
                                                    bool interactive) {
    Invocation invocation;
    const auto refuse = [&](Problem problem) {
        return Misuse{std::move(problem), invocation.command, wants_json(words),
                      wanted_color(words)};
    };
    const auto positions = plain_positions(words);
    std::vector<std::string> rest(words.begin(), words.end());
    if (!positions.empty()) {
        std::vector<std::string> plain;
        for (const std::size_t position : positions) plain.push_back(words[position]);
        const bool help = std::any_of(rest.begin(), rest.end(), [](const std::string& word) {
            return word == "--help" || word == "-h";
        });
        // "sovctl name --help" asks about the whole group.
        if (help && plain.size() == 1 && !choices_after(plain[0]).empty()) {
            invocation.command = command_named("help");
            std::erase_if(rest,
                          [](const std::string& word) { return word == "--help" || word == "-h"; });
        }
        std::size_t used = 0;
        Problem problem;
        if (invocation.command == nullptr) {
            invocation.command = recognised(plain, interactive, used, problem);
        }
        if (invocation.command == nullptr) return refuse(std::move(problem));
        for (std::size_t index = used; index-- > 0;) {
            rest.erase(rest.begin() + static_cast<std::ptrdiff_t>(positions[index]));
        }
    } else if (std::find(rest.begin(), rest.end(), "--version") != rest.end()) {
        invocation.command = command_named("version");
        std::erase(rest, "--version");
    }
    if (auto problem = take_options(rest, invocation)) return refuse(std::move(*problem));
    if (auto problem = check_words(invocation)) return refuse(std::move(*problem));
    if (auto problem = take_globals(invocation)) return refuse(std::move(*problem));
    if (auto problem = check_arguments(invocation)) return refuse(std::move(*problem));
    return invocation;
}

}  // namespace sov::ctl
