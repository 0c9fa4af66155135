#include "client/ctl/commands/verbs.h"
#include "client/ctl/errand.h"
#include "client/ctl/lookups.h"
#include "client/ctl/phrases.h"

namespace sov::ctl::verbs {
int block(Errand& errand) {
    if (errand.input().arguments.empty()) {
        const auto all = errand.ask([](client::Client& daemon, const client::CallOptions& options) {
            return daemon.blocks(options);
        });
        if (!all) return errand.fail(all.error());
        json::Object data;
        data.set("blocked", json_texts(*all));
        return errand.answer(std::move(data), [&](Screen& screen) {
            if (all->empty() && !errand.quiet())
                screen.line("nobody is blocked; block somebody with: sovctl block WHO");
            for (const std::string& who : *all) screen.line(who);
        });
    }
    const std::string who = errand.argument();
    const auto answer = errand.ask([&](client::Client& daemon, const client::CallOptions& options) {
        return daemon.block(who, options);
    });
    if (!answer) return errand.fail(answer.error());
    json::Object data;
    data.set("blocked", json_texts({*answer}));
    return errand.answer(std::move(data), [&](Screen& screen) {
        if (errand.quiet()) return;
        screen.line(screen.paint(Paint::kGood, "blocked") + "  " + *answer);
        screen.line("  end it with: sovctl unblock " + *answer);
    });
}

int unblock(Errand& errand) {
    const std::string who = errand.argument();
    const auto answer = errand.ask([&](client::Client& daemon, const client::CallOptions& options) {
        return daemon.unblock(who, options);
    });
    if (!answer) return errand.fail(answer.error());
    json::Object data;
    data.set("unblocked", who);
    return errand.answer(std::move(data), [&](Screen& screen) {
        if (!errand.quiet()) screen.line("unblocked  " + who);
    });
}

}  // namespace sov::ctl::verbs
