#include "client/ctl/commands/verbs.h"
#include "client/ctl/daemon_traces.h"
#include "client/ctl/errand.h"
#include "client/ctl/phrases.h"

namespace sov::ctl::verbs {
namespace {

Problem no_program() {
    return {.exit_code = 9,
            .name = "not_supported",
            .what = "sovereignd, whose parser checks the file, was not found",
            .why = "it is neither beside sovctl nor in PATH nor in /usr/sbin",
            .steps = {}};
}

}  // namespace

int config_check(Errand& errand) {
    const std::string program = errand.machine().daemon_traces().program;
    if (program.empty()) return errand.fail(no_program());
    std::vector<std::string> words = {program, "--check-config"};
    if (const std::string file = errand.argument(); !file.empty()) {
        words.insert(words.end(), {"--config", file});
    }
    const auto outcome = errand.machine().run_program(words);
    if (!outcome) return errand.fail(no_program());
    std::string text = outcome->output;
    text.erase(text.find_last_not_of('\n') + 1);
    json::Object data;
    data.set_text("file", errand.argument()).set("valid", outcome->exit_code == 0);
    data.set_text("text", text);
    if (outcome->exit_code == 0) {
        return errand.answer(std::move(data), [&](Screen& screen) {
            if (!errand.quiet() && !text.empty()) screen.raw(text + '\n');
        });
    }
    if (!errand.wants_text()) {
        Problem problem{.exit_code = outcome->exit_code,
                        .name = "config_invalid",
                        .what = text,
                        .why = {},
                        .steps = {}};
        return errand.fail(problem, std::move(data));
    }
    errand.complain(text);
    return outcome->exit_code;
}

}  // namespace sov::ctl::verbs
