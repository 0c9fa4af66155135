#include <algorithm>
#include <map>
#include <set>

#include "tests/sim/flooder.h"
#include "tests/sim/pairs.h"
#include "tests/sim/scenarios/scenario.h"
#include "tests/sim/settlement.h"

// A node restarts while somebody tries to be all that it knows.

namespace sov::sim {

namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr std::size_t kAnchors = 8, kCached = 64, kHonestInbound = 60;
constexpr std::size_t kFloodPerHonest = 20, kLater = 4000, kBuckets = 9;

constexpr Duration kFloodTime = minutes{5};

// Keys whose ids share `bits` leading bits with the victim's, and not one more.
identity::SigningKey key_in_bucket(World& world, const NodeId& victim, int bits) {
    while (true) {
        const auto key = identity::make_node_key(world.crypto(), 0);
        const NodeId id = identity::node_id(world.crypto(), NodeKey{key.public_key});
        if (common_prefix_bits(id, victim) == bits) return key;
    }
}

// Everything about the attack: its members' ids are spread evenly over the victim's buckets and
// their addresses over 256 /24s, no two of them in one /16.
void flood(World& world, Settlement& settlement, const Contact& victim, const NodeId& victim_id,
           std::size_t members) {
    constexpr std::uint32_t kSubnets = 256;
    const Adversary::Setting setting{world.crypto(), world.book(), world.limits(),
                                     settlement.conspiracy(), NodePlan{}.network};
    std::vector<std::unique_ptr<Flooder>> flooders;
    std::vector<Endpoint> addresses;
    const std::size_t early = kHonestInbound * kFloodPerHonest;
    for (std::size_t number = 0; number < members; ++number) {
        const auto bucket = static_cast<int>(number % kBuckets);
        const auto key = key_in_bucket(world, victim_id, bucket);
        Endpoint address = host_v4(1'000'000 + static_cast<std::uint32_t>(number) % kSubnets);
        address.address[3] = static_cast<std::uint8_t>(1 + number / kSubnets);
        const Instant first = number < early
                                  ? Instant{} + kFloodTime / early * number
                                  : Instant{} + kFloodTime + milliseconds{50} * (number - early);
        settlement.conspiracy().own_side.add(
            identity::node_id(world.crypto(), NodeKey{key.public_key}),
            Contact::of(NodeKey{key.public_key}, address), true);
        flooders.push_back(std::make_unique<Flooder>(setting, key, Conduct::kColludes,
                                                     world.rng().next(), victim, first));
        addresses.push_back(address);
    }
    settlement.conspiracy().own_side.sort();
    for (std::size_t number = 0; number < members; ++number) {
        world.add(std::move(flooders[number]), addresses[number]);
    }
}

}  // namespace

void run_restart_flood(const RunOptions& options, RunReport& report) {
    World world(seeded(options));
    Settlement settlement(world);
    settlement.active(kAskers);
    settlement.quiet(options.nodes - kAskers);
    settlement.found();
    // The victim remembers some of the network from its last life.
    NodePlan plan;
    plan.node_key = identity::make_node_key(world.crypto(), 0);
    const auto& honest = settlement.honest_nodes();
    for (std::size_t number = 0; number < kAnchors + kCached; ++number) {
        const Contact known = world.contact(honest[world.rng().below(honest.size())]);
        (number < kAnchors ? plan.anchors : plan.cached_peers).push_back(known);
    }
    const NodeIndex victim = world.add(plan);
    const std::size_t members =
        kHonestInbound * kFloodPerHonest + std::min<std::size_t>(kLater, 2 * options.nodes);
    flood(world, settlement, world.contact(victim), world.node(victim).node_id(), members);
    // Honest newcomers who hear of the victim as early as the flood does.
    for (std::size_t number = 0; number < kHonestInbound; ++number) {
        world.schedule(Instant{} + kFloodTime / kHonestInbound * number, [&] {
            NodePlan newcomer;
            newcomer.bootstraps = {victim, settlement.asker()};
            world.add(newcomer);
        });
    }
    world.run_until(Instant{} + kFloodTime + milliseconds{50} * kLater + minutes{1});
    std::uint64_t hostile = 0, all = 0;
    std::map<int, std::uint64_t> hostile_in;
    for (const TableEntry& entry : world.node(victim).table(world.now())) {
        if (entry.replacement) continue;
        ++all;
        const auto nearest = settlement.conspiracy().own_side.nearest(entry.id, 1);
        const bool theirs = nearest.front()->id == entry.id;
        hostile += theirs ? 1U : 0U;
        hostile_in[entry.bucket] += theirs ? 1U : 0U;
    }
    std::uint64_t worst = 0;
    for (const auto& [bucket, there] : hostile_in) worst = std::max(worst, there);
    Pairs pairs(world);
    for (std::uint32_t number = 0; number < options.lookups; ++number) {
        pairs.publish_and_get(make_person(world), settlement.asker(), {victim});
        world.run_for(milliseconds{200});
    }
    pairs.finish(minutes{1});
    report.passed = true;
    report.lookups = pairs.gotten;
    report.lookups_right = pairs.right;
    report.figures.push_back(
        Figure::share("hostile entries in the table", hostile, all).at_most(2500));
    report.figures.push_back(Figure::count("entries in the table", all, "nodes").at_least(100));
    report.figures.push_back(
        Figure::share("lookups right afterwards", pairs.right, options.lookups).at_least(9900));
    report.figures.push_back(
        Figure::share("places of one bucket that are hostile", worst, world.limits().bucket_size)
            .at_most(5000));
    world.check_all_invariants();
    report.take_totals(world);
}

}  // namespace sov::sim
