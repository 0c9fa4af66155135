#include "client/ctl/commands/verbs.h"
#include "client/ctl/errand.h"
#include "client/ctl/phrases.h"

namespace sov::ctl::verbs {

int name_forget(Errand& errand) {
    const std::string name = errand.argument();
    const auto answer = errand.ask([&](client::Client& daemon, const client::CallOptions& options) {
        return daemon.forget_pin(name, options);
    });
    if (!answer && answer.error().code == "not_found") {
        return errand.fail(Problem{.exit_code = 5,
                                   .name = "not_found",
                                   .what = "no owner of " + name + " is remembered here",
                                   .why = {},
                                   .steps = {}});
    }
    if (!answer) return errand.fail(answer.error());
    json::Object data;
    data.set("name", name);
    return errand.answer(std::move(data), [&](Screen& screen) {
        if (errand.quiet()) return;
        screen.wrapped("forgotten  the next \"sovctl find " + shell_word(name) +
                           "\" may remember another owner",
                       11);
    });
}

}  // namespace sov::ctl::verbs
