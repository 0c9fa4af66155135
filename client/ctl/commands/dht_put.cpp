#include <cstring>

#include "client/ctl/commands/verbs.h"
#include "client/ctl/errand.h"
#include "client/ctl/lookups.h"
#include "client/ctl/phrases.h"
#include "client/ctl/place.h"

namespace sov::ctl::verbs {

int dht_put(Errand& errand) {
    // Nothing longer is a record, and the daemon says so better than we could.
    constexpr std::size_t kMostBytes = 4096;
    const std::string file = errand.argument();
    const std::string target(errand.input().value("key"));
    if (target.empty()) {
        return errand.fail(Problem::usage("--key is missing: a record does not say where it lives",
                                          {"sovctl help dht put"}));
    }
    int error = 0;
    const auto record = errand.machine().read_file(file, kMostBytes, error);
    if (!record) {
        return errand.fail(Problem::usage("cannot read " + file + ": " + std::strerror(error)));
    }
    const auto key = place_key(errand, target);
    if (!key) return errand.fail(key.error());
    const auto answer = errand.ask(
        [&](client::Client& daemon, const client::CallOptions& options) {
            return daemon.put(*key, *record, options);
        },
        std::chrono::seconds(30));
    if (!answer) return errand.fail(answer.error());
    json::Object data;
    data.set("key", answer->key_hex).set("sequence", answer->sequence);
    data.set("stored", answer->stored).set("refused", answer->refused);
    data.set("lookup", json_of(answer->lookup, false));
    return errand.answer(std::move(data), [&](Screen& screen) {
        if (errand.quiet()) return;
        screen.line("stored at " + count_text(answer->stored, "node") + ", refused by " +
                    std::to_string(answer->refused) + ", " + effort_text(answer->lookup));
        screen.line("  key      " + answer->key_hex);
        screen.line("  version  " + std::to_string(answer->sequence));
    });
}

}  // namespace sov::ctl::verbs
