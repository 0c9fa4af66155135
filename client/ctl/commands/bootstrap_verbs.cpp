#include "client/ctl/commands/verbs.h"
#include "client/ctl/daemon_traces.h"
#include "client/ctl/errand.h"

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

int run(Errand& errand, std::vector<std::string> options) {
    const std::string program = errand.machine().daemon_traces().program;
    if (program.empty()) return errand.fail(no_reader());
    options.insert(options.begin(), program);
    const auto outcome = errand.machine().run_program(options);
    if (!outcome) return errand.fail(no_reader());
    std::string text = outcome->output;
    json::Object data;
    data.set("file", errand.argument());
    data.set_text("text", text);
    if (outcome->exit_code != 0) {
        text.erase(text.find_last_not_of('\n') + 1);
        return errand.fail(Problem{.exit_code = outcome->exit_code,
                                   .name = "bootstrap_list",
                                   .what = text,
                                   .why = {},
                                   .steps = {}},
                           std::move(data));
    }
    return errand.answer(std::move(data), [&](Screen& screen) {
        if (!errand.quiet()) screen.raw(text);
    });
}

}  // namespace

int bootstrap_show(Errand& errand) { return run(errand, {"--show-list", errand.argument()}); }

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
