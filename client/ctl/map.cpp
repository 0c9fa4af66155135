#include "client/ctl/map.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <map>
#include <numbers>

#include "client/ctl/chart.h"
#include "client/ctl/phrases.h"

namespace sov::ctl {
namespace {

constexpr double kSide = 720, kMiddle = kSide / 2, kRadius = 320;
/// Half a decade each; the last has no bound.
constexpr std::array<double, 7> kTripBoundsMs = {1, 3, 10, 30, 100, 300, 1000};

double trip_ms(const MapNode& node) { return static_cast<double>(node.round_trip.count()) / 1000; }

std::size_t trip_class(const MapNode& node) {
    return static_cast<std::size_t>(
        std::lower_bound(kTripBoundsMs.begin(), kTripBoundsMs.end(), trip_ms(node)) -
        kTripBoundsMs.begin());
}

std::string trip_class_name(std::size_t index) {
    std::array<char, 32> text{};
    if (index < kTripBoundsMs.size()) {
        std::snprintf(text.data(), text.size(), "up to %4.0f ms", kTripBoundsMs[index]);
    } else {
        std::snprintf(text.data(), text.size(), "over  %4.0f ms", kTripBoundsMs.back());
    }
    return text.data();
}

/// 0 in the middle to 1 at the rim: near in the space of ids, or in time, is near here.
double distance_of(const MapNode& node, MapKind kind) {
    if (kind == MapKind::kRouting) return std::exp2(-static_cast<double>(node.bucket) / 6);
    if (node.round_trip.count() == 0) return 1;
    return std::clamp((std::log10(trip_ms(node)) + 1) / 4, 0.08, 1.0);
}

/// The first 16 bits of a place as a part of the whole ring.
double turn_of(const std::string& place_hex) {
    unsigned first = 0;
    if (std::sscanf(place_hex.substr(0, 4).c_str(), "%x", &first) != 1) return 0;
    return static_cast<double>(first) / 65536;
}

template <typename... Values>
std::string formatted(const char* format, Values... values) {
    std::array<char, 256> text{};
    std::snprintf(text.data(), text.size(), format, values...);
    return text.data();
}

std::string trip_text(const MapNode& node) {
    return node.round_trip.count() == 0 ? "not measured" : duration_text(node.round_trip);
}

}  // namespace

std::vector<std::string> map_rows(const std::vector<MapNode>& nodes, MapKind kind,
                                  std::size_t width, bool utf8) {
    std::map<std::size_t, std::size_t> classes;
    std::size_t unmeasured = 0;
    for (const MapNode& node : nodes) {
        if (kind == MapKind::kRouting) {
            ++classes[node.bucket];
        } else if (node.round_trip.count() == 0) {
            ++unmeasured;
        } else {
            ++classes[trip_class(node)];
        }
    }
    std::size_t most = 0;
    for (const auto& [_, count] : classes) most = std::max(most, count);
    std::vector<std::string> rows;
    for (const auto& [index, count] : classes) {
        std::string name = trip_class_name(index);
        if (kind == MapKind::kRouting)
            name = formatted("%3u bits shared", static_cast<unsigned>(index));
        rows.push_back(name + "  " +
                       bar(static_cast<double>(count), static_cast<double>(most), width, utf8) +
                       ' ' + std::to_string(count));
    }
    if (unmeasured > 0) rows.push_back("not measured   " + std::to_string(unmeasured));
    return rows;
}

std::string map_dot(const std::string& self, const std::vector<MapNode>& nodes, MapKind kind) {
    std::string out =
        "graph sovereign {\n  layout=neato; overlap=false;\n"
        "  node [shape=ellipse, fontname=\"sans-serif\", fontsize=10];\n";
    out += "  \"" + self + "\" [label=\"this node\\n" + self + "\", shape=box];\n";
    for (const MapNode& node : nodes) {
        out += "  \"" + node.label + "\"" + (node.good ? "" : " [style=dashed]") + ";\n";
        out += "  \"" + self + "\" -- \"" + node.label +
               formatted("\" [len=%.2f", 0.5 + 4 * distance_of(node, kind));
        if (node.round_trip.count() > 0) out += ", label=\"" + trip_text(node) + "\"";
        out += "];\n";
    }
    return out + "}\n";
}

std::string map_svg(const std::string& self, const std::vector<MapNode>& nodes, MapKind kind) {
    std::string out = formatted(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%.0f\" height=\"%.0f\" "
        "viewBox=\"0 0 %.0f %.0f\" font-family=\"sans-serif\" font-size=\"9\">\n",
        kSide, kSide, kSide, kSide);
    out += "<title>" + std::to_string(nodes.size()) + " nodes known to " + self +
           (kind == MapKind::kRouting ? ", by place" : ", by round trip") + "</title>\n";
    out += "<rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n";
    for (const double ring : {0.25, 0.5, 0.75, 1.0}) {
        out += formatted(
            "<circle cx=\"%.0f\" cy=\"%.0f\" r=\"%.0f\" fill=\"none\" stroke=\"#ddd\"/>\n", kMiddle,
            kMiddle, kRadius * ring);
    }
    for (const MapNode& node : nodes) {
        const double angle = turn_of(node.place_hex) * 2 * std::numbers::pi - std::numbers::pi / 2;
        const double far = kRadius * distance_of(node, kind);
        const double x = kMiddle + far * std::cos(angle), y = kMiddle + far * std::sin(angle);
        out +=
            formatted("<line x1=\"%.0f\" y1=\"%.0f\" x2=\"%.1f\" y2=\"%.1f\" stroke=\"#ccd\"/>\n",
                      kMiddle, kMiddle, x, y);
        out += formatted("<circle cx=\"%.1f\" cy=\"%.1f\" r=\"5\" fill=\"%s\"><title>", x, y,
                         node.good ? "#2a6fb0" : "#c0562a");
        out += node.label + ", " + trip_text(node) + "</title></circle>\n";
        out += formatted("<text x=\"%.1f\" y=\"%.1f\">", x + 7, y + 3) + node.label + "</text>\n";
    }
    out += formatted("<circle cx=\"%.0f\" cy=\"%.0f\" r=\"8\" fill=\"#222\"/>\n", kMiddle, kMiddle);
    return out + "</svg>\n";
}

}  // namespace sov::ctl
