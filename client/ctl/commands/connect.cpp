#include "client/ctl/commands/verbs.h"
#include "client/ctl/errand.h"
#include "client/ctl/links.h"
#include "client/ctl/lookups.h"
#include "client/ctl/phrases.h"

namespace sov::ctl::verbs {
namespace {

/// The daemon says in its own words that time is over, so it gets a moment more than it has.
constexpr std::chrono::milliseconds kUsualTime{15000}, kMargin{5000};

json::Array attempts_json(const client::ConnectReport& report) {
    json::Array array;
    for (const client::ConnectAttempt& attempt : report.attempts)
        array.emplace_back(json_of(attempt));
    return array;
}

void show_connected(const client::ConnectReport& report, Errand& errand, Screen& screen) {
    const client::Connection& connection = report.connection;
    screen.line(screen.paint(Paint::kGood, "connected") + "  " +
                peer_name(report.peer, known_friends(errand)) + "  " + path_text(connection));
    screen.line("  at     " + connection.remote);
    if (connection.round_trip) screen.line("  trip   " + duration_text(*connection.round_trip));
    screen.line("  took   " + duration_text(report.took));
    if (!connection.agent.empty()) screen.line("  agent  " + connection.agent);
    if (!errand.verbose()) return;
    for (const client::ConnectAttempt& attempt : report.attempts)
        screen.line("  tried  " + attempt_text(attempt));
}

/// Whoever is refused must be added over there, under the id that it has.
client::Error with_own_id(client::Error error, Errand& errand) {
    if (error.code != "refused") return error;
    const auto self = errand.ask([](client::Client& daemon, const client::CallOptions& options) {
        return daemon.identity(options);
    });
    if (self) error.hint = "on their side: sovctl friend add " + self->peer.text;
    return error;
}

}  // namespace

int connect(Errand& errand) {
    client::ConnectQuery query;
    query.peer = errand.argument();
    query.policy = std::string(errand.input().value("policy"));
    query.time = errand.input().timeout.value_or(kUsualTime);
    errand.progress("looking for the peer ...");
    const auto answer = errand.ask([&](client::Client& daemon, const client::CallOptions& options) {
        client::CallOptions longer = options;
        longer.deadline = query.time + kMargin;
        return daemon.connect_peer(
            query,
            [&](const client::ConnectStep& step) {
                if (errand.verbose())
                    errand.note("  " + step_text(step));
                else
                    errand.progress("  " + step_text(step));
            },
            longer);
    });
    errand.progress({});
    if (!answer) return errand.fail(answer.error());
    json::Object data;
    if (!answer->peer.text.empty()) data.set("peer", json_of(answer->peer));
    data.set("attempts", attempts_json(*answer));
    if (answer->failure) {
        const int exit_code = errand.fail(with_own_id(*answer->failure, errand), std::move(data));
        for (const client::ConnectAttempt& attempt : answer->attempts)
            errand.note("  tried  " + attempt_text(attempt));
        return exit_code;
    }
    data.set("took_ms", json::milliseconds(answer->took));
    data.set("connection", json_of(answer->connection));
    return errand.answer(std::move(data), [&](Screen& screen) {
        if (!errand.quiet()) show_connected(*answer, errand, screen);
    });
}

int disconnect(Errand& errand) {
    const auto answer = errand.ask([&](client::Client& daemon, const client::CallOptions& options) {
        return daemon.disconnect_peer(errand.argument(), options);
    });
    if (!answer) return errand.fail(answer.error());
    json::Object data;
    data.set("peer", json_of(*answer));
    return errand.answer(std::move(data), [&](Screen& screen) {
        if (!errand.quiet()) screen.line("disconnected  " + answer->text);
    });
}

}  // namespace sov::ctl::verbs
