#include "client/ctl/commands/verbs.h"
#include "client/ctl/errand.h"
#include "client/ctl/lookups.h"
#include "client/ctl/phrases.h"

namespace sov::ctl::verbs {
namespace {

json::Object found_json(const client::FoundPeer& found) {
    json::Object object = json_of(found.peer);
    object.set("pinned", found.pinned).set("replicas", found.replicas);
    object.set("work_bits", found.work_bits);
    if (found.claim_sequence != 0) object.set("claim_sequence", found.claim_sequence);
    object.set("located", found.located);
    object.set_text("post_quantum", found.post_quantum);
    object.set_text("second_key", found.second_key);
    json::Array moved;
    for (const client::PeerId& before : found.moved_from) moved.emplace_back(before.text);
    if (!found.moved_from.empty()) object.set("moved_from", std::move(moved));
    if (found.disputed) object.set("disputed", true);
    if (found.located) {
        object.set("sequence", found.sequence).set("ttl_ms", json::milliseconds(found.ttl));
        object.set("nodes", json_list(found.nodes));
    }
    return object;
}

json::Object answer_json(const client::Found& found, const std::string& query, bool trace) {
    json::Array peers;
    for (const auto& peer : found.peers) peers.emplace_back(found_json(peer));
    json::Object data;
    data.set("query", query).set_text("name", found.name).set("peers", std::move(peers));
    data.set("owner_changed", found.owner_changed);
    if (found.owner_changed) data.set("pinned_owner", json_of(found.pinned_owner));
    json::Array refused;
    for (const auto& peer : found.refused) refused.emplace_back(found_json(peer));
    if (!found.refused.empty()) data.set("refused", std::move(refused));
    data.set_text("crypto_library", found.crypto_library);
    return data.set_text("source", found.source).set("lookup", json_of(found.lookup, trace));
}

void show_detail(std::string label, std::string_view text, Screen& screen) {
    label.resize(9, ' ');
    screen.wrapped("  " + label + std::string(text), 11);
}

void show_peer(const client::FoundPeer& found, const client::Found& all, Screen& screen) {
    const std::string& name = all.name;
    if (name.empty()) {
        screen.line(screen.paint(Paint::kStrong, found.peer.text));
        show_detail("tag", found.peer.tag, screen);
    } else {
        screen.line(screen.paint(Paint::kStrong, name + '#' + found.peer.tag));
        show_detail("id", found.peer.text, screen);
    }
    for (const client::PeerId& before : found.moved_from)
        show_detail("before", before.text + " (handed over, signed by both keys)", screen);
    if (found.disputed)
        show_detail("!", "somebody signed other hand-overs with an old key, which was stolen",
                    screen);
    std::string label = "at";
    for (const client::Contact& contact : found.nodes) {
        for (const std::string& endpoint : contact.endpoints) {
            show_detail(std::exchange(label, ""), endpoint, screen);
        }
    }
    if (!found.located) {
        show_detail("at", "unknown: nobody has a record of where this peer is, it may be off",
                    screen);
    } else if (label == "at") {
        show_detail("at", "no address: the peer publishes none", screen);
    }
    if (!found.post_quantum.empty())
        show_detail("signed", signed_text(found.post_quantum, all.crypto_library), screen);
    if (const std::string second = second_key_text(found.second_key, found.peer.text);
        !second.empty())
        show_detail(second.starts_with("ALARM") ? "!" : "", second, screen);
    if (name.empty()) return;
    std::string claim = "kept by " + count_text(found.replicas, "node") + ", " +
                        count_text(found.work_bits, "bit") + " of work";
    if (found.pinned) claim += ", the owner known here";
    show_detail("claim", claim, screen);
}

std::string source_text(const client::Found& found) {
    if (found.source == "own") return "this is you";
    if (found.source == "held") return "this node keeps the record itself, ";
    return "in the DHT ";
}

void show_alarm(const Problem& alarm, const client::Found& found, Screen& screen) {
    screen.wrapped(screen.paint(Paint::kBad, "! ALARM") + "   " + alarm.what, 10);
    screen.line("  then    " + found.pinned_owner.text);
    screen.line("  now     " + found.peers.front().peer.text);
    screen.wrapped("  why     " + alarm.why, 10);
    for (const std::string& step : alarm.steps) screen.line("  do      " + step);
    screen.line();
}

void show_found(const client::Found& found, Screen& screen) {
    if (found.peers.size() > 1) {
        screen.line(count_text(found.peers.size(), "peer claims ", "peers claim ") + found.name +
                    ", the best claim first; choose one by its tag");
    }
    for (const client::FoundPeer& peer : found.peers) show_peer(peer, found, screen);
    if (!found.refused.empty())
        show_detail("refused",
                    count_text(found.refused.size(), "more") + ": " + found.refused[0].peer.text +
                        ", " + signed_text(found.refused[0].post_quantum, found.crypto_library),
                    screen);
    show_detail(
        "found",
        found.source == "own" ? source_text(found) : source_text(found) + effort_text(found.lookup),
        screen);
}

Problem owner_changed(const client::Found& found) {
    return {
        .exit_code = 10,
        .name = "owner_changed",
        .what = found.name + " does not belong to the owner remembered here any more",
        .why = "the former owner has given the name up, can't publish, or is being impersonated",
        .steps = {"ask the owner by another way; if it is right: sovctl name forget " +
                  found.name}};
}

Problem nobody(const client::Error& miss, const client::Found& found, const std::string& query,
               bool traced) {
    Problem problem{.exit_code = 5, .name = miss.code, .what = {}, .why = {}, .steps = {}};
    problem.what = "nobody knows " + query;
    problem.why = count_text(found.lookup.asked, "request") + ", " +
                  std::to_string(found.lookup.answered) + " answered, " +
                  count_text(found.lookup.hops, "hop") + ", " + duration_text(found.lookup.took);
    const bool is_name = !found.name.empty() || query.size() < 60;
    if (!traced) problem.steps.push_back("sovctl find " + shell_word(query) + " --trace");
    if (const std::size_t tag = query.find('#'); tag != std::string::npos) {
        problem.steps.push_back("sovctl find " + shell_word(query.substr(0, tag)) +
                                "   (whatever the tag)");
    }
    problem.steps.push_back(is_name ? "on the owner's host: sovctl name claim " +
                                          shell_word(query.substr(0, query.find('#')))
                                    : "on that peer's host: sovctl status");
    if (!miss.hint.empty()) problem.steps.insert(problem.steps.begin(), miss.hint);
    return problem;
}

Problem refused(const client::Found& found, const std::string& query) {
    const client::FoundPeer& first = found.refused.front();
    Problem problem{.exit_code = 10, .name = "bad_signature", .what = {}, .why = {}, .steps = {}};
    problem.what = "what was found of " + query + " is not believed: " + first.peer.text;
    if (first.second_key == "missing" || first.second_key == "changed") {
        problem.name = "second_key_changed";
        problem.why = first.second_key == "missing"
                          ? "this friend signed with ML-DSA-65 before, and this record does not"
                          : "this friend signed with another ML-DSA-65 key before";
        problem.steps = {"ask the friend by another way; if it is right: sovctl friend repin " +
                         first.peer.text};
        return problem;
    }
    problem.why = signed_text(first.post_quantum, found.crypto_library);
    problem.steps = {
        first.post_quantum == "false"
            ? "somebody may sign with a stolen or broken Ed25519 key: ask the owner by "
              "another way"
            : "on the owner's host: sovctl status   (its line 'signed')",
        "to find it all the same, in the daemon's configuration: "
        "identity.post_quantum = " +
            std::string(first.post_quantum == "false" ? "off" : "prefer")};
    return problem;
}

}  // namespace

int find(Errand& errand) {
    const std::string query = errand.argument();
    const bool trace = errand.input().has("trace");
    // The trace is always asked for: without it a miss would not say how many were asked.
    const auto answer = errand.ask(
        [&](client::Client& daemon, const client::CallOptions& options) {
            return daemon.find({query, true, std::string(errand.input().value("level"))}, options);
        },
        std::chrono::seconds(30));
    if (!answer) return errand.fail(answer.error());
    const client::Found& found = *answer;
    json::Object data = answer_json(found, query, trace);
    const auto show_steps = [&](Screen& screen) {
        if (trace && !errand.quiet()) {
            show_trace(found.lookup, screen);
            screen.line();
        }
    };
    if (found.peers.empty()) {
        const client::Error miss = found.miss.value_or(client::Error{});
        if (errand.wants_text()) errand.answer(data, show_steps);
        if (!found.refused.empty()) return errand.fail(refused(found, query), std::move(data));
        return errand.fail(nobody(miss, found, query, trace), std::move(data));
    }
    // Whoever reads only the ids must not take a new owner for the old one.
    if (found.owner_changed && (!errand.wants_text() || errand.quiet())) {
        return errand.fail(owner_changed(found), std::move(data));
    }
    return errand.answer(
        std::move(data),
        [&](Screen& screen) {
            if (errand.quiet()) {
                for (const auto& peer : found.peers) screen.line(peer.peer.text);
                return;
            }
            show_steps(screen);
            if (found.owner_changed) show_alarm(owner_changed(found), found, screen);
            show_found(found, screen);
        },
        found.owner_changed ? 10 : 0);
}

}  // namespace sov::ctl::verbs
