#include "client/ctl/commands/verbs.h"
#include "client/ctl/errand.h"
#include "client/ctl/phrases.h"

namespace sov::ctl::verbs {
namespace {

using Levels = client::Result<std::vector<client::ModuleLogLevel>>;

int answer_levels(Errand& errand, const std::vector<client::ModuleLogLevel>& levels) {
    json::Array modules;
    for (const client::ModuleLogLevel& each : levels) {
        json::Object object;
        object.set("module", each.module).set("level", each.level);
        if (each.reverts_in.count() > 0) {
            object.set("reverts_in_ms", json::milliseconds(each.reverts_in));
            object.set("reverts_to", each.reverts_to);
        }
        modules.emplace_back(std::move(object));
    }
    json::Object data;
    data.set("modules", std::move(modules));
    return errand.answer(std::move(data), [&](Screen& screen) {
        if (errand.quiet()) return;
        Table table({{"module"}, {"level"}, {""}});
        for (const client::ModuleLogLevel& each : levels) {
            table.row({each.module, each.level,
                       each.reverts_in.count() > 0
                           ? each.reverts_to + " again in " + duration_text(each.reverts_in)
                           : ""});
        }
        table.print(screen);
    });
}

}  // namespace

int log_level(Errand& errand) {
    const Invocation& input = errand.input();
    std::chrono::milliseconds duration{0};
    if (input.has("for")) {
        const auto given = parse_duration(input.value("for"));
        if (!given) {
            return errand.fail(Problem::usage("--for: \"" + std::string(input.value("for")) +
                                              "\" is no time; write 30s, 10m or 1h"));
        }
        duration = *given;
    }
    if (input.arguments.empty()) {
        if (duration.count() > 0) {
            return errand.fail(
                Problem::usage("--for needs a MODULE=LEVEL", {"sovctl help log level"}));
        }
        const Levels levels =
            errand.ask([](client::Client& daemon, const client::CallOptions& options) {
                return daemon.log_levels(options);
            });
        return levels ? answer_levels(errand, *levels) : errand.fail(levels.error());
    }
    std::vector<client::ModuleLogLevel> last;
    for (const std::string& argument : input.arguments) {
        // A level alone is for all modules.
        const std::size_t equals = argument.find('=');
        const bool all = equals == std::string::npos;
        const std::string module = all ? "*" : argument.substr(0, equals);
        const std::string level = all ? argument : argument.substr(equals + 1);
        const Levels levels =
            errand.ask([&](client::Client& daemon, const client::CallOptions& options) {
                return daemon.set_log_level(module, level, duration, options);
            });
        if (!levels) return errand.fail(levels.error());
        last = *levels;
    }
    return answer_levels(errand, last);
}

}  // namespace sov::ctl::verbs
