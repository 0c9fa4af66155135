#include "client/ctl/nearby.h"

#include <algorithm>

#include "client/ctl/lookups.h"
#include "client/ctl/phrases.h"
#include "client/ctl/values.h"

namespace sov::ctl {
namespace {

/// Guesses are not said to the centimetre.
std::string distance_text(std::uint32_t centimetres) {
    if (centimetres < 100) return "under 1 m";
    if (centimetres < 1000) {
        return "about " + std::to_string(centimetres / 100) + '.' +
               std::to_string(centimetres % 100 / 10) + " m";
    }
    return "about " + std::to_string(centimetres / 100) + " m";
}

json::Object proximity_json(const client::Proximity& proximity) {
    json::Object object;
    object.set("rssi_dbm", proximity.rssi_dbm).set("distance_cm", proximity.distance_cm);
    return object.set("near", proximity.near);
}

Paint paint_of(const client::Evidence& evidence) {
    if (evidence.presence != "present") return Paint::kDim;
    return evidence.trust == "verified" ? Paint::kGood : Paint::kPlain;
}

}  // namespace

json::Object json_of(const client::Evidence& evidence) {
    json::Object object;
    object.set("medium", evidence.medium).set("trust", evidence.trust);
    object.set("presence", evidence.presence);
    if (!evidence.peer.text.empty()) object.set("peer", json_of(evidence.peer));
    if (!evidence.node.text.empty()) object.set("node", json_of(evidence.node));
    object.set_text("endpoint", evidence.endpoint).set_text("where", evidence.where);
    object.set_text("label", evidence.label);
    object.set("first_seen_ago_ms", json::milliseconds(evidence.first_seen_ago));
    object.set("last_seen_ago_ms", json::milliseconds(evidence.last_seen_ago));
    if (evidence.proximity) object.set("proximity", proximity_json(*evidence.proximity));
    return object;
}

json::Object json_of(const client::Neighbour& neighbour) {
    json::Object object;
    object.set("number", neighbour.number);
    if (!neighbour.peer.text.empty()) object.set("peer", json_of(neighbour.peer));
    if (!neighbour.node.text.empty()) object.set("node", json_of(neighbour.node));
    object.set("trust", neighbour.trust).set("presence", neighbour.presence);
    object.set("first_seen_ago_ms", json::milliseconds(neighbour.first_seen_ago));
    object.set("last_seen_ago_ms", json::milliseconds(neighbour.last_seen_ago));
    object.set("capabilities", neighbour.capabilities);
    if (neighbour.proximity) object.set("proximity", proximity_json(*neighbour.proximity));
    json::Array evidence;
    for (const client::Evidence& each : neighbour.evidence) evidence.emplace_back(json_of(each));
    return object.set("evidence", std::move(evidence));
}

json::Object json_of(const client::Friend& listed) {
    json::Object object;
    object.set("peer", json_of(listed.peer)).set_text("note", listed.note);
    object.set("recognisable", listed.recognisable).set("told", listed.told);
    if (listed.met_ago) object.set("met_ago_ms", json::milliseconds(*listed.met_ago));
    if (!listed.moved_from.text.empty()) object.set("moved_from", listed.moved_from.text);
    object.set_text("second_key", listed.second_key);
    if (!listed.second_key_hash.empty())
        object.set("second_key_hash", hex_of(listed.second_key_hash));
    return object;
}

std::string who_text(const client::Neighbour& neighbour,
                     const std::vector<client::Friend>& friends) {
    const std::string& peer = neighbour.peer.text;
    if (peer.empty())
        return neighbour.node.text.empty() ? "somebody" : short_id(neighbour.node.text);
    const auto known =
        std::find_if(friends.begin(), friends.end(),
                     [&](const client::Friend& each) { return each.peer.text == peer; });
    if (known == friends.end() || known->note.empty()) return short_id(peer);
    return known->note + " (" + short_id(peer) + ')';
}

std::string place_text(const client::Evidence& evidence) {
    if (!evidence.proximity) return evidence.endpoint.empty() ? "-" : evidence.endpoint;
    const client::Proximity& proximity = *evidence.proximity;
    std::string text = distance_text(proximity.distance_cm);
    if (proximity.near) text += ", near";
    return text + " (" + std::to_string(proximity.rssi_dbm) + " dBm)";
}

std::string evidence_text(const client::Evidence& evidence) {
    std::string text = evidence.medium;
    if (!evidence.where.empty()) text += " on " + evidence.where;
    if (!evidence.endpoint.empty()) text += " at " + evidence.endpoint;
    if (evidence.proximity) text += ", " + place_text(evidence);
    return evidence.presence == "fading" ? text + ", fading" : text;
}

std::vector<client::Evidence> ways_of(const client::Neighbour& neighbour) {
    std::vector<client::Evidence> ways;
    for (const client::Evidence& evidence : neighbour.evidence) {
        const bool known = std::any_of(ways.begin(), ways.end(), [&](const auto& way) {
            return !way.endpoint.empty() && way.medium == evidence.medium &&
                   way.where == evidence.where && way.endpoint == evidence.endpoint;
        });
        if (!known) ways.push_back(evidence);
    }
    return ways;
}

void show_neighbours(const std::vector<client::Neighbour>& neighbours,
                     const std::vector<client::Friend>& friends, Screen& screen) {
    Table table({{"who"}, {"trust"}, {"medium"}, {"on"}, {"heard", true}, {"address or distance"}});
    for (const client::Neighbour& neighbour : neighbours) {
        std::string who = who_text(neighbour, friends);
        for (const client::Evidence& evidence : ways_of(neighbour)) {
            const std::string heard = duration_text(evidence.last_seen_ago) + " ago";
            std::string place = place_text(evidence);
            if (evidence.presence == "fading") place += ", fading";
            table.row({std::exchange(who, ""), screen.paint(paint_of(evidence), evidence.trust),
                       evidence.medium, evidence.where.empty() ? "-" : evidence.where, heard,
                       std::move(place)});
        }
    }
    table.print(screen);
}

}  // namespace sov::ctl
