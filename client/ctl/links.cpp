#include "client/ctl/links.h"

#include <algorithm>

#include "client/ctl/lookups.h"
#include "client/ctl/phrases.h"

namespace sov::ctl {

json::Object json_of(const client::Connection& connection) {
    json::Object object;
    object.set("peer", json_of(connection.peer));
    object.set_text("path", connection.path).set_text("carrier", connection.carrier);
    object.set_text("remote", connection.remote).set("inbound", connection.inbound);
    object.set("age_ms", json::milliseconds(connection.age));
    if (connection.round_trip)
        object.set("round_trip_ms", json::milliseconds(*connection.round_trip));
    object.set("bytes_in", connection.bytes_in).set("bytes_out", connection.bytes_out);
    object.set("streams", connection.streams).set_text("agent", connection.agent);
    object.set("protocols", json_texts(connection.protocols));
    return object;
}

json::Object json_of(const client::ConnectAttempt& attempt) {
    json::Object object;
    object.set("way", attempt.way).set_text("endpoint", attempt.endpoint);
    object.set("took_ms", json::milliseconds(attempt.took));
    object.set("won", attempt.won).set("outcome", attempt.outcome);
    return object;
}

json::Object json_of(const client::ConnectStep& step) {
    json::Object object;
    object.set("what", step.what).set_text("detail", step.detail);
    return object.set("after_ms", json::milliseconds(step.after));
}

std::string step_text(const client::ConnectStep& step) {
    std::string what = step.what;
    if (what == "trying") what = "dialling";
    if (what == "calling") what = "calling through the DHT";
    if (what == "called") what = "called by the peer";
    if (what == "our_candidate") what = "we offer";
    if (what == "their_candidate") what = "they offer";
    if (what == "gathered") what = "all of ours are known";
    if (what == "answered") what = "the peer answers the call";
    if (what == "checking") what = "checking pairs of addresses";
    if (what == "path") what = "a path works:";
    std::string text = '+' + duration_text(step.after);
    text.resize(std::max<std::size_t>(text.size() + 1, 9), ' ');
    text += what;
    if (!step.detail.empty()) text += ' ' + step.detail;
    return text;
}

std::string path_text(const client::Connection& connection) {
    return connection.path + " over " + connection.carrier;
}

std::string attempt_text(const client::ConnectAttempt& attempt) {
    std::string text = attempt.way;
    if (!attempt.endpoint.empty()) text += ' ' + attempt.endpoint;
    text += ": " + attempt.outcome;
    if (attempt.took.count() > 0) text += " after " + duration_text(attempt.took);
    return text;
}

std::vector<client::Friend> known_friends(Errand& errand) {
    auto answer = errand.ask([](client::Client& daemon, const client::CallOptions& options) {
        return daemon.friends(options);
    });
    return answer ? std::move(*answer) : std::vector<client::Friend>();
}

std::string peer_name(const client::PeerId& peer, const std::vector<client::Friend>& friends) {
    const auto found =
        std::find_if(friends.begin(), friends.end(),
                     [&](const client::Friend& each) { return each.peer.text == peer.text; });
    const std::string id = short_id(peer.text);
    return found == friends.end() || found->note.empty() ? id : found->note + " (" + id + ')';
}

std::variant<std::vector<std::string>, Problem> peers_for(Errand& errand) {
    std::vector<std::string> peers;
    std::string_view rest = errand.input().value("for");
    if (rest.empty()) return peers;
    const auto friends = known_friends(errand);
    while (!rest.empty()) {
        const std::string word(rest.substr(0, rest.find(',')));
        rest.remove_prefix(std::min(rest.size(), word.size() + 1));
        if (word.starts_with("sov1")) {
            peers.push_back(word);
            continue;
        }
        const auto found =
            std::find_if(friends.begin(), friends.end(),
                         [&](const client::Friend& each) { return each.note == word; });
        if (found == friends.end())
            return Problem{.exit_code = 5,
                           .name = "not_found",
                           .what = "no friend is called " + word + " here",
                           .why = {},
                           .steps = {"sovctl friend list"}};
        peers.push_back(found->peer.text);
    }
    return peers;
}

}  // namespace sov::ctl
