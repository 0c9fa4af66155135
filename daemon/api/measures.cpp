#include "daemon/api/measures.h"

#include <algorithm>
#include <array>

#include "daemon/api/post_table.h"
#include "daemon/api/verdict.h"

namespace sov::api {
namespace {

using ports::Measures;

double number(std::size_t count) { return static_cast<double>(count); }
double number(bool yes) { return yes ? 1 : 0; }
double seconds(Duration span) { return std::chrono::duration<double>(span).count(); }

/// Counters of one family become one measure with a label.
struct Group {
    std::string_view prefix, name, help, label;
};
constexpr std::array kGroups = {
    Group{"drop_", "sovereign_datagrams_dropped_total", "Datagrams dropped, by reason.", "reason"},
    Group{"served_", "sovereign_requests_served_total", "Requests of other nodes, by kind.",
          "kind"},
    Group{"mdns_", "sovereign_mdns_announcements_total", "What was heard by mDNS, by what it was.",
          "what"},
};
/// Names that say units as Prometheus wants them.
constexpr std::array<std::pair<std::string_view, std::string_view>, 4> kRenamed = {{
    {"datagrams_in", "sovereign_received_datagrams_total"},
    {"datagrams_out", "sovereign_sent_datagrams_total"},
    {"bytes_in", "sovereign_received_bytes_total"},
    {"bytes_out", "sovereign_sent_bytes_total"},
}};

const Group* group_of(std::string_view counter) {
    const auto found = std::find_if(kGroups.begin(), kGroups.end(), [&](const Group& group) {
        return counter.starts_with(group.prefix);
    });
    return found == kGroups.end() ? nullptr : &*found;
}

void add_counters(const Counters& counters, Measures& measures) {
    counters.for_each([&](std::string_view name, std::uint64_t value) {
        if (group_of(name) != nullptr) return;
        const auto renamed = std::find_if(kRenamed.begin(), kRenamed.end(),
                                          [&](const auto& row) { return row.first == name; });
        const std::string full = renamed != kRenamed.end()
                                     ? std::string(renamed->second)
                                     : "sovereign_" + std::string(name) + "_total";
        measures.counter(full, "Counter " + std::string(name) + " of the node, since its start.",
                         static_cast<double>(value));
    });
    for (const Group& group : kGroups) {
        counters.for_each([&](std::string_view name, std::uint64_t value) {
            if (group_of(name) != &group) return;
            measures.counter(group.name, group.help, static_cast<double>(value),
                             {group.label, name.substr(group.prefix.size())});
        });
    }
}

std::string_view verdict_word(VerdictWord word) {
    switch (word) {
        case VerdictWord::kStarting: return "starting";
        case VerdictWord::kOnline: return "online";
        case VerdictWord::kDegraded: return "degraded";
        case VerdictWord::kOffline: return "offline";
    }
    return "unknown";
}

void add_verdict(const Desk& desk, Instant now, const Node& node, const NodeStatus& status,
                 Measures& measures) {
    const Verdict verdict = judge(
        {status, node.bootstrap(now), node.own_names(), desk.host.layers(), desk.host.facts().mode,
         desk.host.store_problem(), desk.host.store_notice(), desk.host.economy(),
         desk.host.vault().next().has_value(), any_disputed(node.hand_overs())});
    for (const auto word : {VerdictWord::kStarting, VerdictWord::kOnline, VerdictWord::kDegraded,
                            VerdictWord::kOffline}) {
        measures.gauge("sovereign_verdict", "1 for the word that sovctl status begins with.",
                       number(verdict.word == word), {"word", verdict_word(word)});
    }
    measures.gauge("sovereign_verdict_reasons", "What needs attention, as sovctl status lists it.",
                   number(verdict.reasons.size()));
    measures.gauge("sovereign_store_failing", "1 while the database can't be written.",
                   number(!desk.host.store_problem().empty()));
}

void add_families(const NodeStatus& status, Measures& measures) {
    struct Row {
        std::string_view word;
        const FamilyStatus* family;
    };
    const std::array<Row, 2> rows = {{{"ipv4", &status.v4}, {"ipv6", &status.v6}}};
    for (const Row& row : rows) {
        measures.gauge("sovereign_table_nodes", "Confirmed entries of the routing table.",
                       number(row.family->table_nodes), {"family", row.word});
    }
    for (const Row& row : rows) {
        measures.gauge("sovereign_table_fresh_nodes", "Of them, those that answered lately.",
                       number(row.family->table_fresh), {"family", row.word});
    }
    for (const Row& row : rows) {
        measures.gauge("sovereign_reachable", "1 when strangers can reach this node.",
                       number(row.family->reachability == Reachability::kServer),
                       {"family", row.word});
    }
}

void add_node(Instant now, const Node& node, const NodeStatus& status, Measures& measures) {
    measures.gauge("sovereign_ready", "1 when the node has joined the network.",
                   number(status.state == DiscoveryState::kReady));
    measures.gauge("sovereign_serving", "1 while others may put this node into their tables.",
                   number(status.serving));
    measures.gauge("sovereign_contacts_known", "Contacts known, of both families.",
                   number(status.contacts_known));
    measures.gauge("sovereign_round_trips_known", "Peers whose round trip was measured.",
                   number(status.round_trips_known));
    measures.gauge("sovereign_place_error_percent",
                   "How far off round trips are predicted (Vivaldi); 100: no place yet.",
                   status.coordinate ? status.coordinate->error : Coordinate::kErrorMost);
    measures.gauge("sovereign_network_size_nodes", "Nodes in the network, estimated; 0: unknown.",
                   static_cast<double>(status.network_size));
    measures.gauge("sovereign_sessions", "Encrypted sessions with nodes.", number(status.sessions));
    measures.gauge("sovereign_half_open_sessions", "Handshakes under way.",
                   number(status.half_open));
    measures.gauge("sovereign_records", "Records kept for others.", number(status.records));
    measures.gauge("sovereign_record_bytes", "Their size.", number(status.record_bytes));
    measures.gauge("sovereign_lookups_running", "Lookups under way.",
                   number(status.lookups_running));
    measures.gauge("sovereign_own_record_replicas", "Nodes that keep this peer's record.",
                   status.own_record_replicas);
    measures.gauge("sovereign_own_record_age_seconds", "Since it was last stored; 0: never.",
                   seconds(status.own_record_age));
    measures.gauge("sovereign_eclipse_suspected", "1 when one party may surround this node.",
                   number(status.eclipse_suspected));
    measures.gauge("sovereign_crowded_regions", "Keys with more nodes around than there can be.",
                   number(status.crowded_regions));
    measures.gauge("sovereign_neighbours", "Peers nearby, by mDNS or Bluetooth.",
                   number(node.neighbours().size()));
    measures.gauge("sovereign_friends", "Peers that this user has added.",
                   number(node.friends(now).size()));
    auto trips = node.sessions(now);
    std::erase_if(trips,
                  [](const PeerSession& session) { return session.round_trip.count() == 0; });
    const auto middle = trips.begin() + static_cast<std::ptrdiff_t>(trips.size() / 2);
    std::nth_element(
        trips.begin(), middle, trips.end(),
        [](const PeerSession& a, const PeerSession& b) { return a.round_trip < b.round_trip; });
    measures.gauge("sovereign_session_round_trip_median_seconds",
                   "Round trip of the median session; 0: none measured.",
                   trips.empty() ? 0 : seconds(middle->round_trip));
    const auto layers = node.layers();
    for (const LayerStatus& layer : layers) {
        measures.gauge("sovereign_layer_on", "1 for discovery layers that are switched on.",
                       number(layer.on), {"layer", layer.name});
    }
    for (const LayerStatus& layer : layers) {
        measures.gauge("sovereign_layer_working", "1 for discovery layers that do all they can.",
                       number(layer.report.state == discovery::LayerState::kWorking),
                       {"layer", layer.name});
    }
}

void add_economy(const EconomyFacts& facts, const NodeStatus& status, Measures& measures) {
    measures.gauge("sovereign_flows", "Endpoints on the Internet that a NAT keeps a mapping for.",
                   number(status.flows));
    measures.gauge("sovereign_flows_max", "The most of them; 0: no bound.",
                   number(facts.flows_max));
    measures.gauge("sovereign_saving", "1 while tables are looked after more rarely.",
                   number(facts.economy.saves));
    measures.gauge("sovereign_traffic_month_bytes", "To and from the Internet in this month.",
                   static_cast<double>(facts.used));
    measures.gauge("sovereign_traffic_budget_bytes", "Allowed in a month; 0: no bound.",
                   static_cast<double>(facts.budget));
    measures.gauge("sovereign_clock_off_seconds",
                   "How far the clock of the host is from the time gone by; 0: it is believed.",
                   seconds(facts.clock_off));
}

void add_connections(const Desk& desk, Measures& measures) {
    std::size_t open = 0, streams = 0;
    std::array<std::size_t, 3> by_path{};
    if (desk.hub.present()) {
        for (const hub::ConnectionView& view : desk.hub.hub().connections()) {
            ++open;
            streams += view.streams;
            ++by_path[static_cast<std::size_t>(view.path)];
        }
    }
    measures.gauge("sovereign_connections_open", "Connections with peers.", number(open));
    for (const auto path :
         {hub::PathClass::kLan, hub::PathClass::kDirect, hub::PathClass::kRelayed}) {
        measures.gauge("sovereign_connections", "Connections with peers, by path.",
                       number(by_path[static_cast<std::size_t>(path)]),
                       {"path", hub::path_class_name(path)});
    }
    measures.gauge("sovereign_streams", "Streams of apps.", number(streams));
    measures.gauge("sovereign_messages_waiting", "Messages without a receipt yet.",
                   desk.post.present() ? number(desk.post.courier().outgoing().size()) : 0);
    measures.gauge("sovereign_event_readers", "Apps that watch events.",
                   number(desk.history.readers()));
    measures.gauge("sovereign_commands_waiting", "Calls that wait for the network.",
                   number(desk.bridge.waiting()));
    if (!desk.accepted) return;
    const Listener::Counts counts = desk.accepted();
    const std::array<std::pair<std::string_view, std::uint64_t>, 5> rows = {
        {{"accepted", counts.accepted},
         {"refused", counts.refused},
         {"no_descriptor", counts.out_of_descriptors},
         {"hasty", counts.cut},
         {"silent", counts.silent}}};
    for (const auto& [word, count] : rows) {
        measures.counter("sovereign_api_connections_total",
                         "Connections of apps, by what became of them.", static_cast<double>(count),
                         {"outcome", word});
    }
}

}  // namespace

void add_measures(const Desk& desk, Instant now, const Node& node, Measures& measures) {
    const NodeStatus status = node.status(now);
    measures.gauge("sovereign_build_info", "Always 1; the label is the version.", 1,
                   {"version", desk.host.facts().version});
    measures.gauge("sovereign_uptime_seconds", "Since the daemon started.",
                   seconds(std::chrono::steady_clock::now() - desk.started));
    add_verdict(desk, now, node, status, measures);
    add_node(now, node, status, measures);
    add_families(status, measures);
    add_economy(desk.host.economy(), status, measures);
    add_connections(desk, measures);
    if (desk.meter != nullptr) desk.meter->add_to(measures);
    add_counters(node.counters(), measures);
    desk.host.add_measures(measures);
}

}  // namespace sov::api
