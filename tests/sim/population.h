#pragma once

#include <set>
#include <string>
#include <vector>

#include "tests/sim/world.h"

namespace sov::sim {

/// The usual way to fill a world and to wear it down.
class Population {
  public:
    /// `plan` is what every node is like; its bootstraps are chosen here.
    Population(World& world, NodePlan plan) : world_(world), plan_(std::move(plan)) {}

    /// Adds nodes one after the other, evenly over `span`, each told about up to three nodes that
    /// are there already. The first few are what the others find on their bootstrap lists.
    void join(std::size_t count, Duration span);
    /// Waits until every living node has been ready once; false when some are not within `most`.
    bool all_ready(Duration most);
    /// This many living nodes, chosen at random, vanish without a word; none of those in `spared`.
    void vanish(std::size_t count, const std::set<NodeIndex>& spared);
    /// As many nodes vanish and join at once: `per_mille` of those that live.
    void churn(std::uint64_t per_mille, const std::set<NodeIndex>& spared);
    /// A living node, chosen at random.
    NodeIndex anybody();

  private:
    std::vector<NodeIndex> some_bootstraps();

    World& world_;
    NodePlan plan_;
};

}  // namespace sov::sim
