#include <algorithm>
#include <set>

#include "tests/sim/ledger.h"
#include "tests/sim/scenarios/scenario.h"
#include "tests/sim/sessions.h"
#include "tests/sim/settlement.h"
#include "tests/sim/survey.h"

// Networks whose members come, go and lose sight of each other.

namespace sov::sim {

namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

/// Values of owners that stay, and as many of owners that leave.
constexpr std::size_t kValues = 100;

// Whoever leaves is replaced at once by somebody new, so the network keeps its size.
class Turnover {
  public:
    Turnover(World& world, std::set<NodeIndex> spared)
        : world_(world), spared_(std::move(spared)) {}

    void begin() {
        for (const NodeIndex index : world_.living()) {
            members_.push_back(index);
            if (!spared_.contains(index)) leave_after(index, remaining_session(world_.rng()));
        }
    }
    /// A member that was there `before`.
    NodeIndex anybody(Instant before) {
        while (true) {
            const NodeIndex index = members_[world_.rng().below(members_.size())];
            const auto joined = joined_.find(index);
            if (joined == joined_.end() || joined->second <= before) return index;
        }
    }
    /// Leaves now, and is replaced.
    void leave(NodeIndex index) {
        const auto place = std::find(members_.begin(), members_.end(), index);
        if (place == members_.end()) return;
        ++left_;
        world_.kill(index);
        NodePlan plan;
        for (int number = 0; number < 3; ++number) {
            NodeIndex known = index;
            while (known == index) known = members_[world_.rng().below(members_.size())];
            plan.bootstraps.push_back(known);
        }
        *place = world_.add(plan);
        joined_[*place] = world_.now();
        leave_after(*place, whole_session(world_.rng()));
    }
    std::uint64_t left() const { return left_; }

  private:
    void leave_after(NodeIndex index, Duration session) {
        world_.schedule(world_.now() + session, [this, index] { leave(index); });
    }

    World& world_;
    std::set<NodeIndex> spared_;
    std::vector<NodeIndex> members_;
    std::map<NodeIndex, Instant> joined_;
    std::uint64_t left_ = 0;
};

// Reads that are repeated from elsewhere when they fail: what two readers don't find is lost.
struct Reads {
    World& world;
    std::uint64_t asked = 0, first = 0, lost = 0;

    void read(Ledger& ledger, const std::vector<NodeIndex>& askers) {
        const Holdings holdings(world);
        for (std::size_t number = 0; number < ledger.entries().size(); ++number) {
            const Ledger::Entry& entry = ledger.entries()[number];
            if (entry.acknowledged == 0 || holdings.copies(entry.key, entry.sequence) == 0)
                continue;
            ++asked;
            const bool found = reads(ledger, number, askers);
            first += found ? 1U : 0U;
            lost += found || reads(ledger, number, askers) ? 0U : 1U;
        }
    }

  private:
    bool reads(Ledger& ledger, std::size_t number, const std::vector<NodeIndex>& askers) {
        const std::uint64_t before = ledger.right;
        ledger.get(number, askers[world.rng().below(askers.size())]);
        world.run_while_not([&] { return ledger.idle(); }, seconds{30}, milliseconds{20});
        return ledger.right > before;
    }
};

}  // namespace

// Every ten minutes half of the network leaves without a word and as many join. Values of owners
// that stay, and values whose owner left as soon as he had his acknowledgement.
void run_churn_50(const RunOptions& options, RunReport& report) {
    constexpr int kRounds = 20;
    World::Options world_options = seeded(options);
    world_options.check_invariants_every = 65'536;
    World world(world_options);
    Settlement settlement(world);
    settlement.active(options.nodes);
    settlement.found();
    std::vector<NodeIndex> askers = settlement.active_nodes();
    askers.resize(std::min(kAskers, askers.size()));
    Turnover turnover(world, {askers.begin(), askers.end()});
    world.run_for(minutes{1});
    Ledger kept(world), orphaned(world);
    turnover.begin();
    for (std::size_t number = 0; number < std::min<std::size_t>(kValues, options.nodes / 4);
         ++number) {
        kept.put(kept.add(askers[world.rng().below(askers.size())]));
        orphaned.put(orphaned.add(turnover.anybody(Instant{})));
        world.run_for(milliseconds{100});
    }
    world.run_for(seconds{10});
    for (const Ledger::Entry& entry : orphaned.entries()) {
        const bool asks = std::binary_search(askers.begin(), askers.end(), entry.owner);
        if (!asks && world.alive(entry.owner)) turnover.leave(entry.owner);
    }
    orphaned.abandon();
    Survey survey(world);
    Reads kept_reads{world}, orphan_reads{world};
    const Instant began = world.now();
    const std::uint64_t left_before = turnover.left();
    for (int round = 1; round <= kRounds; ++round) {
        const Instant next = began + minutes{1} * round;
        for (std::uint32_t number = 0; number < options.lookups / kRounds; ++number) {
            // Who came within the last minute may still be storing his record.
            const NodeIndex wanted = turnover.anybody(world.now() - minutes{1});
            survey.find_peer(askers[world.rng().below(askers.size())],
                             world.node(wanted).peer_id());
            world.run_for(milliseconds{50});
        }
        survey.finish(seconds{30});
        if (round % 5 == 0) {
            kept_reads.read(kept, askers);
            orphan_reads.read(orphaned, askers);
        }
        if (world.now() < next) world.run_until(next);
    }
    report.passed = true;
    report.lookups = survey.asked();
    report.lookups_right = survey.right();
    report.p50_ms = whole_ms(survey.percentile(50));
    report.p95_ms = whole_ms(survey.percentile(95));
    report.asked_per_lookup_times_ten = survey.questions_times_ten();
    const auto per_ten_minutes =
        (turnover.left() - left_before) * 600'000 / whole_ms(world.now() - began);
    report.figures.push_back(
        Figure::share("living peers found", survey.right(), survey.asked()).at_least(9700));
    report.figures.push_back(Figure::count("values lost that a living replica has",
                                           kept_reads.lost + orphan_reads.lost, "values")
                                 .at_most(0));
    report.figures.push_back(
        Figure::share("values of living owners found at once", kept_reads.first, kept_reads.asked));
    report.figures.push_back(Figure::share("values of owners who left found at once",
                                           orphan_reads.first, orphan_reads.asked));
    report.figures.push_back(Figure::share("left in ten minutes", per_ten_minutes, options.nodes));
    report.take_totals(world);
}

namespace {

// Two halves that don't hear each other for a while.
struct Split {
    World& world;
    std::set<NodeIndex> far{};

    void cut() {
        for (const NodeIndex index : world.living()) {
            if (world.rng().below(2) == 0) continue;
            far.insert(index);
            world.net().set_partition(world.endpoint(index, Family::kIpv4), 1);
        }
    }
    // Mean share of entries of the other half in the tables, in ten thousandths.
    std::pair<std::uint64_t, std::uint64_t> mixed() const {
        std::map<NodeId, bool> side;
        for (const NodeIndex index : world.living())
            side[world.node(index).node_id()] = far.contains(index);
        std::uint64_t other = 0, all = 0;
        for (const NodeIndex index : world.living()) {
            for (const TableEntry& entry : world.node(index).table(world.now())) {
                const auto known = side.find(entry.id);
                if (entry.replacement || known == side.end()) continue;
                ++all;
                other += known->second != far.contains(index) ? 1U : 0U;
            }
        }
        return {other, all};
    }
};

}  // namespace

// A half is split off for half an hour, in which values change on both sides; then they hear each
// other again.
void run_partition_heal(const RunOptions& options, RunReport& report) {
    World::Options world_options = seeded(options);
    world_options.check_invariants_every = 65'536;
    World world(world_options);
    Settlement settlement(world);
    settlement.active(options.nodes);
    settlement.found();
    world.run_for(minutes{1});
    Ledger ledger(world);
    for (std::uint32_t number = 0; number < options.lookups; ++number) {
        ledger.put(ledger.add(settlement.asker()));
        world.run_for(milliseconds{50});
    }
    ledger.finish(minutes{1});
    Split split{world};
    split.cut();
    world.run_for(minutes{20});
    for (std::size_t number = 0; number < ledger.entries().size(); ++number) {
        ledger.put(number);
        world.run_for(milliseconds{50});
    }
    world.run_for(minutes{10});
    const auto apart = split.mixed();
    world.net().heal();
    world.run_for(minutes{5});
    const auto together = split.mixed();
    world.run_for(minutes{5});
    const Holdings holdings(world);
    std::uint64_t old = 0, copies = 0;
    for (const Ledger::Entry& entry : ledger.entries()) {
        for (const Holdings::Copy& copy : holdings.at(entry.key)) {
            ++copies;
            old += copy.sequence < entry.sequence ? 1U : 0U;
        }
    }
    for (std::size_t number = 0; number < ledger.entries().size(); ++number) {
        for (int reader = 0; reader < 4; ++reader) ledger.get(number, settlement.asker());
        world.run_for(milliseconds{50});
    }
    ledger.finish(minutes{1});
    report.passed = true;
    report.lookups = ledger.gotten;
    report.lookups_right = ledger.right;
    report.figures.push_back(
        Figure::share("newest read ten minutes after", ledger.right, ledger.gotten).at_least(9990));
    report.figures.push_back(Figure::share("table entries of the other half after five minutes",
                                           together.first, together.second)
                                 .at_least(3000));
    report.figures.push_back(Figure::share("the same while split", apart.first, apart.second));
    report.figures.push_back(Figure::share("copies that are out of date", old, copies));
    report.take_totals(world);
}

}  // namespace sov::sim
