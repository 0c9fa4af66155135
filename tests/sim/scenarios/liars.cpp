#include <algorithm>
#include <set>

#include "daemon/core/identity/values.h"
#include "tests/sim/ledger.h"
#include "tests/sim/pairs.h"
#include "tests/sim/scenarios/scenario.h"
#include "tests/sim/settlement.h"

// Replicas that don't do what they signed for, and owners whose key is used twice.

namespace sov::sim {

namespace {

using std::chrono::minutes;
using std::chrono::seconds;

/// How long the longest wait between two looks of an owner at its values is.
constexpr Duration kRefresh = minutes{5};

// A network of which a share is hostile, and values of honest nodes in it.
void settle(Settlement& settlement, const RunOptions& options, std::uint64_t percent,
            Conduct conduct) {
    const std::size_t hostile = options.nodes * percent / 100;
    const std::size_t active = std::min<std::size_t>(kAskers, (options.nodes - hostile) / 2);
    settlement.hostile(hostile, conduct);
    settlement.active(active);
    settlement.quiet(options.nodes - hostile - active);
    settlement.found();
}

void describe(RunReport& report, const Ledger& ledger) {
    report.lookups = ledger.gotten;
    report.lookups_right = ledger.right;
    report.asked_per_lookup_times_ten =
        ledger.gotten == 0 ? 0 : ledger.get_asked * 10 / ledger.gotten;
    report.passed = true;
}

}  // namespace

// Three nodes in ten sign for values, keep nothing and say that they have nothing. Owners look
// after their values; two refreshes later there should be as many honest copies as before.
void run_withholders(const RunOptions& options, RunReport& report) {
    constexpr std::size_t kWanted = 16;
    World world(seeded(options));
    Settlement settlement(world);
    settle(settlement, options, 30, Conduct::kWithholds);
    Ledger ledger(world);
    for (std::uint32_t number = 0; number < options.lookups; ++number) {
        ledger.put(ledger.add(settlement.asker()));
        world.run_for(std::chrono::milliseconds{100});
    }
    ledger.finish(minutes{1});
    std::uint64_t before = 0, after = 0, enough = 0, fewest = options.nodes;
    const Holdings at_first(world);
    for (const Ledger::Entry& entry : ledger.entries())
        before += at_first.copies(entry.key, entry.sequence);
    world.run_for(2 * kRefresh);
    const Holdings holdings(world);
    for (const Ledger::Entry& entry : ledger.entries()) {
        const std::uint64_t copies = holdings.copies(entry.key, entry.sequence);
        after += copies;
        enough += copies >= kWanted ? 1U : 0U;
        fewest = std::min(fewest, copies);
    }
    for (std::size_t number = 0; number < ledger.entries().size(); ++number)
        ledger.get(number, settlement.asker());
    ledger.finish(minutes{1});
    describe(report, ledger);
    const std::size_t values = ledger.entries().size();
    report.figures.push_back(
        Figure::share("values with 16 honest copies after two refreshes", enough, values)
            .at_least(9900));
    report.figures.push_back(Figure::count("fewest honest copies", fewest, "nodes"));
    report.figures.push_back(Figure::mean("honest copies at first", before, values, "nodes"));
    report.figures.push_back(Figure::mean("honest copies in the end", after, values, "nodes"));
    report.figures.push_back(Figure::share("found", ledger.right, ledger.gotten).at_least(9990));
    world.check_all_invariants();
    report.take_totals(world);
}

// Half of all nodes keep the first version of everything and sign for the later ones as well.
void run_stale_servers(const RunOptions& options, RunReport& report) {
    World world(seeded(options));
    Settlement settlement(world);
    settle(settlement, options, 50, Conduct::kStale);
    Ledger ledger(world);
    for (std::uint32_t number = 0; number < options.lookups; ++number) {
        ledger.put(ledger.add(settlement.asker()));
        world.run_for(std::chrono::milliseconds{100});
    }
    ledger.finish(minutes{1});
    for (std::size_t number = 0; number < ledger.entries().size(); ++number) {
        ledger.put(number);
        world.run_for(std::chrono::milliseconds{100});
    }
    ledger.finish(minutes{1});
    for (int round = 0; round < 4; ++round) {
        for (std::size_t number = 0; number < ledger.entries().size(); ++number) {
            ledger.get(number, settlement.asker());
            world.run_for(std::chrono::milliseconds{50});
        }
    }
    ledger.finish(minutes{1});
    describe(report, ledger);
    report.figures.push_back(
        Figure::share("newest version read", ledger.right, ledger.gotten).at_least(9990));
    report.figures.push_back(
        Figure::share("writes acknowledged", ledger.puts - ledger.put_failed, ledger.puts)
            .at_least(9990));
    report.figures.push_back(
        Figure::mean("asked per read", ledger.get_asked, ledger.gotten, "nodes"));
    world.check_all_invariants();
    report.take_totals(world);
}

namespace {

// What became of keys under which two hosts wrote at the same moment.
struct Twins {
    World& world;
    std::map<Key, std::vector<Bytes>> read{};
    std::set<Key> noticed{};
    std::uint64_t open = 0;

    void write(NodeIndex host, const std::string& label, std::uint8_t content) {
        dht::ValuePut what;
        what.label = label;
        what.content = {content};
        ++open;
        world.put_value(host, what, [this](const Event&) { --open; });
    }
    void ask(NodeIndex reader, const Key& key) {
        ++open;
        world.get_value(reader, key, dht::Level::kNormal, [this, key](const Event& event) {
            --open;
            const auto* finished = std::get_if<ValueGetFinished>(&event);
            read[key].push_back(finished->gotten.error ? Bytes{} : finished->gotten.value.content);
        });
    }
    void finish() {
        world.run_while_not([this] { return open == 0; }, minutes{1});
    }
};

}  // namespace

// Two hosts have one user key, as after a backup was restored twice, and store different values
// under one label at the same moment, so under one sequence number.
void run_equivocators(const RunOptions& options, RunReport& report) {
    constexpr std::size_t kReaders = 5;
    World world(seeded(options));
    Settlement settlement(world);
    settlement.active(kAskers);
    settlement.quiet(options.nodes - kAskers);
    settlement.found();
    const auto key = make_person(world).key;
    std::vector<NodeIndex> hosts;
    for (int twin = 0; twin < 2; ++twin) {
        NodePlan plan;
        plan.user_key = key;
        plan.bootstraps = {settlement.asker(), settlement.asker()};
        hosts.push_back(world.add(plan));
    }
    world.run_for(seconds{20});
    Twins twins{world};
    world.on_event([&](NodeIndex, const Event& event) {
        if (const auto* seen = std::get_if<EquivocationSeen>(&event))
            twins.noticed.insert(seen->key);
    });
    std::vector<Key> keys;
    for (std::uint32_t number = 0; number < options.lookups; ++number) {
        const std::string label = "twice-" + std::to_string(number);
        keys.push_back(identity::mutable_key(world.crypto(), PeerId{key.public_key}, label));
        for (std::uint8_t twin = 0; twin < 2; ++twin) twins.write(hosts[twin], label, twin);
        world.run_for(std::chrono::milliseconds{200});
    }
    twins.finish();
    // Whoever reads first may have to tell replicas that differ; then all should agree.
    std::uint64_t agreed = 0, found = 0, noticed = 0;
    for (const bool counts : {false, true}) {
        twins.read.clear();
        for (const Key& place : keys) {
            for (std::size_t reader = 0; reader < (counts ? kReaders : 1); ++reader)
                twins.ask(settlement.asker(), place);
            world.run_for(std::chrono::milliseconds{100});
        }
        twins.finish();
    }
    for (const Key& place : keys) {
        const auto& read = twins.read[place];
        found += read.front().empty() ? 0U : 1U;
        agreed += std::count(read.begin(), read.end(), read.front()) ==
                          static_cast<std::ptrdiff_t>(read.size())
                      ? 1U
                      : 0U;
        noticed += twins.noticed.count(place);
    }
    report.passed = true;
    report.lookups = keys.size() * kReaders;
    report.figures.push_back(
        Figure::share("all readers agree", agreed, keys.size()).at_least(9990));
    report.figures.push_back(Figure::share("found", found, keys.size()).at_least(9990));
    report.figures.push_back(
        Figure::share("double use of the key noticed", noticed, keys.size()).at_least(9990));
    world.check_all_invariants();
    report.take_totals(world);
}

}  // namespace sov::sim
