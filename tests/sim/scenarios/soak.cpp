#include <algorithm>
#include <set>

#include "daemon/core/identity/values.h"
#include "tests/sim/population.h"
#include "tests/sim/scenarios/scenario.h"

// Days in the life of a small network: does anything that a node keeps grow without end?

namespace sov::sim {

namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr std::uint64_t kMegabyte = 1 << 20;

// The heap at each full hour, and how much it grows in a day by the line through all of them
// (least squares), in whole numbers.
class HeapLine {
  public:
    void sample(std::uint64_t bytes) { bytes_.push_back(static_cast<std::int64_t>(bytes)); }
    /// Zero when it shrinks.
    std::uint64_t grown_in_a_day() const {
        const auto count = static_cast<std::int64_t>(bytes_.size());
        std::int64_t x = 0, sum_x = 0, sum_y = 0, sum_xy = 0, sum_xx = 0;
        for (const std::int64_t y : bytes_) {
            sum_x += x;
            sum_y += y;
            sum_xy += x * y;
            sum_xx += x * x;
            ++x;
        }
        const std::int64_t slope_times = count * sum_xy - sum_x * sum_y;
        const std::int64_t times = count * sum_xx - sum_x * sum_x;
        if (slope_times <= 0 || times == 0) return 0;
        return static_cast<std::uint64_t>(24 * slope_times / times);
    }

  private:
    std::vector<std::int64_t> bytes_;
};

// What apps of the nodes that stay do every ten minutes: store, read, find, and write to each
// other.
class EverydayLife {
  public:
    EverydayLife(World& world, std::vector<NodeIndex> stayers)
        : world_(world), stayers_(std::move(stayers)) {
        world_.on_event([this](NodeIndex index, const Event& event) { clear_mail(index, event); });
    }

    void begin() {
        for (const NodeIndex node : stayers_)
            world_.claim_name(node, name_of(node), [](const Event&) {});
        world_.run_for(minutes{1});
    }
    void round(std::uint64_t number) {
        for (const NodeIndex node : stayers_) {
            put(node, number);
            get(node, anybody(), number);
            find(node, anybody());
            world_.find_name(node, name_of(anybody()), [](const Event&) {});
            if (number % 6 != 0) continue;
            leave_mail(node, anybody());
            world_.with(node, [](Node& mine, Instant now) {
                mine.collect_items(now, identity::ItemUse::kMail);
            });
        }
    }
    std::uint64_t asked = 0, right = 0;

  private:
    static std::string name_of(NodeIndex node) { return "soaking-" + std::to_string(node); }
    NodeIndex anybody() { return stayers_[world_.rng().below(stayers_.size())]; }

    // Three labels in turn, and every fourth time content that is immutable and in pages.
    void put(NodeIndex node, std::uint64_t number) {
        dht::ValuePut what;
        if (number % 4 != 3) what.label = "label-" + std::to_string(number % 4);
        what.content.assign(number % 4 == 3 ? 3000 : 100, static_cast<std::uint8_t>(number));
        what.ttl = hours{1};
        world_.put_value(node, std::move(what), [](const Event&) {});
    }
    void get(NodeIndex node, NodeIndex owner, std::uint64_t number) {
        const Key key = identity::mutable_key(world_.crypto(), world_.node(owner).peer_id(),
                                              "label-" + std::to_string(number % 3));
        world_.get_value(node, key, dht::Level::kNormal, [](const Event&) {});
    }
    void find(NodeIndex node, NodeIndex wanted) {
        ++asked;
        world_.find_peer(node, world_.node(wanted).peer_id(), [this](const Event& event) {
            const auto* finished = std::get_if<FindFinished>(&event);
            right += finished != nullptr && !finished->found.error ? 1U : 0U;
        });
    }
    void leave_mail(NodeIndex from, NodeIndex to) {
        world_.with(from, [&](Node& node, Instant now) {
            node.leave_item(now, {world_.node(to).peer_id(), identity::ItemUse::kMail,
                                  Bytes(200, std::uint8_t{7}), hours{1}});
        });
    }
    // Mail is read once and removed. Not from within the event: it tells of the node's last input.
    void clear_mail(NodeIndex index, const Event& event) {
        const auto* collected = std::get_if<ItemsCollected>(&event);
        if (collected == nullptr || collected->items.empty()) return;
        std::vector<PeerId> ids;
        for (const identity::Item& item : collected->items) ids.push_back(item.id);
        world_.schedule(world_.now(), [this, index, ids = std::move(ids)] {
            if (!world_.alive(index)) return;
            world_.with(index, [&](Node& node, Instant now) {
                node.remove_items(now, identity::ItemUse::kMail, ids);
            });
        });
    }

    World& world_;
    std::vector<NodeIndex> stayers_;
};

}  // namespace

// A third of the nodes stay and are used all the time; every ten minutes one of the others is
// replaced. The first third of the time fills what is bounded (names live for a day); from then on
// all that the heap gains, the simulator's own share included, is counted against those that stay.
void run_soak(const RunOptions& options, RunReport& report) {
    const std::uint64_t length = options.scenario == "soak-72h" ? 72 : 6;
    const std::uint64_t heap_before = heap_bytes();
    World::Options world_options = seeded(options);
    world_options.limits = Limits{};  // the daemon's own
    World world(world_options);
    Population population(world, NodePlan{});
    population.join(options.nodes, seconds{10});
    if (!population.all_ready(minutes{2})) {
        report.problem = "some nodes never became ready";
        return;
    }
    std::vector<NodeIndex> stayers = world.living();
    stayers.resize(stayers.size() / 3);
    const std::set<NodeIndex> spared(stayers.begin(), stayers.end());
    EverydayLife life(world, stayers);
    life.begin();
    HeapLine line;
    std::uint64_t at_a_third = 0;
    for (std::uint64_t round = 0; round < length * 6; ++round) {
        population.vanish(1, spared);
        population.join(1, seconds{1});
        life.round(round);
        world.run_for(minutes{10});
        if (round % 6 != 5 || round < length * 2) continue;
        line.sample(heap_bytes() - heap_before);
        if (at_a_third == 0) at_a_third = heap_bytes() - heap_before;
    }
    world.check_all_invariants();
    report.passed = true;
    report.bytes_per_node = (heap_bytes() - heap_before) / options.nodes;
    report.lookups = life.asked;
    report.lookups_right = life.right;
    report.figures.push_back(Figure::share("found", life.right, life.asked).at_least(9900));
    report.figures.push_back(Figure::count("growth of a node that stays, a day",
                                           line.grown_in_a_day() / stayers.size(), "bytes")
                                 .at_most(kMegabyte));
    report.figures.push_back(
        Figure::count("heap of all nodes after a third", at_a_third / 1024, "KiB"));
    report.figures.push_back(
        Figure::count("heap of all nodes in the end", (heap_bytes() - heap_before) / 1024, "KiB"));
    report.take_totals(world);
}

}  // namespace sov::sim
