#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

// Pictures of the nodes that this one knows: for a terminal, for Graphviz and as SVG.

namespace sov::ctl {

/// A node on the map.
struct MapNode {
    std::string label;                        ///< the start of its place
    std::string place_hex;                    ///< 40 digits
    std::uint32_t bucket = 0;                 ///< leading bits shared with our place
    bool good = true;                         ///< answered when it was last asked
    std::chrono::microseconds round_trip{0};  ///< 0: not measured
};

enum class MapKind : unsigned char {
    kRouting,  ///< by how many bits of the place are shared
    kLatency,  ///< by how long an answer takes
};

/// A line for each class that has nodes: its name, a bar, how many. `width` bounds the bar.
std::vector<std::string> map_rows(const std::vector<MapNode>& nodes, MapKind kind,
                                  std::size_t width, bool utf8);

/// An undirected graph for `dot` or `neato`: us in the middle, an edge to each node with its
/// distance as length.
std::string map_dot(const std::string& self, const std::vector<MapNode>& nodes, MapKind kind);

/// A square picture: us in the middle, the angle of a node from its place, so that the ring is the
/// space of ids, its distance from the middle by `kind`. Needs no script and no font of its own.
std::string map_svg(const std::string& self, const std::vector<MapNode>& nodes, MapKind kind);

}  // namespace sov::ctl
