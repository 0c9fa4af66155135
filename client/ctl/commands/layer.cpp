#include "client/ctl/commands/verbs.h"
#include "client/ctl/errand.h"

namespace sov::ctl::verbs {
namespace {

int switch_layer(Errand& errand, bool on) {
    const std::string layer = errand.argument();
    const auto answer = errand.ask([&](client::Client& daemon, const client::CallOptions& options) {
        return daemon.set_layer(layer, on, options);
    });
    if (!answer) return errand.fail(answer.error());
    json::Object layers;
    for (const client::LayerStatus& each : *answer) layers.set(each.name, each.on);
    json::Object data;
    data.set("layers", std::move(layers));
    return errand.answer(std::move(data), [&](Screen& screen) {
        if (errand.quiet()) return;
        Table table({{"layer"}, {"state"}});
        for (const client::LayerStatus& each : *answer) {
            std::string state =
                each.on ? "on" : "off until the daemon ends or: sovctl layer on " + each.name;
            if (each.on && !each.reason.empty()) state += ", " + each.state + ": " + each.reason;
            table.row({each.name, std::move(state)});
        }
        table.print(screen);
    });
}

}  // namespace

int layer_on(Errand& errand) { return switch_layer(errand, true); }
int layer_off(Errand& errand) { return switch_layer(errand, false); }

}  // namespace sov::ctl::verbs
