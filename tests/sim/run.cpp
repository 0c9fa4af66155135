#include "tests/sim/run.h"

#include <malloc.h>

#include <chrono>
#include <iomanip>
#include <sstream>

#include "tests/sim/survey.h"

namespace sov::sim {

namespace {

using std::chrono::minutes;
using std::chrono::seconds;

std::uint64_t heap_bytes() {
    const auto heap = ::mallinfo2();
    return heap.uordblks + heap.hblkhd;
}

std::uint64_t whole_ms(Duration span) {
    return static_cast<std::uint64_t>(
        std::chrono::duration_cast<std::chrono::milliseconds>(span).count());
}

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

std::string_view scenario_names() { return "join, find, churn"; }

std::optional<RunReport> run_scenario(const RunOptions& options) {
    const std::string& scenario = options.scenario;
    if (scenario != "join" && scenario != "find" && scenario != "churn") return std::nullopt;
    const auto began = std::chrono::steady_clock::now();
    const std::uint64_t heap_before = heap_bytes();
    World::Options world_options;
    world_options.seed = options.seed;
    world_options.check_invariants_every = 256;
    World world(world_options);
    Population population(world, NodePlan{});
    RunReport report;
    report.nodes = options.nodes;
    report.seed = options.seed;

    // Networks grow: a twentieth of a second between newcomers, and at least ten a second.
    population.join(options.nodes,
                    std::min<Duration>(std::chrono::milliseconds{50} * options.nodes, minutes{2}));
    report.passed = population.all_ready(minutes{2});
    report.bytes_per_node = (heap_bytes() - heap_before) / options.nodes;
    if (!report.passed) {
        report.problem = "some nodes never became ready";
    } else if (scenario != "join") {
        // Records that were published while the network was small spread again within a minute.
        world.run_for(minutes{1});
        report.passed = false;
        run_lookups(options, world, population, report);
    }
    world.check_all_invariants();

    const auto took = std::chrono::steady_clock::now() - began;
    report.real_ms = whole_ms(std::chrono::duration_cast<Duration>(took));
    report.simulated_ms = whole_ms(world.now().time_since_epoch());
    report.datagrams = world.totals().datagrams;
    report.datagrams_per_second =
        report.real_ms == 0 ? 0 : report.datagrams * 1000 / report.real_ms;
    report.trace_hash = world.trace_hash();
    return report;
}

std::string report_table(const RunOptions& options, const RunReport& report) {
    std::ostringstream out;
    const auto line = [&out](std::string_view name, const auto& value) {
        out << std::left << std::setw(26) << name << value << '\n';
    };
    line("scenario", options.scenario);
    line("nodes", report.nodes);
    line("seed", report.seed);
    line("verdict", report.passed ? "passed" : "FAILED: " + report.problem);
    line("heap bytes a node", report.bytes_per_node);
    line("datagrams", report.datagrams);
    line("datagrams/s on one core", report.datagrams_per_second);
    line("simulated ms", report.simulated_ms);
    line("real ms", report.real_ms);
    line("lookups",
         std::to_string(report.lookups_right) + " right of " + std::to_string(report.lookups));
    line("lookup p50 / p95 ms",
         std::to_string(report.p50_ms) + " / " + std::to_string(report.p95_ms));
    line("peers asked a lookup", std::to_string(report.asked_per_lookup_times_ten / 10) + "." +
                                     std::to_string(report.asked_per_lookup_times_ten % 10));
    out << std::left << std::setw(26) << "trace hash" << std::hex << std::right << std::setw(16)
        << std::setfill('0') << report.trace_hash << '\n';
    return out.str();
}

std::string report_json(const RunOptions& options, const RunReport& report) {
    std::ostringstream out;
    out << "{\"scenario\":\"" << options.scenario << "\",\"nodes\":" << report.nodes
        << ",\"seed\":" << report.seed << ",\"passed\":" << (report.passed ? "true" : "false")
        << ",\"problem\":\"" << report.problem << "\",\"bytes_per_node\":" << report.bytes_per_node
        << ",\"datagrams\":" << report.datagrams
        << ",\"datagrams_per_second\":" << report.datagrams_per_second
        << ",\"simulated_ms\":" << report.simulated_ms << ",\"real_ms\":" << report.real_ms
        << ",\"lookups\":" << report.lookups << ",\"lookups_right\":" << report.lookups_right
        << ",\"p50_ms\":" << report.p50_ms << ",\"p95_ms\":" << report.p95_ms
        << ",\"asked_per_lookup_times_ten\":" << report.asked_per_lookup_times_ten
        << ",\"trace_hash\":\"" << std::hex << std::setw(16) << std::setfill('0')
        << report.trace_hash << "\"}\n";
    return out.str();
}

}  // namespace sov::sim
