#include "tests/sim/oracle.h"

#include <algorithm>

namespace sov::sim {

std::vector<NodeIndex> Oracle::closest(const Key& place, std::size_t count) const {
    std::vector<NodeIndex> servers;
    for (const NodeIndex index : world_.living()) {
        if (world_.node(index).status(world_.now()).serving) servers.push_back(index);
    }
    const std::size_t kept = std::min(count, servers.size());
    std::partial_sort(servers.begin(), servers.begin() + static_cast<std::ptrdiff_t>(kept),
                      servers.end(), [&](NodeIndex a, NodeIndex b) {
                          return closer(place, world_.node(a).node_id(), world_.node(b).node_id());
                      });
    servers.resize(kept);
    return servers;
}

std::size_t Oracle::holders(const Key& key, const PeerId& owner) const {
    std::size_t count = 0;
    for (const NodeIndex index : world_.living()) {
        for (const HeldRecord& held : world_.node(index).held_records(world_.now())) {
            const bool same = held.key == key && held.head.owner == owner;
            if (same && !held.head.tombstone) ++count;
        }
    }
    return count;
}

NodeIndex Oracle::node_of(const PeerId& peer) const {
    for (const NodeIndex index : world_.living()) {
        if (world_.node(index).peer_id() == peer) return index;
    }
    return static_cast<NodeIndex>(world_.size());
}

}  // namespace sov::sim
