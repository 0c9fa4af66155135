#include "client/ctl/commands/verbs.h"
#include "client/ctl/errand.h"
#include "client/ctl/lookups.h"
#include "client/ctl/phrases.h"

namespace sov::ctl::verbs {

int name_release(Errand& errand) {
    const std::string name = errand.argument();
    const auto answer = errand.ask(
        [&](client::Client& daemon, const client::CallOptions& options) {
            return daemon.release_name(name, options);
        },
        std::chrono::seconds(30));
    if (!answer && answer.error().code == "not_found") {
        return errand.fail(Problem{.exit_code = 5,
                                   .name = "not_found",
                                   .what = name + " is not one of your names",
                                   .why = {},
                                   .steps = {"sovctl name list"}});
    }
    if (!answer) return errand.fail(answer.error());
    json::Object data;
    data.set("name", answer->name).set("stored", answer->stored);
    data.set("lookup", json_of(answer->lookup, false));
    return errand.answer(std::move(data), [&](Screen& screen) {
        if (errand.quiet()) return;
        screen.line(screen.paint(Paint::kGood, "released") + "  " + answer->name +
                    ", withdrawn at " + count_text(answer->stored, "node"));
    });
}

}  // namespace sov::ctl::verbs
