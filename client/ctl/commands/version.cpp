#include "client/ctl/commands/verbs.h"
#include "client/ctl/errand.h"

namespace sov::ctl::verbs {

int version(Errand& errand) {
    const auto daemon =
        errand.ask([](client::Client& client,
                      const client::CallOptions& options) { return client.status(options); },
                   std::chrono::seconds(2));
    json::Object data;
    data.set("sovctl", SOV_VERSION);
    if (daemon) data.set_text("daemon", daemon->version);
    return errand.answer(std::move(data), [&](Screen& screen) {
        screen.line("sovctl     " SOV_VERSION);
        if (errand.quiet()) return;
        screen.line("sovereignd " + (daemon ? daemon->version : "not running"));
        if (daemon && daemon->version != SOV_VERSION) {
            screen.line("They differ: restart the daemon after an upgrade.");
        }
    });
}

}  // namespace sov::ctl::verbs
