#include "client/ctl/commands/verbs.h"
#include "client/ctl/errand.h"
#include "client/ctl/lookups.h"

namespace sov::ctl::verbs {
namespace {

void show_identity(const client::Identity& identity, Screen& screen) {
    screen.line("peer      " + identity.peer.text);
    screen.line("tag       " + identity.peer.tag + "   (NAME#" + identity.peer.tag +
                " tells you from others)");
    screen.line("node      " + identity.node.text);
    std::string label = "reach     ";
    for (const std::string& endpoint : identity.endpoints) {
        screen.line(label + endpoint + (identity.endpoints_observed ? "" : "   (as bound here)"));
        label.assign(label.size(), ' ');
    }
    const std::string& network =
        identity.network_name.empty() ? identity.network_id : identity.network_name;
    screen.line("network   " + network);
    if (identity.bootstrap_line.empty()) return;
    screen.line();
    screen.line("For another node's configuration: sovctl whoami --bootstrap");
    if (!identity.node_key_persistent) {
        screen.line("(the node key is new at each start, so that line does not outlive this run)");
    }
}

}  // namespace

int whoami(Errand& errand) {
    const auto answer = errand.ask([](client::Client& daemon, const client::CallOptions& options) {
        return daemon.identity(options);
    });
    if (!answer) return errand.fail(answer.error());
    json::Object data;
    data.set("id", answer->peer.text).set("tag", answer->peer.tag);
    data.set("node", json_of(answer->node));
    data.set_text("bootstrap_line", answer->bootstrap_line);
    data.set("endpoints", json_texts(answer->endpoints));
    data.set("endpoints_observed", answer->endpoints_observed);
    data.set_text("network_id", answer->network_id).set_text("network_name", answer->network_name);
    data.set("node_key_persistent", answer->node_key_persistent);
    if (!errand.input().has("bootstrap")) {
        return errand.answer(std::move(data), [&](Screen& screen) {
            errand.quiet() ? screen.line(answer->peer.text) : show_identity(*answer, screen);
        });
    }
    if (answer->bootstrap_line.empty()) {
        return errand.fail(
            Problem{.exit_code = 8,
                    .name = "no_address",
                    .what = "this node knows no address at which others could reach it",
                    .why = {},
                    .steps = {"sovctl status   (the line \"reach\" says why)"}},
            std::move(data));
    }
    return errand.answer(std::move(data), [&](Screen& screen) {
        // Bare, because that is what bootstrap.conf and the flag --bootstrap.peer take.
        screen.line(answer->bootstrap_line);
        if (screen.terminal().is_tty && !errand.quiet()) {
            errand.note(
                "(for bootstrap.conf; in sovereignd.conf write \"bootstrap.peer = \" before it)");
        }
    });
}

}  // namespace sov::ctl::verbs
