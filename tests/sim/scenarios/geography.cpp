#include "tests/sim/pairs.h"
#include "tests/sim/scenarios/scenario.h"
#include "tests/sim/settlement.h"

// What is gained by asking the nearer of two equally good nodes first.

namespace sov::sim {

namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;

/// Long enough that every bucket was refreshed once, which is when nodes measure each other.
constexpr minutes kEverydayLife{30};
constexpr std::uint32_t kStoredValues = 50;
constexpr std::size_t kValueBytes = 16 << 10;

// What one world shows: with round trips, or without them.
struct Outcome {
    Duration first_p50{0}, first_p95{0}, value_p50{0};
    std::uint64_t found = 0, values_found = 0, get_asked = 0;
    std::uint64_t bytes = 0;  ///< of datagrams, while things were looked up
    std::uint64_t error_percent = 0, placed = 0;
};

// Values of many pages, written by some nodes and read by others.
std::vector<Duration> read_values(World& world, Settlement& settlement) {
    std::vector<Duration> times;
    std::vector<Key> keys;
    std::uint64_t open = 0;
    for (std::uint32_t number = 0; number < kStoredValues; ++number) {
        dht::ValuePut put;
        put.content = Bytes(kValueBytes, static_cast<std::uint8_t>(number));
        ++open;
        world.put_value(settlement.asker(), put, [&](const Event& event) {
            --open;
            const auto* finished = std::get_if<ValuePutFinished>(&event);
            if (finished != nullptr && !finished->published.error)
                keys.push_back(finished->published.key);
        });
        world.run_for(milliseconds{200});
    }
    world.run_while_not([&] { return open == 0; }, minutes{1});
    // A put ends with its quorum; then the other replicas get their pages.
    world.run_for(minutes{1});
    for (const Key& key : keys) {
        ++open;
        world.get_value(settlement.asker(), key, dht::Level::kFast,
                        [&, began = world.now()](const Event& event) {
                            --open;
                            const auto* finished = std::get_if<ValueGetFinished>(&event);
                            if (finished != nullptr && !finished->gotten.error)
                                times.push_back(world.now() - began);
                        });
        world.run_for(milliseconds{200});
    }
    world.run_while_not([&] { return open == 0; }, minutes{1});
    return times;
}

Outcome live(const RunOptions& options, bool minds_round_trips, RunReport& report) {
    World::Options world_options = seeded(options);
    world_options.net.model = NetOptions::Model::kMap;
    world_options.check_invariants_every = 0;
    if (!minds_round_trips) world_options.limits.proximity_max = 0;
    World world(world_options);
    Settlement settlement(world);
    settlement.active(options.nodes);
    settlement.found();
    world.run_for(kEverydayLife);
    Pairs pairs(world);
    for (std::uint32_t number = 0; number < options.lookups; ++number) {
        pairs.publish_and_get(make_person(world), settlement.asker(), {settlement.asker()});
        world.run_for(milliseconds{200});
    }
    pairs.finish(minutes{2});
    Outcome outcome;
    outcome.first_p50 = pairs.get_percentile(50);
    outcome.first_p95 = pairs.get_percentile(95);
    outcome.found = pairs.right;
    outcome.get_asked = pairs.get_asked;
    const auto times = read_values(world, settlement);
    outcome.values_found = times.size();
    outcome.value_p50 = Pairs::percentile(times, 50);
    for (const NodeIndex index : settlement.active_nodes()) {
        const auto place = world.node(index).status(world.now()).coordinate;
        if (!place) continue;
        ++outcome.placed;
        outcome.error_percent += place->error;
    }
    world.check_all_invariants();
    report.take_totals(world);
    return outcome;
}

}  // namespace

// Twice the same network on a map, all of whose nodes have lived half an hour: round trips order
// what is equally good, and they don't.
void run_geography(const RunOptions& options, RunReport& report) {
    const Outcome without = live(options, false, report);
    const Outcome with = live(options, true, report);
    report.passed = true;
    report.lookups = 2 * options.lookups;
    report.lookups_right = with.found + without.found;
    report.p50_ms = whole_ms(with.first_p50);
    report.p95_ms = whole_ms(with.first_p95);
    report.figures.push_back(
        Figure::share("published and found", with.found, options.lookups).at_least(9990));
    report.figures.push_back(
        Figure::count("first value p50, nearer ones first", whole_ms(with.first_p50), "ms"));
    report.figures.push_back(
        Figure::count("first value p50, without", whole_ms(without.first_p50), "ms"));
    report.figures.push_back(
        Figure::count("first value p95, nearer ones first", whole_ms(with.first_p95), "ms"));
    report.figures.push_back(
        Figure::count("first value p95, without", whole_ms(without.first_p95), "ms"));
    report.figures.push_back(
        Figure::count("value of 16 KiB p50, nearer ones first", whole_ms(with.value_p50), "ms"));
    report.figures.push_back(
        Figure::count("value of 16 KiB p50, without", whole_ms(without.value_p50), "ms"));
    report.figures.push_back(
        Figure::mean("asked per get, nearer ones first", with.get_asked, options.lookups, "nodes"));
    report.figures.push_back(
        Figure::mean("asked per get, without", without.get_asked, options.lookups, "nodes"));
    report.figures.push_back(
        Figure::mean("own error of coordinates", with.error_percent, with.placed, "%"));
    if (with.values_found != kStoredValues || without.values_found != kStoredValues) {
        report.passed = false;
        report.problem = "a value of 16 KiB was not read";
    }
}

}  // namespace sov::sim
