#include <algorithm>
#include <set>

#include "daemon/core/dht/size_samples.h"
#include "tests/sim/ledger.h"
#include "tests/sim/pairs.h"
#include "tests/sim/scenarios/scenario.h"
#include "tests/sim/settlement.h"

// Networks in which others lie.

namespace sov::sim {

namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

void describe(RunReport& report, const Pairs& pairs) {
    report.lookups = pairs.gotten;
    report.lookups_right = pairs.right;
    report.p50_ms = whole_ms(pairs.get_percentile(50));
    report.p95_ms = whole_ms(pairs.get_percentile(95));
    report.asked_per_lookup_times_ten = pairs.gotten == 0 ? 0 : pairs.get_asked * 10 / pairs.gotten;
}

// Whose fault it was: of those who published, or of those who looked.
void describe_misses(RunReport& report, const World& world, const Pairs& pairs,
                     std::uint32_t records) {
    const Holdings holdings(world);
    const auto& missed = pairs.missed();
    const auto lost = static_cast<std::uint64_t>(std::count_if(
        missed.begin(), missed.end(), [&](const Key& key) { return holdings.at(key).empty(); }));
    report.figures.push_back(Figure::share("kept by no honest node", lost, records));
    report.figures.push_back(Figure::share("kept, not found", missed.size() - lost, records));
}

struct Bars {
    std::uint64_t share, fair, poisoned;
};
// 99.9 / 99.5 / 95 % and 99 / 98 / 75 %: docs/resilience.md.
constexpr Bars kBars[] = {{20, 9990, 9900}, {30, 9950, 9800}, {50, 9500, 7500}};

// Those who ask have done so before, as every living node has.
void look_around(World& world, const Settlement& settlement) {
    for (const NodeIndex asker : settlement.active_nodes()) {
        for (std::size_t number = 0; number < dht::SizeSamples::kKept; ++number) {
            Key anywhere;
            world.crypto().fill_random(anywhere.bytes);
            world.get(asker, anywhere, [](const Event&) {});
        }
        world.run_for(milliseconds{50});
    }
    world.run_for(seconds{20});
}

}  // namespace

// A part of all nodes, spread like everybody else, answers with its own side's nodes and keeps
// nothing. Honest nodes publish and get.
void run_colluders(const RunOptions& options, RunReport& report) {
    const bool poisoned = options.scenario.starts_with("poisoned");
    const auto dash = options.scenario.find('-');
    const std::uint64_t share = std::stoul(options.scenario.substr(dash + 1));
    const auto bars = std::find_if(std::begin(kBars), std::end(kBars),
                                   [&](const Bars& known) { return known.share == share; });
    World world(seeded(options));
    Settlement settlement(world);
    const std::size_t hostile = options.nodes * share / 100;
    settlement.hostile(hostile, Conduct::kColludes);
    settlement.active(std::min<std::size_t>(kAskers, (options.nodes - hostile) / 2));
    settlement.quiet(options.nodes - hostile -
                     std::min<std::size_t>(kAskers, (options.nodes - hostile) / 2));
    if (poisoned) settlement.set_honest_chance(500);
    settlement.found();
    Pairs pairs(world);
    for (std::uint32_t number = 0; number < options.lookups; ++number) {
        const NodeIndex publisher = settlement.asker(), getter = settlement.asker();
        pairs.publish_and_get(make_person(world), publisher, {getter});
        world.run_for(milliseconds{100});
    }
    pairs.finish(minutes{2});
    report.passed = true;
    describe(report, pairs);
    report.figures.push_back(Figure::share("published and found", pairs.right, options.lookups)
                                 .at_least(poisoned ? bars->poisoned : bars->fair));
    report.figures.push_back(
        Figure::mean("asked per publish", pairs.publish_asked, pairs.published, "nodes"));
    report.figures.push_back(Figure::mean("asked per get", pairs.get_asked, pairs.gotten, "nodes"));
    describe_misses(report, world, pairs, options.lookups);
    world.check_all_invariants();
    report.take_totals(world);
}

// Up to eight keys, each with 80 (or 25) hostile ids that are nearer to it than every honest node,
// from subnets of their own; and as many keys that nobody attacks.
void run_planted(const RunOptions& options, RunReport& report) {
    const std::size_t planted = std::stoul(options.scenario.substr(options.scenario.find('-') + 1));
    // Few enough that the attackers stay a minority of the network.
    const std::size_t keys = std::clamp<std::size_t>(options.nodes / 600, 1, 8);
    World world(seeded(options));
    Settlement settlement(world);
    settlement.active(kAskers);
    settlement.quiet(options.nodes - kAskers);
    std::vector<Person> attacked, clean;
    std::vector<Key> places;
    for (std::size_t number = 0; number < keys; ++number) {
        attacked.push_back(make_person(world));
        places.push_back(attacked.back().place);
    }
    // Whoever lives next door to an attacked key is attacked as well.
    while (clean.size() < keys) {
        const Person person = make_person(world);
        if (std::none_of(places.begin(), places.end(), [&](const Key& place) {
                return common_prefix_bits(place, person.place) >= 4;
            })) {
            clean.push_back(person);
        }
    }
    settlement.hostile_near(places, planted, Conduct::kColludes);
    settlement.found();
    Pairs pairs(world), untouched(world);
    std::set<Key> alarms;
    world.on_event([&](NodeIndex, const Event& event) {
        if (const auto* alarm = std::get_if<RegionCrowded>(&event); alarm && alarm->crowded)
            alarms.insert(alarm->key);
    });
    const auto alarmed = [&](const std::vector<Person>& people) {
        return static_cast<std::uint64_t>(
            std::count_if(people.begin(), people.end(),
                          [&](const Person& person) { return alarms.contains(person.place); }));
    };
    const std::size_t gets = std::max<std::size_t>(1, options.lookups / keys);
    look_around(world, settlement);
    for (std::size_t number = 0; number < keys; ++number) {
        std::vector<NodeIndex> getters;
        for (std::size_t get = 0; get < gets; ++get) getters.push_back(settlement.asker());
        pairs.publish_and_get(attacked[number], settlement.asker(), getters);
        untouched.publish_and_get(clean[number], settlement.asker(), getters);
        world.run_for(seconds{2});
    }
    pairs.finish(minutes{2});
    untouched.finish(minutes{2});
    report.passed = true;
    describe(report, pairs);
    const std::uint64_t at_second_home = all_counters(world).second_homes_found;
    report.figures.push_back(
        Figure::share("found, second home too", pairs.right, keys * gets).at_least(10000));
    report.figures.push_back(Figure::share("found at the first home",
                                           pairs.right - std::min(pairs.right, at_second_home),
                                           keys * gets));
    report.figures.push_back(
        Figure::share("alarm, attacked keys", alarmed(attacked), keys).at_least(9900));
    report.figures.push_back(Figure::share("alarm, other keys", alarmed(clean), keys).at_most(100));
    report.figures.push_back(
        Figure::share("found, not attacked", untouched.right, keys * gets).at_least(9990));
    report.figures.push_back(
        Figure::mean("asked per get under attack", pairs.get_asked, pairs.gotten, "nodes"));
    report.figures.push_back(
        Figure::mean("kept per other publish", untouched.stored, untouched.published, "nodes"));
    report.figures.push_back(
        Figure::mean("asked per other get", untouched.get_asked, untouched.gotten, "nodes"));
    world.check_all_invariants();
    report.take_totals(world);
}

}  // namespace sov::sim
