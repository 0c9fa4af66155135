#include "client/ctl/commands/verbs.h"
#include "client/ctl/errand.h"

namespace sov::ctl::verbs {

int shutdown(Errand& errand) {
    const bool now = errand.input().has("now");
    const auto answer = errand.ask([&](client::Client& daemon, const client::CallOptions& options) {
        return daemon.shutdown(now, options);
    });
    if (!answer) return errand.fail(answer.error());
    json::Object data;
    data.set("withdraws", !now);
    return errand.answer(std::move(data), [&](Screen& screen) {
        if (errand.quiet()) return;
        screen.line(now ? "the daemon ends now; its records expire by themselves"
                        : "the daemon withdraws its records and ends in under three seconds");
    });
}

}  // namespace sov::ctl::verbs
