#pragma once

#include <vector>

#include "tests/sim/world.h"

namespace sov::sim {

/// Ground truth: sees all nodes at once, as no node can. Every question costs a pass over the
/// world.
class Oracle {
  public:
    explicit Oracle(const World& world) : world_(world) {}

    /// The living, serving nodes nearest to a place, nearest first.
    std::vector<NodeIndex> closest(const Key& place, std::size_t count) const;
    /// How many living nodes hold a record of this owner at this key, tombstones not counted.
    std::size_t holders(const Key& key, const PeerId& owner) const;
    /// The node of a user key; the world's size when there is none.
    NodeIndex node_of(const PeerId& peer) const;

  private:
    const World& world_;
};

}  // namespace sov::sim
