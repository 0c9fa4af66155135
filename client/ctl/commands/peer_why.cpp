#include "client/ctl/commands/verbs.h"
#include "client/ctl/errand.h"
#include "client/ctl/links.h"
#include "client/ctl/lookups.h"
#include "client/ctl/phrases.h"

namespace sov::ctl::verbs {
namespace {

std::string deed_text(const std::string& what) {
    if (what == "answered") return "answered usefully since";
    if (what == "silent") return "gave no answer in time";
    if (what == "flooded") return "asked more than its share";
    if (what == "malformed") return "sent an answer that can't be read";
    if (what == "denied") return "denied a record that it had promised to keep";
    if (what == "lied") return "showed a record that is not valid there";
    if (what == "equivocated") return "signed two records under one sequence number";
    return what;
}

std::string standing_text(const client::Judgement& judgement, bool node) {
    if (judgement.blocked) {
        return "blocked by you" +
               (judgement.blocked_by.empty() ? "" : " with " + judgement.blocked_by) +
               ": nothing of it is heard, asked or shown";
    }
    if (!node) return judgement.deeds.empty() ? "nothing bad is remembered" : "only remembered";
    if (judgement.standing == "refused")
        return "refused: neither asked nor told of, and not in the table";
    if (judgement.standing == "doubtful") return "doubtful: asked, but not trusted with records";
    return judgement.deeds.empty() ? "good: nothing bad is remembered" : "good";
}

json::Object judgement_json(const std::string& who, const client::Judgement& judgement) {
    json::Object data;
    data.set("who", who).set("blocked", judgement.blocked);
    data.set_text("blocked_by", judgement.blocked_by).set_text("standing", judgement.standing);
    data.set("points", judgement.points).set("in_table", judgement.in_table);
    data.set("good_after_ms", json::milliseconds(judgement.good_after));
    json::Array deeds;
    for (const client::Deed& deed : judgement.deeds) {
        json::Object one;
        one.set("what", deed.what).set("times", deed.times);
        one.set("last_ago_ms", json::milliseconds(deed.last_ago)).set("points", deed.points);
        deeds.emplace_back(std::move(one));
    }
    return data.set("deeds", std::move(deeds));
}

json::Object call_json(const client::PeerCall& call) {
    json::Object object;
    object.set("by_peer", call.by_peer).set("ago_ms", json::milliseconds(call.ago));
    object.set("outcome", call.outcome).set("answered", call.answered);
    object.set("relays", call.relays).set("rounds", call.rounds);
    object.set("ours", json_texts(call.ours)).set("theirs", json_texts(call.theirs));
    object.set_text("state", call.state).set_text("pair", call.pair);
    if (call.connected_after)
        object.set("connected_after_ms", json::milliseconds(*call.connected_after));
    json::Array steps;
    for (const client::ConnectStep& step : call.steps) steps.emplace_back(json_of(step));
    return object.set("steps", std::move(steps));
}

json::Object reason_json(const client::ConnectionReason& why) {
    json::Object object;
    object.set("peer", json_of(why.peer)).set_text("reason", why.reason);
    object.set_text("next_step", why.next_step);
    if (why.connection) object.set("connection", json_of(*why.connection));
    json::Array attempts;
    for (const client::ConnectAttempt& one : why.attempts) {
        json::Object attempt = json_of(one);
        attempts.emplace_back(attempt.set("ago_ms", json::milliseconds(one.ago)));
    }
    object.set("attempts", std::move(attempts));
    if (why.call) object.set("call", call_json(*why.call));
    return object;
}

void show_call(const client::PeerCall& call, Screen& screen) {
    screen.line();
    screen.line(std::string("  last call  ") + (call.by_peer ? "by the peer, " : "by us, ") +
                duration_text(call.ago) + " ago: " + call.outcome);
    if (!call.pair.empty()) screen.line("  pair       " + call.pair);
    for (const client::ConnectStep& step : call.steps) screen.line("    " + step_text(step));
}

void show_reason(const client::ConnectionReason& why, Screen& screen) {
    screen.wrapped(screen.paint(Paint::kStrong, why.reason), 2);
    if (!why.next_step.empty()) screen.wrapped("  do       " + why.next_step, 11);
    if (why.connection)
        screen.line("  path     " + path_text(*why.connection) + ", at " + why.connection->remote);
    for (const client::ConnectAttempt& one : why.attempts)
        screen.line("  tried    " + attempt_text(one) + ", " + duration_text(one.ago) + " ago");
    if (why.call) show_call(*why.call, screen);
    screen.line();
}

void show_judgement(const client::Judgement& judgement, bool node, Screen& screen) {
    screen.wrapped(standing_text(judgement, node), 2);
    if (judgement.deeds.empty()) return;
    Table table({{"times", true}, {"what"}, {"last"}, {"points each", true}});
    for (const client::Deed& deed : judgement.deeds) {
        table.row({std::to_string(deed.times), deed_text(deed.what),
                   duration_text(deed.last_ago) + " ago", std::to_string(deed.points)});
    }
    table.print(screen, 2);
    std::string sum = std::to_string(judgement.points) +
                      " points now, halving every hour; doubtful from 20, refused from 100";
    if (judgement.good_after.count() > 0)
        sum += "; good again in " + duration_text(judgement.good_after);
    screen.wrapped("  " + sum, 2);
}

}  // namespace

int peer_why(Errand& errand) {
    std::string who = errand.argument();
    const bool node = who.starts_with("sovn");
    std::optional<client::ConnectionReason> why;
    if (!node) {
        const auto told =
            errand.ask([&](client::Client& daemon, const client::CallOptions& options) {
                return daemon.explain_connection(who, options);
            });
        // A daemon without connections still remembers deeds.
        if (!told && told.error().code != "not_supported") return errand.fail(told.error());
        if (told) {
            why = *told;
            who = told->peer.text;
        }
    }
    const auto answer = errand.ask([&](client::Client& daemon, const client::CallOptions& options) {
        return daemon.explain_peer(who, options);
    });
    if (!answer) return errand.fail(answer.error());
    json::Object data = judgement_json(who, *answer);
    if (why) data.set("connection", reason_json(*why));
    return errand.answer(std::move(data), [&](Screen& screen) {
        if (errand.quiet()) return screen.line(answer->blocked ? "blocked" : answer->standing);
        if (why) show_reason(*why, screen);
        show_judgement(*answer, node, screen);
    });
}

}  // namespace sov::ctl::verbs
