#include <algorithm>
#include <string>
#include <vector>

#include "client/ctl/commands/verbs.h"
#include "client/ctl/errand.h"
#include "client/ctl/lookups.h"
#include "client/ctl/phrases.h"

namespace sov::ctl::verbs {
namespace {

constexpr std::size_t kTextColumn = 11;

json::Object family_json(const client::FamilyStatus& family) {
    json::Object object;
    object.set("family", family.family).set("enabled", family.enabled);
    object.set_text("listening", family.listening).set_text("observed", family.observed);
    object.set_text("reachability", family.reachability);
    object.set_text("reachability_reason", family.reachability_reason);
    object.set("table_nodes", family.table_nodes).set("table_fresh", family.table_fresh);
    return object.set("dialbacks", family.dialbacks);
}

json::Object mapping_json(const client::PortMapping& mapping) {
    json::Object object;
    object.set_text("external", mapping.external).set_text("method", mapping.method);
    if (!mapping.external.empty()) {
        object.set("lifetime_s", static_cast<std::uint64_t>(mapping.lifetime.count()));
    }
    return object.set_text("reason", mapping.reason);
}

json::Object economy_json(const client::Economy& economy) {
    json::Object object;
    object.set_text("profile", economy.profile).set("flows", economy.flows);
    object.set("flows_max", economy.flows_max);
    object.set("datagrams_per_second_max", economy.datagrams_per_second_max);
    if (economy.on_battery) object.set("on_battery", *economy.on_battery);
    if (economy.metered) object.set("metered", *economy.metered);
    object.set_text("connectivity", economy.connectivity);
    object.set_text("saves_because", economy.saves_because);
    object.set_text("serves_nobody_because", economy.serves_nobody_because);
    object.set("budget_bytes", economy.budget_bytes).set("used_bytes", economy.used_bytes);
    object.set_text("budget_stage", economy.budget_stage);
    object.set("budget_renews_unix", economy.budget_renews);
    object.set("clock_off_ms", static_cast<std::int64_t>(economy.clock_off.count()));
    return object.set("clock_absurd", economy.clock_absurd);
}

json::Object list_json(const client::BootstrapList& list) {
    json::Object object;
    object.set("number", list.number);
    if (list.number != 0)
        object.set("expires_unix", list.expires)
            .set("nodes", list.nodes)
            .set_text("from", list.from);
    return object.set_text("refused", list.refused).set_text("refused_from", list.refused_from);
}

json::Object connections_json(const client::ConnectionCounts& counts) {
    json::Object object;
    object.set("lan", counts.lan).set("direct", counts.direct).set("relayed", counts.relayed);
    json::Array stuck;
    for (const auto& one : counts.stuck) {
        json::Object peer = json_of(one.peer);
        stuck.emplace_back(peer.set("age_ms", json::milliseconds(one.age)));
    }
    return object.set("stuck", std::move(stuck));
}

/// "3 connected: 1 on the LAN, 1 direct, 1 relayed"
std::string connections_text(const client::ConnectionCounts& counts) {
    const std::uint32_t all = counts.lan + counts.direct + counts.relayed;
    if (all == 0) return "no connection to a peer";
    std::string parts;
    const auto add = [&](std::uint32_t count, std::string_view what) {
        if (count == 0) return;
        parts += (parts.empty() ? "" : ", ") + std::to_string(count) + ' ' + std::string(what);
    };
    add(counts.lan, "on the LAN");
    add(counts.direct, "direct");
    add(counts.relayed, "relayed");
    return std::to_string(all) + " connected: " + parts;
}

json::Object bootstrap_json(const client::BootstrapEntry& entry) {
    json::Object object;
    object.set("node", json_of(entry.node))
        .set_text("source", entry.source)
        .set("endpoints", json_texts(entry.endpoints));
    object.set("attempts", entry.attempts).set("answered", entry.answered_ago.has_value());
    if (entry.answered_ago) object.set("answered_ago_ms", json::milliseconds(*entry.answered_ago));
    return object.set_text("problem", entry.problem);
}

json::Array reasons_json(const std::vector<client::Reason>& all) {
    json::Array reasons;
    for (const client::Reason& reason : all) {
        json::Object object;
        object.set("code", reason.code).set("sentence", reason.sentence);
        reasons.emplace_back(object.set_text("next_step", reason.next_step));
    }
    return reasons;
}

json::Object coordinate_json(const client::Coordinate& coordinate) {
    json::Array at;
    for (const auto each : coordinate.at) at.emplace_back(json::milliseconds(each));
    json::Object object;
    object.set("at_ms", std::move(at)).set("height_ms", json::milliseconds(coordinate.height));
    return object.set("error_percent", coordinate.error_percent);
}

json::Object status_json(const client::NodeStatus& status) {
    json::Object data;
    data.set("state", "running")
        .set("verdict", status.verdict)
        .set_text("sentence", status.sentence);
    data.set("reasons", reasons_json(status.reasons)).set("abridged", status.abridged);
    data.set_text("caller_role", status.caller_role).set_text("version", status.version);
    data.set("uptime_ms", json::milliseconds(status.uptime)).set("pid", status.pid);
    if (!status.peer.text.empty()) data.set("peer", json_of(status.peer));
    if (!status.node.place_hex.empty()) data.set("node", json_of(status.node));
    data.set_text("network_id", status.network_id).set_text("network_name", status.network_name);
    data.set_text("mode", status.mode)
        .set("serving", status.serving)
        .set_text("discovery", status.discovery);
    json::Array families;
    for (const auto& family : status.families) families.emplace_back(family_json(family));
    data.set("families", std::move(families));
    if (status.network_size != 0) data.set("network_size", status.network_size);
    data.set("sessions", status.sessions).set("half_open", status.half_open);
    data.set("records", status.records).set("record_bytes", status.record_bytes);
    data.set("lookups_running", status.lookups_running);
    if (status.lookup_p50.count() > 0)
        data.set("lookup_p50_ms", json::milliseconds(status.lookup_p50));
    data.set("own_record_replicas", status.own_record_replicas);
    if (status.own_record_age)
        data.set("own_record_age_ms", json::milliseconds(*status.own_record_age));
    json::Object signatures;
    signatures.set_text("post_quantum_policy", status.signatures.post_quantum_policy);
    signatures.set("post_quantum_available", status.signatures.post_quantum_available);
    signatures.set("signs", status.signatures.signs);
    signatures.set("replicas", status.signatures.replicas);
    signatures.set_text("crypto_library", status.signatures.crypto_library);
    if (!status.signatures.post_quantum_policy.empty())
        data.set("signatures", std::move(signatures));
    if (status.bootstrap_list) data.set("bootstrap_list", list_json(*status.bootstrap_list));
    data.set("contacts_known", status.contacts_known)
        .set("crowded_regions", status.crowded_regions);
    if (status.coordinate) data.set("coordinate", coordinate_json(*status.coordinate));
    json::Object around;
    around.set("suspected", status.surround.suspected).set_text("signs", status.surround.signs);
    around.set("size_near", status.surround.size_near).set("size_far", status.surround.size_far);
    around.set("subnets", status.surround.subnets).set("inbound", status.surround.inbound);
    around.set("anchors", status.surround.anchors);
    around.set("anchors_answering", status.surround.anchors_answering);
    data.set("surround", std::move(around));
    data.set("connections", connections_json(status.connections));
    if (!status.economy.profile.empty()) data.set("economy", economy_json(status.economy));
    if (status.port_mapping) data.set("port_mapping", mapping_json(*status.port_mapping));
    if (!status.datagram_relay.empty()) data.set("datagram_relay", status.datagram_relay);
    if (!status.abridged) {
        json::Array bootstrap;
        for (const auto& entry : status.bootstrap) bootstrap.emplace_back(bootstrap_json(entry));
        data.set("bootstrap", std::move(bootstrap)).set("names", json_list(status.names));
    }
    json::Object layers;
    for (const auto& layer : status.layers) layers.set(layer.name, layer.on);
    data.set("layers", std::move(layers));
    json::Array states;
    for (const auto& layer : status.layers) {
        auto object = json::Object().set("name", layer.name).set_text("state", layer.state);
        states.emplace_back(object.set_text("reason", layer.reason));
    }
    data.set("layer_states", std::move(states));
    data.set_text("store_problem", status.store_problem)
        .set_text("store_notice", status.store_notice);
    json::Object counters;
    for (const auto& [name, count] : status.counters) counters.set(name, count);
    return data.set("counters", std::move(counters));
}

/// "● online   ...", "! degraded: ...", "✗ offline: ...", and at the right who says so.
void show_verdict(const client::NodeStatus& status, Screen& screen) {
    std::string line;
    if (status.verdict == "online") {
        line =
            screen.paint(Paint::kGood, std::string(screen.sign(Sign::kOnline)) + " online") + "   ";
    } else if (status.verdict == "offline") {
        line =
            screen.paint(Paint::kBad, std::string(screen.sign(Sign::kFailed)) + " offline") + ": ";
    } else if (status.verdict == "degraded") {
        line =
            screen.paint(Paint::kWarning, std::string(screen.sign(Sign::kWarning)) + " degraded") +
            ": ";
    } else {
        line = screen.paint(Paint::kWarning,
                            std::string(screen.sign(Sign::kDot)) + ' ' + status.verdict) +
               ": ";
    }
    line += status.sentence;
    const std::string about =
        "sovereignd " + status.version + ", up " + duration_text(status.uptime);
    const std::size_t columns = screen.terminal().columns;
    const std::size_t used = visible_width(line) + visible_width(about);
    if (columns == 0 || used + 3 > columns) {
        screen.wrapped(line, kTextColumn);
        screen.line("  daemon   " + about);
    } else {
        screen.line(line + std::string(columns - used, ' ') + screen.paint(Paint::kDim, about));
    }
}

void show_fact(std::string label, std::string_view text, Screen& screen) {
    label.resize(kTextColumn - 2, ' ');
    screen.wrapped("  " + label + std::string(text), kTextColumn);
}

std::string reach_text(const client::FamilyStatus& family) {
    std::string text = family.family == "ipv6" ? "IPv6 " : "IPv4 ";
    if (!family.enabled) return text + "off";
    text += !family.observed.empty() ? family.observed : family.listening;
    const std::string& reason = family.reachability_reason;
    if (family.reachability == "server" || family.reachability == "client") {
        text += family.reachability == "server" ? " reachable" : " not reachable from outside";
        return reason.empty() ? text : text + " (" + reason + ')';
    }
    return text + ", " + (reason.empty() ? "not yet known whether reachable" : reason);
}

std::string mapping_text(const client::PortMapping& mapping) {
    if (mapping.external.empty()) return "opens no port for us: " + mapping.reason;
    return "sends " + mapping.external + " on to us (" +
           (mapping.method == "upnp" ? "UPnP" : "NAT-PMP") + ')';
}

std::string table_text(const client::NodeStatus& status) {
    std::uint32_t nodes = 0;
    std::uint32_t fresh = 0;
    for (const client::FamilyStatus& family : status.families) {
        nodes += family.table_nodes;
        fresh += family.table_fresh;
    }
    std::string text =
        count_text(nodes, "node") + " in the table, " + std::to_string(fresh) + " fresh";
    if (status.network_size != 0)
        text += ", about " + std::to_string(status.network_size) + " in the network";
    if (status.own_record_age) {
        text += "; own record at " + count_text(status.own_record_replicas, "node") +
                ", refreshed " + duration_text(*status.own_record_age) + " ago";
    } else {
        text += "; own record not stored yet";
    }
    return text;
}

std::string names_text(const std::vector<client::OwnName>& names) {
    std::string text;
    for (const client::OwnName& name : names) {
        if (!text.empty()) text += ", ";
        text += name.name + (name.problem.empty() ? " at " + count_text(name.replicas, "node")
                                                  : " (" + name.problem + ')');
    }
    return text.empty() ? "none; claim one with: sovctl name claim NAME" : text;
}

std::string load_text(const client::NodeStatus& status) {
    const auto counter = [&](std::string_view wanted) {
        const auto found = std::find_if(status.counters.begin(), status.counters.end(),
                                        [&](const auto& each) { return each.first == wanted; });
        return found == status.counters.end() ? 0 : found->second;
    };
    std::string text = size_text(counter("bytes_in")) + " in, " + size_text(counter("bytes_out")) +
                       " out since start; " + count_text(status.records, "record") +
                       " held for others";
    if (status.record_bytes != 0) text += " (" + size_text(status.record_bytes) + ')';
    if (status.lookups_running != 0)
        text += "; " + count_text(status.lookups_running, "lookup") + " running";
    if (status.lookup_p50.count() > 0)
        text += "; half of the lookups under " + duration_text(status.lookup_p50);
    return text;
}

/// "profile home: 12 of 128 flows, at most 40 datagrams/s; on battery; 3.1 of 200 MB this month".
std::string economy_text(const client::Economy& economy) {
    std::string text = "profile " + economy.profile;
    if (economy.flows_max != 0) {
        text += ": " + std::to_string(economy.flows) + " of " + std::to_string(economy.flows_max) +
                " flows, at most " + std::to_string(economy.datagrams_per_second_max) +
                " datagrams a second";
    }
    if (economy.on_battery.value_or(false)) text += "; on battery";
    if (economy.metered.value_or(false)) text += "; metered connection";
    if (!economy.saves_because.empty()) text += "; saves: " + economy.saves_because;
    if (!economy.serves_nobody_because.empty())
        text += "; serves nobody: " + economy.serves_nobody_because;
    if (economy.connectivity == "portal") text += "; a captive portal is in the way";
    if (economy.budget_bytes != 0) {
        text += "; " + size_text(economy.used_bytes) + " of " + size_text(economy.budget_bytes) +
                " used this month";
    }
    return text;
}

/// "mdns works; ble waits: there is no Bluetooth adapter"; empty without local layers.
std::string nearby_text(const std::vector<client::LayerStatus>& layers) {
    std::string text;
    for (const client::LayerStatus& layer : layers) {
        if (layer.name != "mdns" && layer.name != "ble") continue;
        std::string word = layer.on ? layer.state : "off";
        if (word == "working") word = "works";
        if (word == "degraded") word = "works in part";
        if (word == "waiting") word = "waits";
        text += (text.empty() ? "" : "; ") + layer.name + ' ' + word;
        if (layer.on && !layer.reason.empty()) text += ": " + layer.reason;
    }
    return text;
}

/// "Ed25519; ML-DSA-65 not available: OpenSSL 3.0.19".
std::string signatures_text(const client::Signatures& signatures) {
    if (!signatures.post_quantum_available)
        return "Ed25519; ML-DSA-65 not available: " + signatures.crypto_library;
    if (signatures.post_quantum_policy == "off")
        return "Ed25519; ML-DSA-65 not used: identity.post_quantum = off";
    std::string text = "Ed25519 and ML-DSA-65";
    text += signatures.replicas == 0
                ? ", whose half is not stored yet"
                : ", whose half is at " + count_text(signatures.replicas, "node");
    return signatures.post_quantum_policy == "require" ? text + "; others must have both" : text;
}

std::string list_text(const client::BootstrapList& list) {
    std::string text = "none yet";
    if (list.number != 0) {
        // What the clock's nanoseconds have room for ends in 2262.
        const auto expires = std::chrono::system_clock::time_point(
            std::chrono::seconds(std::min<std::uint64_t>(list.expires, 9'000'000'000)));
        text = "number " + std::to_string(list.number) + " from " + list.from + ", " +
               count_text(list.nodes, "node") + ", until " + utc_text(expires).substr(0, 10);
    }
    if (!list.refused.empty()) text += "; refused from " + list.refused_from + ": " + list.refused;
    return text;
}

/// "(1.2, -3.4, 0, 5.6) ms, height 0.8 ms; predicts round trips to within 12 %". Too few round
/// trips leave an error of 100 %.
std::string coordinate_text(const std::optional<client::Coordinate>& coordinate) {
    if (!coordinate) return "unknown: no round trip was measured yet";
    const auto ms = [](std::chrono::microseconds span) {
        return json::Value(json::milliseconds(span)).text();
    };
    std::string at;
    for (const auto each : coordinate->at) at += (at.empty() ? "" : ", ") + ms(each);
    return '(' + at + ") ms, height " + ms(coordinate->height) + " ms; " +
           (coordinate->error_percent < 100 ? "predicts round trips to within " +
                                                  std::to_string(coordinate->error_percent) + " %"
                                            : "too new to predict round trips");
}

void show_status(const client::NodeStatus& status, bool with_counters, bool verbose,
                 Screen& screen) {
    show_verdict(status, screen);
    if (!status.peer.text.empty()) show_fact("you", status.peer.text, screen);
    if (status.abridged) {
        show_fact("reach", "hidden: your role is " + status.caller_role, screen);
    } else {
        std::string label = "reach";
        for (const auto& family : status.families) {
            if (family.enabled) show_fact(std::exchange(label, ""), reach_text(family), screen);
        }
    }
    if (status.port_mapping) show_fact("router", mapping_text(*status.port_mapping), screen);
    if (!status.datagram_relay.empty()) {
        show_fact("relay", status.datagram_relay + " carries all datagrams: UDP is blocked here",
                  screen);
    }
    show_fact("dht", table_text(status), screen);
    if (verbose) show_fact("place", coordinate_text(status.coordinate), screen);
    if (status.bootstrap_list) show_fact("list", list_text(*status.bootstrap_list), screen);
    if (!status.signatures.post_quantum_policy.empty())
        show_fact("signed", signatures_text(status.signatures), screen);
    if (status.crowded_regions != 0) {
        show_fact("alarm",
                  count_text(status.crowded_regions, "key") +
                      " with more nodes around than there can be; see: sovctl events",
                  screen);
    }
    std::string peers = count_text(status.sessions, "encrypted session");
    if (status.half_open != 0) peers += ", " + std::to_string(status.half_open) + " being set up";
    peers +=
        status.serving ? "; serving others" : "; not serving others (mode " + status.mode + ')';
    show_fact("peers", peers, screen);
    show_fact("links", connections_text(status.connections), screen);
    const std::string nearby = nearby_text(status.layers);
    if (!nearby.empty()) show_fact("nearby", nearby, screen);
    if (!status.abridged) show_fact("names", names_text(status.names), screen);
    if (!status.economy.profile.empty()) show_fact("spends", economy_text(status.economy), screen);
    show_fact("load", load_text(status), screen);
    if (!status.reasons.empty() || !status.connections.stuck.empty()) screen.line();
    for (const auto& one : status.connections.stuck) {
        screen.wrapped("  " + screen.paint(Paint::kWarning, screen.sign(Sign::kWarning)) + ' ' +
                           short_id(one.peer.text) + " is relayed for " + duration_text(one.age),
                       4);
        show_step("    do   ", "sovctl peer why " + one.peer.text, screen);
    }
    for (const client::Reason& reason : status.reasons) {
        screen.wrapped("  " + screen.paint(Paint::kWarning, screen.sign(Sign::kWarning)) + ' ' +
                           reason.sentence,
                       4);
        if (!reason.next_step.empty()) show_step("    do   ", reason.next_step, screen);
    }
    if (!with_counters) return;
    screen.line();
    Table table({{"count", true}, {"what"}});
    for (const auto& [name, count] : status.counters) table.row({std::to_string(count), name});
    table.print(screen, 2);
}

}  // namespace

int status(Errand& errand) {
    const auto answer =
        errand.ask([](client::Client& daemon,
                      const client::CallOptions& options) { return daemon.status(options); },
                   std::chrono::seconds(5));
    if (!answer) {
        json::Object data;
        if (answer.error().system_error != 0) data.set("state", "not_running");
        return errand.fail(answer.error(), std::move(data));
    }
    const bool good = answer->verdict == "online";
    const int exit_code = errand.input().has("strict") && !good ? 7 : 0;
    return errand.answer(
        status_json(*answer),
        [&](Screen& screen) {
            if (!errand.quiet())
                show_status(*answer, errand.input().has("counters"), errand.verbose(), screen);
        },
        exit_code);
}

}  // namespace sov::ctl::verbs
