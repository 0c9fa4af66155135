#include <utility>

#include "client/ctl/commands/verbs.h"
#include "client/ctl/errand.h"
#include "client/ctl/links.h"
#include "client/ctl/nearby.h"
#include "client/ctl/phrases.h"

namespace sov::ctl::verbs {
namespace {

using Friends = std::vector<client::Friend>;

json::Object change_json(const client::NeighbourChange& change) {
    json::Object object;
    object.set("change", change.change).set("time", utc_text(change.time));
    if (change.change == "missed") return object.set("missed", change.missed);
    object.set_if("became", change.became);
    return object.set("neighbour", json_of(change.neighbour));
}

std::string change_line(const client::NeighbourChange& change, const Friends& friends) {
    std::string word = change.change == "listed" ? "here" : change.change;
    word.resize(std::max<std::size_t>(word.size(), 7), ' ');
    std::string line = clock_text(change.time) + "  " + word + "  ";
    if (change.change == "missed") {
        return line + count_text(change.missed, "change") +
               " came too fast to be shown: begin again with sovctl browse --follow";
    }
    line += who_text(change.neighbour, friends);
    if (change.became) return line + "  turned out to be a neighbour shown already";
    if (change.change == "lost") {
        return line + "  last heard " + duration_text(change.neighbour.last_seen_ago) + " ago";
    }
    line += "  " + change.neighbour.trust;
    std::string separator = "  ";
    for (const client::Evidence& evidence : ways_of(change.neighbour))
        line += std::exchange(separator, "; ") + evidence_text(evidence);
    return line;
}

std::string medium_of(const Invocation& input) {
    if (input.has("mdns") == input.has("ble")) return "";
    return input.has("mdns") ? "mdns" : "ble";
}

int follow(Errand& errand, const Friends& friends) {
    const client::BrowseQuery query{medium_of(errand.input()), true};
    const auto end = errand.ask(
        [&](client::Client& daemon, const client::CallOptions& options) {
            return daemon.browse(
                query,
                [&](const client::NeighbourChange& change) {
                    errand.stream(change_json(change), change_line(change, friends));
                    return true;
                },
                options);
        },
        std::chrono::seconds(0));
    // With --timeout, the time being over is how it was meant to end.
    const bool timed = errand.input().timeout && !end && end.error().exit_code == 6;
    return end || timed ? 0 : errand.fail(end.error());
}

/// Why nobody is there, as far as the layers know.
void explain_nobody(Errand& errand, const std::string& medium, Screen& screen) {
    screen.line("nobody is near, as far as " + (medium.empty() ? "mdns and ble" : medium) +
                (medium.empty() ? " see" : " sees"));
    const auto status = errand.ask([](client::Client& daemon, const client::CallOptions& options) {
        return daemon.status(options);
    });
    if (!status) return;
    for (const client::LayerStatus& layer : status->layers) {
        const bool local = layer.name == "mdns" || layer.name == "ble";
        if (!local || (!medium.empty() && layer.name != medium) || layer.state == "working")
            continue;
        if (!layer.on) {
            screen.line("  " + layer.name + " is off; switch it on with: sovctl layer on " +
                        layer.name);
        } else if (!layer.reason.empty()) {
            screen.wrapped("  " + layer.name + ": " + layer.reason, 4);
        }
    }
    screen.line("  sovctl doctor looks for what could be wrong");
}

}  // namespace

int browse(Errand& errand) {
    const Invocation& input = errand.input();
    if (input.has("follow")) return follow(errand, known_friends(errand));
    const std::string medium = medium_of(input);
    const auto answer = errand.ask([&](client::Client& daemon, const client::CallOptions& options) {
        return daemon.neighbours(medium, options);
    });
    if (!answer) return errand.fail(answer.error());
    json::Array array;
    for (const client::Neighbour& neighbour : *answer) array.emplace_back(json_of(neighbour));
    json::Object data;
    data.set("neighbours", std::move(array));
    return errand.answer(std::move(data), [&](Screen& screen) {
        if (errand.quiet()) {
            for (const client::Neighbour& neighbour : *answer) {
                if (!neighbour.peer.text.empty()) screen.line(neighbour.peer.text);
            }
        } else if (answer->empty()) {
            explain_nobody(errand, medium, screen);
        } else {
            show_neighbours(*answer, known_friends(errand), screen);
        }
    });
}

}  // namespace sov::ctl::verbs
