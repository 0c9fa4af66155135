#include <algorithm>
#include <limits>

#include "client/ctl/commands/verbs.h"
#include "client/ctl/errand.h"
#include "client/ctl/lookups.h"
#include "client/ctl/nearby.h"
#include "client/ctl/phrases.h"

namespace sov::ctl::verbs {
namespace {

void sort_sessions(std::vector<client::Session>& sessions, std::string_view order) {
    const auto by = [&](const auto& key) {
        std::stable_sort(
            sessions.begin(), sessions.end(),
            [&](const auto& left, const auto& right) { return key(left) < key(right); });
    };
    if (order == "rtt") {
        by([](const client::Session& session) {
            const auto count = session.round_trip.count();
            return count == 0 ? std::numeric_limits<decltype(count)>::max() : count;
        });
    } else if (order == "age") {
        by([](const client::Session& session) { return -session.age.count(); });
    } else if (order == "address") {
        by([](const client::Session& session) { return session.endpoint; });
    } else {
        by([](const client::Session& session) { return session.idle.count(); });
    }
}

json::Object session_json(const client::Session& session) {
    json::Object object;
    object.set("node", json_of(session.node))
        .set_text("endpoint", session.endpoint)
        .set("confirmed", session.confirmed);
    object.set("server", session.server);
    if (session.round_trip.count() > 0)
        object.set("round_trip_ms", json::milliseconds(session.round_trip));
    object.set("age_ms", json::milliseconds(session.age));
    return object.set("idle_ms", json::milliseconds(session.idle));
}

void show_sessions(const std::vector<client::Session>& sessions, Screen& screen) {
    if (sessions.empty()) {
        screen.line("no sessions: nobody has been talked to yet (sovctl status says why)");
        return;
    }
    Table table({{"node"}, {"address"}, {"rtt", true}, {"age", true}, {"idle", true}, {"kind"}});
    for (const client::Session& session : sessions) {
        std::string kind = session.server ? "server" : "client";
        if (!session.confirmed) kind += ", being set up";
        table.row({short_id(session.node.place_hex), session.endpoint,
                   session.round_trip.count() > 0 ? duration_text(session.round_trip) : "-",
                   duration_text(session.age), duration_text(session.idle), std::move(kind)});
    }
    table.print(screen);
}

using Neighbours = std::vector<client::Neighbour>;

/// Whoever this session is with, as local discovery sees them.
const client::Neighbour* neighbour_of(const client::Session& session,
                                      const Neighbours& neighbours) {
    const auto names = [&](const client::NodeId& node) {
        return !node.text.empty() && node.text == session.node.text;
    };
    const auto found =
        std::find_if(neighbours.begin(), neighbours.end(), [&](const client::Neighbour& neighbour) {
            return names(neighbour.node) ||
                   std::any_of(neighbour.evidence.begin(), neighbour.evidence.end(),
                               [&](const auto& evidence) { return names(evidence.node); });
        });
    return found == neighbours.end() ? nullptr : &*found;
}

void show_near(const std::vector<client::Session>& sessions, const Neighbours& neighbours,
               const std::vector<client::Friend>& friends, Screen& screen) {
    if (sessions.empty()) {
        screen.line("no sessions with anybody nearby (sovctl browse shows who is there)");
        return;
    }
    Table table({{"who"}, {"node"}, {"address"}, {"rtt", true}, {"idle", true}, {"seen by"}});
    for (const client::Session& session : sessions) {
        const client::Neighbour& neighbour = *neighbour_of(session, neighbours);
        std::string seen;
        for (const client::Evidence& evidence : ways_of(neighbour)) {
            seen += seen.empty() ? "" : "; ";
            seen += evidence_text(evidence) + " (" + evidence.trust + ')';
        }
        table.row({who_text(neighbour, friends), short_id(session.node.place_hex), session.endpoint,
                   session.round_trip.count() > 0 ? duration_text(session.round_trip) : "-",
                   duration_text(session.idle), std::move(seen)});
    }
    table.print(screen);
}

int near_peers(Errand& errand, std::vector<client::Session> sessions) {
    const auto answer = errand.ask([](client::Client& daemon, const client::CallOptions& options) {
        return daemon.neighbours("", options);
    });
    if (!answer) return errand.fail(answer.error());
    std::erase_if(sessions, [&](const auto& each) { return !neighbour_of(each, *answer); });
    json::Array array;
    for (const auto& session : sessions) {
        json::Object object = session_json(session);
        array.emplace_back(object.set("neighbour", json_of(*neighbour_of(session, *answer))));
    }
    json::Object data;
    data.set("sessions", std::move(array));
    return errand.answer(std::move(data), [&](Screen& screen) {
        if (errand.quiet()) {
            for (const auto& session : sessions) screen.line(session.node.text);
            return;
        }
        const auto friends =
            errand.ask([](client::Client& daemon, const client::CallOptions& options) {
                return daemon.friends(options);
            });
        show_near(sessions, *answer, friends ? *friends : std::vector<client::Friend>(), screen);
    });
}

}  // namespace

int peers(Errand& errand) {
    const auto answer = errand.ask([](client::Client& daemon, const client::CallOptions& options) {
        return daemon.sessions(options);
    });
    if (!answer) return errand.fail(answer.error());
    std::vector<client::Session> sessions = *answer;
    sort_sessions(sessions, errand.input().value("sort"));
    if (errand.input().has("near")) return near_peers(errand, std::move(sessions));
    json::Array array;
    for (const auto& session : sessions) array.emplace_back(session_json(session));
    json::Object data;
    data.set("sessions", std::move(array));
    return errand.answer(std::move(data), [&](Screen& screen) {
        if (!errand.quiet()) return show_sessions(sessions, screen);
        for (const auto& session : sessions) screen.line(session.node.text);
    });
}

}  // namespace sov::ctl::verbs
