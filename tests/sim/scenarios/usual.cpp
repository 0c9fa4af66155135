#include <set>

#include "tests/sim/population.h"
#include "tests/sim/scenarios/scenario.h"
#include "tests/sim/survey.h"

namespace sov::sim {

namespace {

using std::chrono::minutes;
using std::chrono::seconds;

// Names and the peers that own them, and their nodes: they must stay for the questions to have
// answers.
struct Claims {
    std::vector<std::pair<std::string, PeerId>> owners;
    std::set<NodeIndex> nodes;
    std::size_t stored = 0, refused = 0;
};

// `claims` outlives every later run of the world.
void claim_names(World& world, Population& population, std::size_t count, Claims& claims) {
    for (std::size_t number = 0; number < count; ++number) {
        const NodeIndex node = population.anybody();
        std::string name = "peer-";
        name += std::to_string(number);
        claims.nodes.insert(node);
        claims.owners.emplace_back(name, world.node(node).peer_id());
        world.claim_name(node, name, [&claims](const Event& event) {
            const auto* finished = std::get_if<PublishFinished>(&event);
            const bool stored = finished != nullptr && !finished->published.error;
            ++(stored ? claims.stored : claims.refused);
        });
    }
    world.run_while_not([&] { return claims.stored + claims.refused == count; }, minutes{1});
}

// Half of the questions are for names, half for peers, a few at a time from everywhere.
void ask_around(World& world, Population& population, const Claims& claims, Survey& survey,
                std::size_t count) {
    for (std::size_t number = 0; number < count; ++number) {
        const auto& [name, owner] = claims.owners[number % claims.owners.size()];
        if (number % 2 == 0) {
            survey.find_name(population.anybody(), name, owner);
        } else {
            survey.find_peer(population.anybody(), owner);
        }
        if (number % 8 == 7) world.run_for(std::chrono::milliseconds{500});
    }
    survey.finish(minutes{1});
}

void judge(RunReport& report, const Survey& survey, std::uint64_t per_mille_wanted) {
    report.lookups = survey.asked();
    report.lookups_right = survey.right();
    report.p50_ms = whole_ms(survey.percentile(50));
    report.p95_ms = whole_ms(survey.percentile(95));
    report.asked_per_lookup_times_ten = survey.questions_times_ten();
    report.passed = report.lookups_right * 1000 >= report.lookups * per_mille_wanted;
    if (!report.passed) report.problem = "lookups failed, the first one: " + survey.first_problem();
}

void run_lookups(const RunOptions& options, World& world, Population& population,
                 RunReport& report) {
    const bool churns = options.scenario == "churn";
    Claims claims;
    claim_names(world, population, std::min(options.nodes / 4, 50U), claims);
    if (claims.stored < claims.owners.size()) {
        report.problem =
            std::to_string(claims.owners.size() - claims.stored) + " claims were not stored";
        return;
    }
    if (!churns) {
        Survey survey(world);
        ask_around(world, population, claims, survey, options.lookups);
        judge(report, survey, 995);
        return;
    }
    constexpr std::uint32_t kRounds = 5;
    Survey survey(world);
    for (std::uint32_t round = 0; round < kRounds; ++round) {
        population.churn(100, claims.nodes);
        world.run_for(seconds{20});
        ask_around(world, population, claims, survey, options.lookups / kRounds);
        world.run_for(seconds{30});
    }
    judge(report, survey, 970);
}

}  // namespace

// A network that grows from its first node, and its everyday life: everybody publishes, pings and
// looks around.
void run_usual(const RunOptions& options, RunReport& report) {
    const bool joins_only = options.scenario == "join";
    const std::uint64_t heap_before = heap_bytes();
    World::Options world_options;
    world_options.seed = options.seed;
    world_options.check_invariants_every = 256;
    World world(world_options);
    Population population(world, NodePlan{});
    // Networks grow: a twentieth of a second between newcomers, and at least ten a second.
    population.join(options.nodes,
                    std::min<Duration>(std::chrono::milliseconds{50} * options.nodes, minutes{2}));
    report.passed = population.all_ready(minutes{2});
    report.bytes_per_node = (heap_bytes() - heap_before) / options.nodes;
    if (!report.passed) {
        report.problem = "some nodes never became ready";
    } else if (!joins_only) {
        // Records that were published while the network was small spread again within a minute.
        world.run_for(minutes{1});
        report.passed = false;
        run_lookups(options, world, population, report);
    }
    world.check_all_invariants();
    report.take_totals(world);
}

}  // namespace sov::sim
