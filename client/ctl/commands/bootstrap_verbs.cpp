#include <optional>
#include <sstream>
#include <utility>
#include <variant>

#include "client/ctl/commands/verbs.h"
#include "client/ctl/daemon_traces.h"
#include "client/ctl/errand.h"
#include "client/ctl/lookups.h"
#include "client/ctl/phrases.h"

// Bootstrap lists are made and judged offline, by the program that will have to believe them.

namespace sov::ctl::verbs {
namespace {

Problem no_reader() {
    return {.exit_code = 9,
            .name = "not_supported",
            .what = "sovereignd, which reads and signs bootstrap lists, was not found",
            .why = "it is neither beside sovctl nor in PATH nor in /usr/sbin",
            .steps = {}};
}

/// What sovereignd printed, when it ended well; else what to tell.
std::variant<std::string, Problem> outcome_of(Errand& errand, std::vector<std::string> options) {
    const std::string program = errand.machine().daemon_traces().program;
    if (program.empty()) return no_reader();
    options.insert(options.begin(), program);
    const auto outcome = errand.machine().run_program(options);
    if (!outcome) return no_reader();
    std::string text = outcome->output;
    if (outcome->exit_code == 0) return text;
    text.erase(text.find_last_not_of('\n') + 1);
    return Problem{.exit_code = outcome->exit_code,
                   .name = "bootstrap_list",
                   .what = text,
                   .why = {},
                   .steps = {}};
}

int run(Errand& errand, std::vector<std::string> options) {
    const auto outcome = outcome_of(errand, std::move(options));
    json::Object data;
    data.set("file", errand.argument());
    if (const auto* problem = std::get_if<Problem>(&outcome)) {
        data.set_text("text", problem->what);
        return errand.fail(*problem, std::move(data));
    }
    const auto& text = std::get<std::string>(outcome);
    data.set_text("text", text);
    return errand.answer(std::move(data), [&](Screen& screen) {
        if (!errand.quiet()) screen.raw(text);
    });
}

// The words of the only line that begins with a key: other lines are remarks.
std::optional<std::pair<std::string, std::string>> value_in(const std::string& text) {
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) {
        const std::size_t blank = line.find(' ');
        if (blank != 40) continue;
        auto key = key_bytes(line.substr(0, blank));
        auto value = bytes_of_hex(line.substr(blank + 1));
        if (!key.empty() && !value.empty()) return std::pair(std::move(key), std::move(value));
    }
    return std::nullopt;
}

}  // namespace

int bootstrap_show(Errand& errand) {
    return run(errand,
               {errand.input().has("dns") ? "--dns-list" : "--show-list", errand.argument()});
}

int bootstrap_publish(Errand& errand) {
    // Nothing is signed when there is nobody who could publish it.
    if (const auto daemon = errand.daemon(); !daemon) return errand.fail(daemon.error());
    const auto outcome = outcome_of(errand, {"--publish-list", errand.argument(), "--list-key-file",
                                             std::string(errand.input().value("key"))});
    if (const auto* problem = std::get_if<Problem>(&outcome)) return errand.fail(*problem);
    const auto value = value_in(std::get<std::string>(outcome));
    if (!value) return errand.fail(no_reader());
    const auto answer = errand.ask(
        [&](client::Client& daemon, const client::CallOptions& options) {
            return daemon.put(value->first, value->second, options);
        },
        std::chrono::seconds(30));
    if (!answer) return errand.fail(answer.error());
    json::Object data;
    data.set("file", errand.argument()).set("key", answer->key_hex);
    data.set("sequence", answer->sequence).set("stored", answer->stored);
    return errand.answer(std::move(data), [&](Screen& screen) {
        if (errand.quiet()) return;
        screen.line("published  at " + count_text(answer->stored, "node") +
                    ", looked after by this daemon for 7 days");
        screen.line("  key      " + answer->key_hex);
        screen.line("  again    each week, while the list shall be found in the DHT");
    });
}

int bootstrap_verify(Errand& errand) {
    std::vector<std::string> options{"--verify-list", errand.argument()};
    if (errand.input().has("config"))
        options.insert(options.end(), {"--config", std::string(errand.input().value("config"))});
    return run(errand, std::move(options));
}

int bootstrap_sign(Errand& errand) {
    return run(errand, {"--sign-list", errand.argument(), "--list-key-file",
                        std::string(errand.input().value("key"))});
}

}  // namespace sov::ctl::verbs
