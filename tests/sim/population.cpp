#include "tests/sim/population.h"

#include <algorithm>

namespace sov::sim {

namespace {

constexpr std::size_t kBootstrapsPerNode = 3;
constexpr std::size_t kWellKnown = 16;  // how many nodes are on everybody's lists

}  // namespace

std::vector<NodeIndex> Population::some_bootstraps() {
    auto known = world_.living();
    if (known.size() > kWellKnown) known.resize(kWellKnown);
    std::vector<NodeIndex> chosen;
    while (!known.empty() && chosen.size() < kBootstrapsPerNode) {
        const auto at = static_cast<std::ptrdiff_t>(world_.rng().below(known.size()));
        chosen.push_back(known[static_cast<std::size_t>(at)]);
        known.erase(known.begin() + at);
    }
    return chosen;
}

void Population::join(std::size_t count, Duration span) {
    const Instant start = world_.now();
    for (std::size_t number = 0; number < count; ++number) {
        world_.run_until(start + span / static_cast<Duration::rep>(count) *
                                     static_cast<Duration::rep>(number));
        NodePlan plan = plan_;
        plan.bootstraps = some_bootstraps();
        world_.add(plan);
    }
}

bool Population::all_ready(Duration most) {
    std::size_t checked = 0;
    const auto nodes = world_.living();
    // Nodes that were ready are not asked again: the question costs a copy of a status.
    return world_.run_while_not(
        [&] {
            while (checked < nodes.size() &&
                   (!world_.alive(nodes[checked]) ||
                    world_.node(nodes[checked]).status(world_.now()).state ==
                        DiscoveryState::kReady)) {
                ++checked;
            }
            return checked == nodes.size();
        },
        most);
}

void Population::vanish(std::size_t count, const std::set<NodeIndex>& spared) {
    auto candidates = world_.living();
    std::erase_if(candidates, [&](NodeIndex index) { return spared.count(index) > 0; });
    for (std::size_t number = 0; number < count && !candidates.empty(); ++number) {
        const auto at = static_cast<std::ptrdiff_t>(world_.rng().below(candidates.size()));
        world_.kill(candidates[static_cast<std::size_t>(at)]);
        candidates.erase(candidates.begin() + at);
    }
}

void Population::churn(std::uint64_t per_mille, const std::set<NodeIndex>& spared) {
    const std::size_t count = world_.living().size() * per_mille / 1000;
    vanish(count, spared);
    for (std::size_t number = 0; number < count; ++number) {
        NodePlan plan = plan_;
        plan.bootstraps = some_bootstraps();
        world_.add(plan);
    }
}

NodeIndex Population::anybody() {
    while (true) {
        const auto index = static_cast<NodeIndex>(world_.rng().below(world_.size()));
        if (world_.alive(index)) return index;
    }
}

}  // namespace sov::sim
