#include "client/ctl/commands/verbs.h"
#include "client/ctl/errand.h"
#include "client/ctl/lookups.h"
#include "client/ctl/phrases.h"

namespace sov::ctl::verbs {

int dht_held(Errand& errand) {
    const auto answer = errand.ask([](client::Client& daemon, const client::CallOptions& options) {
        return daemon.held(options);
    });
    if (!answer) return errand.fail(answer.error());
    json::Object data;
    data.set("records", json_list(answer->records)).set("total", answer->total);
    return errand.answer(std::move(data), [&](Screen& screen) {
        if (errand.quiet()) {
            for (const auto& record : answer->records) screen.line(record.key_hex);
            return;
        }
        if (!answer->records.empty()) show_records(answer->records, true, screen);
        screen.line(count_text(answer->total, "record") + " held for others");
    });
}

}  // namespace sov::ctl::verbs
