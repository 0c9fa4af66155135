#include "client/ctl/commands/verbs.h"
#include "client/ctl/errand.h"
#include "client/ctl/lookups.h"
#include "client/ctl/phrases.h"

namespace sov::ctl::verbs {

int dht_trace(Errand& errand) {
    const std::string target = errand.argument();
    const auto answer = errand.ask(
        [&](client::Client& daemon, const client::CallOptions& options) {
            return daemon.trace(target, options);
        },
        std::chrono::seconds(30));
    if (!answer) return errand.fail(answer.error());
    json::Object data;
    data.set("target", target).set("lookup", json_of(answer->lookup, true));
    data.set("closest", json_list(answer->closest)).set("records", json_list(answer->records));
    return errand.answer(std::move(data), [&](Screen& screen) {
        if (errand.quiet()) {
            for (const auto& contact : answer->closest) screen.line(contact.node.text);
            return;
        }
        show_trace(answer->lookup, screen);
        screen.line(count_text(answer->closest.size(), "node") + " nearest to the target answered");
        if (!answer->records.empty()) show_records(answer->records, false, screen);
    });
}

}  // namespace sov::ctl::verbs
