#include "client/ctl/commands/verbs.h"
#include "client/ctl/errand.h"
#include "client/ctl/lookups.h"

namespace sov::ctl::verbs {

int name_list(Errand& errand) {
    const auto answer = errand.ask([](client::Client& daemon, const client::CallOptions& options) {
        return daemon.names(options);
    });
    if (!answer) return errand.fail(answer.error());
    json::Object data;
    data.set("owner", json_of(answer->owner)).set("names", json_list(answer->names));
    return errand.answer(std::move(data), [&](Screen& screen) {
        if (errand.quiet()) {
            for (const auto& name : answer->names) screen.line(name.name);
        } else if (answer->names.empty()) {
            screen.line("no names; claim one with: sovctl name claim NAME");
        } else {
            Table table({{"name"}, {"nodes", true}, {"state"}});
            for (const auto& name : answer->names) {
                table.row({name.name + '#' + answer->owner.tag, std::to_string(name.replicas),
                           name.problem.empty() ? screen.paint(Paint::kGood, "stored")
                                                : screen.paint(Paint::kWarning, name.problem)});
            }
            table.print(screen);
        }
    });
}

}  // namespace sov::ctl::verbs
