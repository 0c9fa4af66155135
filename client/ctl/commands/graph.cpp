#include <map>

#include "client/ctl/commands/verbs.h"
#include "client/ctl/errand.h"
#include "client/ctl/map.h"
#include "client/ctl/phrases.h"

namespace sov::ctl::verbs {
namespace {

std::vector<MapNode> map_nodes(const client::RoutingTable& routing,
                               const std::vector<client::Session>& sessions) {
    std::map<std::string, std::chrono::microseconds> trips;
    for (const client::Session& session : sessions) trips[session.node.text] = session.round_trip;
    std::vector<MapNode> nodes;
    for (const client::TableEntry& entry : routing.entries) {
        const client::NodeId& node = entry.contact.node;
        const auto trip = trips.find(node.text);
        nodes.push_back({short_id(node.place_hex), node.place_hex, entry.bucket, entry.strikes == 0,
                         trip == trips.end() ? std::chrono::microseconds(0) : trip->second});
    }
    return nodes;
}

json::Object node_json(const MapNode& node) {
    json::Object object;
    object.set("place", node.place_hex).set("shared_bits", node.bucket).set("good", node.good);
    if (node.round_trip.count() > 0)
        object.set("round_trip_ms", json::milliseconds(node.round_trip));
    return object;
}

void show_map(const std::vector<MapNode>& nodes, MapKind kind, Screen& screen) {
    if (nodes.empty())
        return screen.line("the table is empty: nobody has answered yet (sovctl status says why)");
    for (const std::string& row : map_rows(nodes, kind, 40, screen.terminal().utf8))
        screen.line(row);
    screen.line(count_text(nodes.size(), "node") +
                "; a picture: sovctl graph --format svg > map.svg");
}

}  // namespace

int graph(Errand& errand) {
    const MapKind kind =
        errand.input().value("what") == "latency" ? MapKind::kLatency : MapKind::kRouting;
    const auto routing = errand.ask([](client::Client& daemon, const client::CallOptions& options) {
        return daemon.table(false, options);
    });
    if (!routing) return errand.fail(routing.error());
    const auto sessions =
        errand.ask([](client::Client& daemon, const client::CallOptions& options) {
            return daemon.sessions(options);
        });
    if (!sessions) return errand.fail(sessions.error());
    const auto nodes = map_nodes(*routing, *sessions);
    const std::string self = short_id(routing->self.place_hex);
    json::Array array;
    for (const MapNode& node : nodes) array.emplace_back(node_json(node));
    json::Object data;
    data.set("self", routing->self.place_hex).set("nodes", std::move(array));
    const std::string_view format = errand.input().value("format");
    if (format == "dot") return errand.raw(std::move(data), map_dot(self, nodes, kind));
    if (format == "svg") return errand.raw(std::move(data), map_svg(self, nodes, kind));
    return errand.answer(std::move(data), [&](Screen& screen) { show_map(nodes, kind, screen); });
}

}  // namespace sov::ctl::verbs
