#include "client/ctl/commands/verbs.h"
#include "client/ctl/errand.h"
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

}  // namespace

int peer_why(Errand& errand) {
    const std::string who = errand.argument();
    const auto answer = errand.ask([&](client::Client& daemon, const client::CallOptions& options) {
        return daemon.explain_peer(who, options);
    });
    if (!answer) return errand.fail(answer.error());
    return errand.answer(judgement_json(who, *answer), [&](Screen& screen) {
        if (errand.quiet()) return screen.line(answer->blocked ? "blocked" : answer->standing);
        screen.wrapped(standing_text(*answer, who.starts_with("sovn")), 2);
        if (answer->deeds.empty()) return;
        Table table({{"times", true}, {"what"}, {"last"}, {"points each", true}});
        for (const client::Deed& deed : answer->deeds) {
            table.row({std::to_string(deed.times), deed_text(deed.what),
                       duration_text(deed.last_ago) + " ago", std::to_string(deed.points)});
        }
        table.print(screen, 2);
        std::string sum = std::to_string(answer->points) +
                          " points now, halving every hour; doubtful from 20, refused from 100";
        if (answer->good_after.count() > 0)
            sum += "; good again in " + duration_text(answer->good_after);
        screen.wrapped("  " + sum, 2);
    });
}

int block(Errand& errand) {
    if (errand.input().arguments.empty()) {
        const auto all = errand.ask([](client::Client& daemon, const client::CallOptions& options) {
            return daemon.blocks(options);
        });
        if (!all) return errand.fail(all.error());
        json::Object data;
        data.set("blocked", json_texts(*all));
        return errand.answer(std::move(data), [&](Screen& screen) {
            if (all->empty() && !errand.quiet())
                screen.line("nobody is blocked; block somebody with: sovctl block WHO");
            for (const std::string& who : *all) screen.line(who);
        });
    }
    const std::string who = errand.argument();
    const auto answer = errand.ask([&](client::Client& daemon, const client::CallOptions& options) {
        return daemon.block(who, options);
    });
    if (!answer) return errand.fail(answer.error());
    json::Object data;
    data.set("blocked", json_texts({*answer}));
    return errand.answer(std::move(data), [&](Screen& screen) {
        if (errand.quiet()) return;
        screen.line(screen.paint(Paint::kGood, "blocked") + "  " + *answer);
        screen.line("  end it with: sovctl unblock " + *answer);
    });
}

int unblock(Errand& errand) {
    const std::string who = errand.argument();
    const auto answer = errand.ask([&](client::Client& daemon, const client::CallOptions& options) {
        return daemon.unblock(who, options);
    });
    if (!answer) return errand.fail(answer.error());
    json::Object data;
    data.set("unblocked", who);
    return errand.answer(std::move(data), [&](Screen& screen) {
        if (!errand.quiet()) screen.line("unblocked  " + who);
    });
}

}  // namespace sov::ctl::verbs
