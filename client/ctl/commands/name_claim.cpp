#include "client/ctl/commands/verbs.h"
#include "client/ctl/errand.h"
#include "client/ctl/lookups.h"
#include "client/ctl/phrases.h"

namespace sov::ctl::verbs {

int name_claim(Errand& errand) {
    const std::string name = errand.argument();
    const auto answer = errand.ask(
        [&](client::Client& daemon, const client::CallOptions& options) {
            return daemon.claim_name(name, options);
        },
        std::chrono::seconds(60));
    if (!answer) {
        client::Error error = answer.error();
        if (error.code == "no_peers") {
            error.message += "; the claim is kept, and stored as soon as somebody is there";
        }
        return errand.fail(error);
    }
    json::Object data;
    data.set("name", answer->name).set_text("key", answer->key_hex);
    data.set("owner", json_of(answer->owner)).set("sequence", answer->sequence);
    data.set("stored", answer->stored).set("refused", answer->refused);
    data.set("lookup", json_of(answer->lookup, false));
    return errand.answer(std::move(data), [&](Screen& screen) {
        if (errand.quiet()) return;
        screen.line(screen.paint(Paint::kGood, "claimed") + "  " + answer->name + '#' +
                    answer->owner.tag);
        screen.wrapped(
            "  kept by  " + count_text(answer->stored, "node") + ' ' + effort_text(answer->lookup),
            11);
        if (answer->refused != 0) {
            screen.wrapped("  refused  by " + count_text(answer->refused, "node"), 11);
        }
        screen.line("  others   find you with: sovctl find " + answer->name);
    });
}

}  // namespace sov::ctl::verbs
