#include "client/ctl/commands/verbs.h"
#include "client/ctl/errand.h"

namespace sov::ctl::verbs {
namespace {

json::Array changes_json(const std::vector<client::ConfigChange>& changes) {
    json::Array array;
    for (const client::ConfigChange& change : changes) {
        json::Object object;
        object.set("key", change.key).set("before", change.before).set("after", change.after);
        array.emplace_back(std::move(object));
    }
    return array;
}

void show_changes(std::string_view title, const std::vector<client::ConfigChange>& changes,
                  Screen& screen) {
    if (changes.empty()) return;
    screen.line(title);
    for (const client::ConfigChange& change : changes) {
        screen.wrapped("  " + change.key + " = " + change.after + "   (was " + change.before + ')',
                       4);
    }
}

}  // namespace

int config_reload(Errand& errand) {
    const auto answer = errand.ask([](client::Client& daemon, const client::CallOptions& options) {
        return daemon.reload_config(options);
    });
    if (!answer) return errand.fail(answer.error());
    json::Object data;
    data.set("applied", changes_json(answer->applied));
    data.set("needs_restart", changes_json(answer->needs_restart));
    return errand.answer(std::move(data), [&](Screen& screen) {
        if (errand.quiet()) return;
        if (answer->applied.empty() && answer->needs_restart.empty()) {
            screen.line("nothing changed");
        }
        show_changes("in force now", answer->applied, screen);
        show_changes("in force after a restart of the daemon", answer->needs_restart, screen);
    });
}

}  // namespace sov::ctl::verbs
