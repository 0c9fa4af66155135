#include <algorithm>
#include <map>
#include <set>

#include "tests/sim/oracle.h"
#include "tests/sim/scenarios/scenario.h"
#include "tests/sim/settlement.h"

// Offers of providers: many from one node, and many from those who want to crowd others out.

namespace sov::sim {

namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr std::size_t kReplicas = 20;
constexpr std::uint32_t kAgainFrom = 100;
constexpr std::uint32_t kProbes = 200;

dht::OfferSubject service(std::string type) {
    return {dht::OfferSubject::Kind::kService, std::move(type)};
}

// What nodes were told about their offers and finds.
struct Answers {
    std::map<std::pair<NodeIndex, CommandId>, dht::OfferProgress> offered;
    std::map<std::pair<NodeIndex, CommandId>, dht::ProvidersReport> found;

    explicit Answers(World& world) {
        world.on_event([this](NodeIndex index, const Event& event) {
            if (const auto* finished = std::get_if<OffersFinished>(&event))
                offered[{index, finished->command}] = finished->progress;
            if (const auto* answer = std::get_if<ProvidersFound>(&event))
                found[{index, answer->command}] = answer->report;
        });
    }
};

// A node far from being a server, as most who offer something: it only offers.
NodeIndex add_provider(World& world, Settlement& settlement, const Endpoint& address) {
    NodePlan plan;
    plan.node_key = identity::make_node_key(world.crypto(), 0);
    plan.mode = NodeMode::kClient;
    plan.address = address;
    plan.table =
        settlement.table_for(identity::node_id(world.crypto(), NodeKey{plan.node_key->public_key}));
    return world.add(plan);
}

void offer(World& world, NodeIndex index, const std::string& type) {
    world.with(index, [&](Node& node, Instant now) {
        node.offer(now, {{service(type)}, {}, dht::AppId{1}});
    });
}

struct Sampled {
    std::uint64_t honest = 0, all = 0;
    std::uint64_t finds = 0;  ///< that showed an honest provider
    std::set<PeerId> seen;
};

Sampled sample(World& world, Settlement& settlement, Answers& answers, const std::string& type,
               const std::set<PeerId>& honest, std::uint32_t times) {
    answers.found.clear();
    for (std::uint32_t number = 0; number < times; ++number) {
        world.with(settlement.asker(), [&](Node& node, Instant now) {
            node.find_providers(now, {service(type), 20, {}, {}});
        });
        world.run_for(milliseconds{100});
    }
    world.run_while_not([&] { return answers.found.size() == times; }, minutes{1});
    Sampled sampled;
    for (const auto& [command, report] : answers.found) {
        const std::uint64_t before = sampled.honest;
        for (const dht::FoundProvider& found : report.providers) {
            ++sampled.all;
            if (!honest.contains(found.peer)) continue;
            ++sampled.honest;
            sampled.seen.insert(found.peer);
        }
        sampled.finds += sampled.honest > before ? 1U : 0U;
    }
    return sampled;
}

struct Probes {
    std::uint64_t right = 0;
    std::uint64_t at_home = 0, least = kReplicas;  ///< of the true nearest, those that keep it
    std::string missed;                            ///< how the first find ended that found nothing
};

// Looks for some of the contents that a node offers, from others.
Probes probe(World& world, Settlement& settlement, Answers& answers, NodeIndex provider,
             const std::vector<dht::OfferSubject>& subjects) {
    for (std::uint32_t number = 0; number < kProbes; ++number) {
        const auto& subject = subjects[world.rng().below(subjects.size())];
        NodeIndex asker = settlement.asker();
        if (asker == provider) asker = settlement.active_nodes().back();
        world.with(asker, [&](Node& node, Instant now) {
            node.find_providers(now, {subject, 5, {}, {}});
        });
        world.run_for(milliseconds{100});
    }
    world.run_while_not([&] { return answers.found.size() == kProbes; }, minutes{1});
    const Oracle oracle(world);
    Probes probes;
    for (const auto& [command, found] : answers.found) {
        std::uint64_t holders = 0;
        for (const NodeIndex home : oracle.closest(found.key, kReplicas))
            holders += world.node(home).held_offers(world.now(), found.key);
        probes.at_home += holders;
        probes.least = std::min(probes.least, holders);
        probes.right += found.providers.empty() ? 0U : 1U;
        if (!found.providers.empty() || !probes.missed.empty()) continue;
        probes.missed = "a find ended " + std::string(errc_name(found.error.value_or(Errc{}))) +
                        " after " + std::to_string(found.lookup.asked) + " questions and " +
                        std::to_string(found.lookup.answered) + " answers";
    }
    return probes;
}

}  // namespace

// Nine of ten offers at one key are made by somebody who has 50 /24s. They come first; then those
// who mean it, each from a subnet of its own. All announce again when their time comes.
void run_spam(const RunOptions& options, RunReport& report) {
    constexpr std::uint32_t kHonest = 150, kSpam = 9 * kHonest, kSubnets = 50;
    const std::string type = "printer/ipp";
    World::Options world_options = seeded(options);
    world_options.check_invariants_every = 0;
    World world(world_options);
    Answers answers(world);
    Settlement settlement(world);
    settlement.active(kAskers);
    settlement.quiet(options.nodes - kAskers);
    settlement.found();
    for (std::uint32_t number = 0; number < kSpam; ++number) {
        const std::uint32_t subnet = number % kSubnets, host = 1 + number / kSubnets;
        offer(world,
              add_provider(world, settlement,
                           Endpoint::v4((60U << 24) | (subnet << 16) | (200U << 8) | host, 6881)),
              type);
        world.run_for(milliseconds{20});
    }
    world.run_for(seconds{30});
    std::set<PeerId> honest;
    for (std::uint32_t number = 0; number < kHonest; ++number) {
        const NodeIndex index = add_provider(
            world, settlement, Endpoint::v4((80U << 24) | (number << 16) | (200U << 8) | 1, 6881));
        honest.insert(world.node(index).peer_id());
        offer(world, index, type);
        world.run_for(milliseconds{20});
    }
    world.run_for(seconds{30});
    const Sampled first = sample(world, settlement, answers, type, honest, options.lookups);
    // Announcing again takes the simulator minutes, so the small version is without.
    const bool again = options.lookups >= kAgainFrom;
    if (again) world.run_for(minutes{55});
    const Sampled later =
        again ? sample(world, settlement, answers, type, honest, options.lookups) : first;
    const Counters counters = all_counters(world);
    report.passed = true;
    report.figures.push_back(Figure::share("finds that show an honest provider",
                                           first.finds + later.finds,
                                           2 * std::uint64_t{options.lookups})
                                 .at_least(9900));
    report.figures.push_back(
        Figure::share("honest in samples", first.honest, first.all).at_least(7000));
    report.figures.push_back(
        Figure::share("honest after an hour", later.honest, later.all).at_least(7000));
    report.figures.push_back(
        Figure::share("honest ever sampled", first.seen.size(), honest.size()));
    report.figures.push_back(Figure::mean("providers a sample", first.all, options.lookups, ""));
    report.figures.push_back(Figure::share("honest announced", kHonest, kHonest + kSpam));
    report.figures.push_back(Figure::count("offers refused", counters.offers_refused, ""));
    report.figures.push_back(Figure::count("offers evicted", counters.offers_evicted, ""));
    const Oracle oracle(world);
    const Key place = identity::service_offer_key(world.crypto(), type);
    std::uint64_t held = 0;
    for (const NodeIndex home : oracle.closest(place, kReplicas))
        held += world.node(home).held_offers(world.now(), place);
    report.figures.push_back(Figure::mean("offers held by each replica", held, kReplicas, ""));
    world.check_all_invariants();
    report.take_totals(world);
}

// One app offers as many contents as there are lookups in the options, and again before that ends.
void run_sweep(const RunOptions& options, RunReport& report) {
    World::Options world_options = seeded(options);
    world_options.check_invariants_every = 0;
    World world(world_options);
    Answers answers(world);
    Settlement settlement(world);
    // All of them keep their tables in order for as long as this takes.
    settlement.active(options.nodes);
    settlement.found();
    const NodeIndex provider = settlement.active_nodes().front();
    // A first lookup tells it its own address: when that changes, everything is announced anew.
    world.with(provider, [&](Node& node, Instant now) {
        node.find_providers(now, {service("printer/ipp"), 20, {}, {}});
    });
    world.run_for(seconds{30});
    answers.found.clear();
    dht::OfferRequest request;
    for (std::uint32_t number = 0; number < options.lookups; ++number) {
        Hash32 content;
        world.crypto().fill_random(content.bytes);
        request.subjects.push_back({dht::OfferSubject::Kind::kContent, to_text(content.view())});
    }
    const Instant began = world.now();
    world.with(provider, [&](Node& node, Instant now) { node.offer(now, request); });
    const bool done =
        world.run_while_not([&] { return !answers.offered.empty(); }, minutes{20}, seconds{1});
    const dht::OfferProgress offered =
        done ? answers.offered.begin()->second : dht::OfferProgress{};
    const Duration took = world.now() - began;
    // Announced again: what the lookups of the next hour are for, but for a few of maintenance.
    const std::uint64_t before = world.node(provider).counters().lookups_started;
    const std::uint64_t announced = world.node(provider).counters().requests_sent;
    world.run_for(minutes{50});
    const std::uint64_t again = world.node(provider).counters().lookups_started - before;
    const std::uint64_t requests = world.node(provider).counters().requests_sent - announced;
    const Probes probes = probe(world, settlement, answers, provider, request.subjects);
    const std::uint64_t bound = std::max<std::uint64_t>(1, options.nodes / kReplicas);
    report.passed = done && probes.missed.empty();
    report.problem = done ? probes.missed : "the offers were not announced in time";
    report.figures.push_back(
        Figure::share("offered", offered.stored, options.lookups).at_least(10000));
    report.figures.push_back(Figure::count("lookups", offered.lookups, "").at_most(bound));
    report.figures.push_back(Figure::count("lookups, next hour", again, ""));
    report.figures.push_back(Figure::count("requests, next hour", requests, ""));
    report.figures.push_back(
        Figure::mean("replicas", offered.replicas, options.lookups, "").at_least(180));
    report.figures.push_back(
        Figure::mean("of the nearest 20 keep it", probes.at_home, kProbes, "").at_least(140));
    report.figures.push_back(Figure::count("at the least", probes.least, ""));
    report.figures.push_back(
        Figure::share("found afterwards", probes.right, kProbes).at_least(10000));
    report.figures.push_back(Figure::count("took", whole_ms(took), "ms"));
    world.check_all_invariants();
    report.take_totals(world);
}

}  // namespace sov::sim
