#include "daemon/app/config.h"

#include <algorithm>
#include <boost/program_options/parsers.hpp>
#include <filesystem>
#include <sstream>
#include <utility>

#include "daemon/app/config_file.h"
#include "daemon/app/config_table.h"
#include "daemon/app/nearest.h"

namespace sov::app {
namespace {

constexpr std::size_t kProblemsShown = 20;
constexpr std::size_t kLineShown = 160;

/// A value with the place it came from, so that whatever is wrong with it can be shown there.
struct Given {
    std::string key, text;
    ConfigProblem place;
};

void point_at(ConfigProblem& problem, std::string_view part) {
    const std::size_t at = problem.text.find(part);
    problem.column = at == std::string::npos ? 0 : at;
    problem.length = at == std::string::npos || part.empty()
                         ? std::max<std::size_t>(problem.text.size(), 1)
                         : part.size();
}

std::string suggestion(std::string_view typed, const std::vector<std::string>& known) {
    const auto near = nearest(typed, known);
    return near ? "; did you mean \"" + *near + "\"?" : "";
}

std::vector<std::string> known_keys() {
    std::vector<std::string> keys;
    for (const ConfigRow& row : config_table()) keys.emplace_back(row.key);
    return keys;
}

std::string trimmed(std::string_view text) {
    const auto first = text.find_first_not_of(" \t\r");
    if (first == std::string_view::npos) return {};
    return std::string(text.substr(first, text.find_last_not_of(" \t\r") - first + 1));
}

/// Reads INI text. Boost.Program_options parses each line by itself, in its section, because it
/// tells no line numbers.
class IniReader {
  public:
    IniReader(std::string file, std::vector<ConfigProblem>& problems)
        : file_(std::move(file)), problems_(problems) {}

    std::vector<Given> read(const std::string& text) {
        std::istringstream lines(text);
        std::string line;
        for (int number = 1; std::getline(lines, line); ++number) {
            if (!line.empty() && line.back() == '\r') line.pop_back();
            take(line, number);
        }
        return std::move(given_);
    }

  private:
    void take(const std::string& line, int number) {
        const std::string content = trimmed(line.substr(0, line.find('#')));
        if (content.empty()) return;
        ConfigProblem place{file_, number, line, 0, 0, {}};
        if (content.front() == '[' && content.back() == ']') {
            section_ = trimmed(content.substr(1, content.size() - 2));
            const auto sections = config_sections();
            known_section_ =
                std::find(sections.begin(), sections.end(), section_) != sections.end();
            if (!known_section_) {
                point_at(place, section_);
                place.message = "unknown section" + suggestion(section_, sections);
                problems_.push_back(std::move(place));
            }
            return;
        }
        // One message for an unknown section is enough; its keys have no meaning without it.
        if (!known_section_) return;
        std::istringstream one((section_.empty() ? "" : "[" + section_ + "]\n") + line + "\n");
        try {
            const boost::program_options::options_description none;
            for (const auto& option :
                 boost::program_options::parse_config_file(one, none, true).options) {
                given_.push_back(
                    {option.string_key, option.value.empty() ? "" : option.value.front(), place});
            }
        } catch (const boost::program_options::error&) {
            point_at(place, content);
            place.message = "neither a [section] nor a line of the form: key = value";
            problems_.push_back(std::move(place));
        }
    }

    std::string file_;
    std::vector<ConfigProblem>& problems_;
    std::vector<Given> given_;
    std::string section_;
    bool known_section_ = true;
};

/// Puts values into a Config, each checked by its row.
class ConfigWriter {
  public:
    ConfigWriter(Config& config, std::vector<ConfigProblem>& problems)
        : config_(config), problems_(problems) {}

    void write(const std::vector<Given>& given) {
        std::map<std::string, int, std::less<>> line_of;
        for (const Given& value : given) {
            ConfigProblem problem = value.place;
            const ConfigRow* row = find_row(value.key);
            const std::string name = value.key.substr(value.key.rfind('.') + 1);
            if (row == nullptr) {
                point_at(problem,
                         problem.text.find(value.key) == std::string::npos ? name : value.key);
                problem.message = "unknown key " + value.key + suggestion(value.key, known_keys());
                problems_.push_back(std::move(problem));
                continue;
            }
            const auto [earlier, first] = line_of.emplace(value.key, value.place.line);
            if (!first && !row->repeatable) {
                point_at(problem, name);
                problem.message =
                    value.key + " is given twice" +
                    (earlier->second > 0 ? ", first in line " + std::to_string(earlier->second)
                                         : "");
                problems_.push_back(std::move(problem));
                continue;
            }
            if (!row->set(config_, value.text)) {
                point_at(problem, value.text);
                problem.message =
                    value.key + " must be " + row->allowed +
                    (row->fallback.empty() ? "" : " (default " + std::string(row->fallback) + ")") +
                    ". " + std::string(row->meaning);
                problems_.push_back(std::move(problem));
                continue;
            }
            std::string& text = config_.values[value.key];
            text = row->repeatable && !first ? text + ", " + value.text : value.text;
        }
    }

  private:
    Config& config_;
    std::vector<ConfigProblem>& problems_;
};

bool gives(const std::vector<Given>& given, std::string_view key) {
    return std::any_of(given.begin(), given.end(),
                       [&](const Given& value) { return value.key == key; });
}

/// One bootstrap line a line; '#' begins a comment.
void read_bootstrap_file(const std::string& path, bool may_be_missing, Config& config,
                         std::vector<ConfigProblem>& problems) {
    const FileText file = read_config_text(path);
    if (file.missing && may_be_missing) return;
    if (!file.problem.empty()) {
        problems.push_back({path, 0, {}, 0, 0, file.problem});
        return;
    }
    std::istringstream lines(file.text);
    std::vector<Given> given;
    std::string line;
    for (int number = 1; std::getline(lines, line); ++number) {
        const std::string content = trimmed(line.substr(0, line.find('#')));
        if (!content.empty())
            given.push_back({"bootstrap.peer", content, {path, number, line, 0, 0, {}}});
    }
    Config listed;
    ConfigWriter(listed, problems).write(given);
    config.bootstrap.insert(config.bootstrap.end(), listed.bootstrap.begin(),
                            listed.bootstrap.end());
    if (const auto found = listed.values.find("bootstrap.peer"); found != listed.values.end()) {
        std::string& text = config.values["bootstrap.peer"];
        text += (text.empty() ? "" : ", ") + found->second;
    }
}

void check_together(const Config& config, std::vector<ConfigProblem>& problems,
                    const std::string& file) {
    const auto complain = [&](std::string message) {
        problems.push_back({file, 0, {}, 0, 0, std::move(message)});
    };
    if (!config.ipv4 && !config.ipv6)
        complain("udp.ipv4 and udp.ipv6 are both off: at least one must be on");
    for (const Endpoint& endpoint : config.bind) {
        const bool v4 = endpoint.family == Family::kIpv4;
        if (v4 ? !config.ipv4 : !config.ipv6) {
            complain("udp.bind names " + endpoint.address_text() + " but " +
                     (v4 ? "udp.ipv4" : "udp.ipv6") + " is off");
        }
    }
    if (config.bind.size() == 2 && config.bind[0].family == config.bind[1].family) {
        complain("udp.bind may name one address a family");
    }
    if (config.api_connections_per_user > config.api_connections_max) {
        complain("api.connections_per_user must be at most api.connections");
    }
}

}  // namespace

bool is_network_id(const std::string& network) {
    return network.size() == 64 &&
           network.find_first_not_of("0123456789abcdefABCDEF") == std::string::npos;
}

ConfigOutcome load_config(const std::string& file, const Overrides& overrides) {
    ConfigOutcome outcome;
    Config& config = outcome.config;
    std::vector<Given> defaults, from_file, from_flags;
    for (const ConfigRow& row : config_table()) {
        if (row.repeatable) {
            config.values[std::string(row.key)];
        } else {
            defaults.push_back({std::string(row.key),
                                std::string(row.fallback),
                                {"built-in defaults", 0, {}, 0, 0, {}}});
        }
    }
    ConfigWriter(config, outcome.problems).write(defaults);

    const std::string path = file.empty() ? kDefaultConfigFile : file;
    const FileText text = read_config_text(path);
    if (text.problem.empty()) {
        config.file = path;
        from_file = IniReader(path, outcome.problems).read(text.text);
    } else if (!text.missing || !file.empty()) {
        outcome.problems.push_back({path, 0, {}, 0, 0, text.problem});
    }
    for (const auto& [key, value] : overrides) {
        from_flags.push_back({key, value, {"command line", 0, "--" + key + "=" + value, 0, 0, {}}});
    }
    // A flag replaces what the file says, all lines of a repeatable key included.
    std::erase_if(from_file, [&](const Given& value) { return gives(from_flags, value.key); });
    ConfigWriter(config, outcome.problems).write(from_file);
    ConfigWriter(config, outcome.problems).write(from_flags);

    const bool chosen = gives(from_file, "bootstrap.file") || gives(from_flags, "bootstrap.file");
    if (!config.bootstrap_file.empty() && (chosen || !config.file.empty())) {
        const auto folder = std::filesystem::path(config.file).parent_path();
        read_bootstrap_file((folder / config.bootstrap_file).string(), !chosen, config,
                            outcome.problems);
    }
    if (!config.bootstrap_list.empty()) {
        const auto folder = std::filesystem::path(config.file).parent_path();
        config.bootstrap_list = (folder / config.bootstrap_list).string();
    }
    if (outcome.problems.empty()) check_together(config, outcome.problems, path);
    // Found in several passes, told in the order of the file.
    std::stable_sort(outcome.problems.begin(), outcome.problems.end(),
                     [](const ConfigProblem& a, const ConfigProblem& b) {
                         return a.file == b.file && a.line < b.line;
                     });
    return outcome;
}

std::string describe(const std::vector<ConfigProblem>& problems) {
    std::string text, file;
    for (std::size_t at = 0; at < std::min(problems.size(), kProblemsShown); ++at) {
        const ConfigProblem& problem = problems[at];
        if (problem.file != file) text += printable(problem.file) + "\n";
        file = problem.file;
        const std::string number = problem.line > 0 ? std::to_string(problem.line) : "";
        const std::string margin(number.size() < 4 ? 4 - number.size() : 0, ' ');
        if (problem.text.empty()) {
            text += "     | " + printable(problem.message) + "\n";
            continue;
        }
        // Tabs and foreign bytes are shown as one character each, so the marks stand below their
        // part.
        text += margin + number + " | " + printable(problem.text.substr(0, kLineShown)) + "\n";
        const std::size_t column = std::min(problem.column, kLineShown);
        text += "     | " + std::string(column, ' ') +
                std::string(std::min(problem.length, kLineShown - column), '^') + " " +
                printable(problem.message) + "\n";
    }
    if (problems.size() > kProblemsShown) {
        text += "     | and " + std::to_string(problems.size() - kProblemsShown) + " more\n";
    }
    text += problems.size() == 1 ? "1 error.\n" : std::to_string(problems.size()) + " errors.\n";
    return text;
}

}  // namespace sov::app
