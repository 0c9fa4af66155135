#include <algorithm>
#include <chrono>

#include "tests/sim/pairs.h"
#include "tests/sim/scenarios/scenario.h"
#include "tests/sim/settlement.h"

// What lookups cost, and what they cost others.

namespace sov::sim {

namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

// Lookups that go all the way: every one of the nearest nodes must have answered.
struct FullLookups {
    std::uint64_t open = 0, asked = 0, hops = 0;
    std::vector<Duration> times;

    void begin(World& world, NodeIndex asker) {
        ++open;
        Key place;
        world.crypto().fill_random(place.bytes);
        world.get(asker, place, [this, &world, began = world.now()](const Event& event) {
            --open;
            times.push_back(world.now() - began);
            const auto* finished = std::get_if<GetFinished>(&event);
            if (finished == nullptr) return;
            asked += finished->gotten.lookup.asked;
            hops += finished->gotten.lookup.hops;
        });
    }
};

// How many datagrams a full lookup causes: those of a time with lookups, less those of as long a
// time without.
Figure packets_of_lookups(World& world, Settlement& settlement, std::uint32_t count) {
    constexpr milliseconds kPause{200};
    const std::uint64_t before = world.totals().datagrams;
    world.run_for(kPause * count);
    const std::uint64_t between = world.totals().datagrams;
    const Instant began = world.now();
    FullLookups full;
    for (std::uint32_t number = 0; number < count; ++number) {
        full.begin(world, settlement.asker());
        world.run_for(kPause);
    }
    world.run_while_not([&] { return full.open == 0; }, minutes{1});
    const auto took = static_cast<std::uint64_t>((world.now() - began) / kPause);
    const std::uint64_t other = (between - before) * took / count;
    const std::uint64_t all = world.totals().datagrams - between;
    return Figure::mean("packets a full lookup", all - std::min(all, other), count, "");
}

}  // namespace

// One contact in ten is dead and nobody has noticed yet, one datagram in fifty is lost, on a map
// with the latencies of the design's model.
void run_dead_contacts(const RunOptions& options, RunReport& report) {
    World::Options world_options = seeded(options);
    world_options.net.model = NetOptions::Model::kMap;
    world_options.net.loss_per_mille = 20;
    World world(world_options);
    Settlement settlement(world);
    settlement.active(kAskers);
    settlement.quiet(options.nodes - kAskers);
    settlement.found();
    std::vector<NodeIndex> quiet = settlement.honest_nodes();
    std::erase_if(quiet, [&](NodeIndex index) {
        const auto& active = settlement.active_nodes();
        return std::binary_search(active.begin(), active.end(), index);
    });
    for (std::uint32_t number = 0; number < options.nodes / 10; ++number) {
        const auto at = static_cast<std::ptrdiff_t>(world.rng().below(quiet.size()));
        world.kill(quiet[static_cast<std::size_t>(at)]);
        quiet.erase(quiet.begin() + at);
    }
    Pairs pairs(world);
    FullLookups full;
    for (std::uint32_t number = 0; number < options.lookups; ++number) {
        const NodeIndex publisher = settlement.asker(), getter = settlement.asker();
        pairs.publish_and_get(make_person(world), publisher, {getter});
        full.begin(world, settlement.asker());
        world.run_for(milliseconds{200});
    }
    pairs.finish(minutes{2});
    world.run_while_not([&] { return full.open == 0; }, minutes{1});
    report.passed = true;
    report.lookups = pairs.gotten;
    report.lookups_right = pairs.right;
    report.p50_ms = whole_ms(pairs.get_percentile(50));
    report.p95_ms = whole_ms(pairs.get_percentile(95));
    report.figures.push_back(
        Figure::share("published and found", pairs.right, options.lookups).at_least(9990));
    report.figures.push_back(
        Figure::count("first value p50", whole_ms(pairs.get_percentile(50)), "ms").at_most(120));
    report.figures.push_back(
        Figure::count("full lookup p50", whole_ms(Pairs::percentile(full.times, 50)), "ms")
            .at_most(1000));
    report.figures.push_back(
        Figure::count("full lookup p95", whole_ms(Pairs::percentile(full.times, 95)), "ms"));
    report.take_totals(world);
}

void run_growth(const RunOptions& options, RunReport& report) {
    const std::uint64_t heap_before = heap_bytes();
    World::Options world_options = seeded(options);
    world_options.check_invariants_every = 0;
    World world(world_options);
    {
        Settlement settlement(world);
        settlement.active(kAskers);
        settlement.quiet(options.nodes - kAskers);
        const auto began = std::chrono::steady_clock::now();
        settlement.found();
        report.founding_ms = whole_ms(
            std::chrono::duration_cast<Duration>(std::chrono::steady_clock::now() - began));
        world.reset_totals();
        Pairs pairs(world);
        FullLookups full;
        for (std::uint32_t number = 0; number < options.lookups; ++number) {
            const NodeIndex publisher = settlement.asker(), getter = settlement.asker();
            pairs.publish_and_get(make_person(world), publisher, {getter});
            full.begin(world, settlement.asker());
            world.run_for(milliseconds{200});
        }
        pairs.finish(minutes{2});
        world.run_while_not([&] { return full.open == 0; }, minutes{1});
        report.passed = true;
        report.lookups = pairs.gotten;
        report.lookups_right = pairs.right;
        report.p50_ms = whole_ms(pairs.get_percentile(50));
        report.figures.push_back(
            Figure::share("published and found", pairs.right, options.lookups).at_least(9990));
        report.figures.push_back(
            Figure::mean("hops a full lookup", full.hops, options.lookups, ""));
        report.figures.push_back(
            Figure::mean("asked per full lookup", full.asked, options.lookups, "nodes"));
        report.figures.push_back(packets_of_lookups(world, settlement, options.lookups));
        report.figures.push_back(
            Figure::mean("asked per publish", pairs.publish_asked, pairs.published, "nodes"));
        report.figures.push_back(
            Figure::mean("asked per get", pairs.get_asked, pairs.gotten, "nodes"));
        const Counters counters = all_counters(world);
        report.figures.push_back(
            Figure::share("lookups widened", counters.lookups_widened, counters.lookups_started));
        report.figures.push_back(
            Figure::count("full lookup p50", whole_ms(Pairs::percentile(full.times, 50)), "ms"));
    }
    report.bytes_per_node = (heap_bytes() - heap_before) / options.nodes;
    report.take_totals(world);
}

// Every node looks something up once a minute, and one in ten of all nodes answers with made-up
// nodes that are all said to be at one address, whose owner has nothing to do with any of it.
void run_victim(const RunOptions& options, RunReport& report) {
    constexpr std::uint32_t kMinutes = 120;
    World world(seeded(options));
    Settlement settlement(world);
    settlement.hostile(options.nodes / 10, Conduct::kNamesVictim);
    settlement.quiet(options.nodes);
    const Endpoint victim = host_v4(2'000'000);
    // Enough made-up keys that some are nearer to any place than the true nodes.
    for (std::uint32_t number = 0; number < 20 * options.nodes; ++number) {
        NodeKey key;
        world.crypto().fill_random(key.bytes);
        Endpoint address = victim;
        address.port = static_cast<std::uint16_t>(1024 + number % 60'000);
        settlement.conspiracy().made_up.add(identity::node_id(world.crypto(), key),
                                            Contact::of(key, address), true);
    }
    settlement.conspiracy().made_up.sort();
    settlement.found();
    std::map<std::uint64_t, std::uint64_t> by_second;
    std::uint64_t reached = 0;
    world.on_transmit([&](NodeIndex, const Transmit& packet) {
        if (near_prefix(packet.to.remote) != near_prefix(victim)) return;
        ++reached;
        ++by_second[whole_ms(world.now().time_since_epoch()) / 1000];
    });
    FullLookups full;
    const auto& honest = settlement.honest_nodes();
    for (std::uint32_t minute = 0; minute < kMinutes; ++minute) {
        for (const NodeIndex asker : honest) {
            full.begin(world, asker);
            world.run_for(Duration(minutes{1}) / static_cast<Duration::rep>(honest.size()));
        }
    }
    world.run_while_not([&] { return full.open == 0; }, minutes{1});
    std::uint64_t most = 0;
    for (const auto& [second, packets] : by_second) most = std::max(most, packets);
    report.passed = true;
    Figure mean = Figure::mean("packets a second to the victim", reached * 10, kMinutes * 60, "");
    mean.decimals = 2;
    report.figures.push_back(std::move(mean).at_most(100));
    report.figures.push_back(Figure::count("most in one second", most, "packets"));
    report.figures.push_back(
        Figure::mean("asked per full lookup", full.asked, kMinutes * honest.size(), "nodes"));
    report.take_totals(world);
}

}  // namespace sov::sim
