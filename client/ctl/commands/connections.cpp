#include "client/ctl/commands/verbs.h"
#include "client/ctl/errand.h"
#include "client/ctl/links.h"
#include "client/ctl/phrases.h"

namespace sov::ctl::verbs {
namespace {

json::Object link_change_json(const client::ConnectionChange& change) {
    json::Object object;
    object.set("change", change.change).set("time", utc_text(change.time));
    if (change.change == "missed") return object.set("missed", change.missed);
    object.set_text("before", change.before).set_text("reason", change.reason);
    object.set_text("words", change.words);
    return object.set("connection", json_of(change.connection));
}

std::string link_change_line(const client::ConnectionChange& change,
                             const std::vector<client::Friend>& friends) {
    std::string word = change.change == "listed" ? "here" : change.change;
    word.resize(std::max<std::size_t>(word.size(), 6), ' ');
    std::string line = clock_text(change.time) + "  " + word + "  ";
    if (change.change == "missed") {
        return line + count_text(change.missed, "change") +
               " came too fast to be shown: begin again with sovctl connections --follow";
    }
    line += peer_name(change.connection.peer, friends);
    if (change.change == "closed") {
        line += "  " + change.reason;
        return change.words.empty() ? line : line + ": " + change.words;
    }
    line += "  " + path_text(change.connection) + "  " + change.connection.remote;
    return change.before.empty() ? line : line + "  before " + change.before;
}

int follow_links(Errand& errand, const std::vector<client::Friend>& friends) {
    const auto end = errand.ask(
        [&](client::Client& daemon, const client::CallOptions& options) {
            return daemon.watch_connections(
                [&](const client::ConnectionChange& change) {
                    errand.stream(link_change_json(change), link_change_line(change, friends));
                    return true;
                },
                options);
        },
        std::chrono::seconds(0));
    // With --timeout, the time being over is how it was meant to end.
    const bool timed = errand.input().timeout && !end && end.error().exit_code == 6;
    return end || timed ? 0 : errand.fail(end.error());
}

void show_links(const std::vector<client::Connection>& list,
                const std::vector<client::Friend>& friends, bool verbose, Screen& screen) {
    Table table({{"peer"},
                 {"path"},
                 {"address"},
                 {"trip", true},
                 {"since", true},
                 {"in", true},
                 {"out", true},
                 {"streams", true}});
    for (const client::Connection& each : list) {
        table.row({peer_name(each.peer, friends), path_text(each), each.remote,
                   each.round_trip ? duration_text(*each.round_trip) : "-", duration_text(each.age),
                   size_text(each.bytes_in), size_text(each.bytes_out),
                   std::to_string(each.streams)});
    }
    table.print(screen);
    if (!verbose) return;
    for (const client::Connection& each : list) {
        screen.line();
        screen.line(each.peer.text + (each.agent.empty() ? "" : "  " + each.agent));
        for (const std::string& protocol : each.protocols) screen.line("  " + protocol);
    }
}

}  // namespace

int connections(Errand& errand) {
    if (errand.input().has("follow")) return follow_links(errand, known_friends(errand));
    const auto answer = errand.ask([](client::Client& daemon, const client::CallOptions& options) {
        return daemon.connections(options);
    });
    if (!answer) return errand.fail(answer.error());
    json::Array array;
    for (const client::Connection& each : *answer) array.emplace_back(json_of(each));
    json::Object data;
    data.set("connections", std::move(array));
    return errand.answer(std::move(data), [&](Screen& screen) {
        if (errand.quiet()) {
            for (const client::Connection& each : *answer) screen.line(each.peer.text);
        } else if (answer->empty()) {
            screen.line("no connections; make one with: sovctl connect PEER");
        } else {
            show_links(*answer, known_friends(errand), errand.verbose(), screen);
        }
    });
}

}  // namespace sov::ctl::verbs
