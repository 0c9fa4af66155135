#include "tests/sim/run.h"

#include <algorithm>
#include <chrono>
#include <iomanip>
#include <sstream>

#include "tests/sim/scenarios/scenario.h"

namespace sov::sim {

namespace {

struct Scenario {
    const char* name;
    std::uint32_t nodes, lookups;  ///< when the command line doesn't say
    void (*run)(const RunOptions&, RunReport&);
    const char* about;
};

constexpr Scenario kScenarios[] = {
    {"join", 200, 0, run_usual, "a network grows from its first node"},
    {"find", 200, 200, run_usual, "and its nodes find each other by name and by peer"},
    {"churn", 200, 200, run_usual, "while a tenth is replaced every minute"},
    {"colluders-20", 5000, 250, run_colluders, "a fifth of all nodes names its own side only"},
    {"colluders-30", 5000, 250, run_colluders, "three in ten do"},
    {"colluders-50", 5000, 250, run_colluders, "half of them do"},
    {"poisoned-20", 5000, 250, run_colluders, "a fifth does, and has twice its share of tables"},
    {"poisoned-30", 5000, 250, run_colluders, "three in ten do"},
    {"poisoned-50", 5000, 250, run_colluders, "half of them do"},
    {"planted-80", 5000, 40, run_planted, "80 hostile ids nearer to a key than anybody"},
    {"planted-25", 5000, 40, run_planted, "25: all that a record is stored at"},
    {"restart-flood", 2000, 200, run_restart_flood, "a node restarts among 20 hostile to one"},
    {"dead-contacts", 5000, 250, run_dead_contacts, "one in ten is dead, 2 % of packets are lost"},
    {"geography", 500, 250, run_geography, "the nearer of two equally good nodes is asked first"},
    {"churn-50", 10000, 1000, run_churn_50, "half of all nodes leave in ten minutes"},
    {"partition-heal", 1000, 200, run_partition_heal, "two halves are apart for half an hour"},
    {"withholders", 2000, 100, run_withholders, "three in ten sign for values and deny them"},
    {"stale-servers", 2000, 250, run_stale_servers, "half keep the first version for ever"},
    {"equivocators", 1000, 50, run_equivocators, "two hosts write under one user key at once"},
    {"growth", 1000, 250, run_growth, "what a lookup costs in a network of this size"},
    {"victim", 1000, 0, run_victim, "one in ten names a victim's address in every answer"},
    {"reflection", 300, 100, run_reflection,
     "datagrams with forged sources, to have them answered"},
    {"spam-90", 500, 100, run_spam, "nine in ten offers come from fifty subnets of one"},
    {"sweep", 200, 10'000, run_sweep, "one app offers ten thousand contents, twice"},
    {"soak-72h", 24, 0, run_soak, "three days of everyday life: does anything grow?"},
    {"soak-6h", 12, 0, run_soak, "six hours of it, for the gate"},
};

}  // namespace

const std::vector<std::string>& scenario_names() {
    static const std::vector<std::string> names = [] {
        std::vector<std::string> all;
        for (const Scenario& scenario : kScenarios) all.emplace_back(scenario.name);
        return all;
    }();
    return names;
}

std::string scenario_list() {
    std::ostringstream out;
    out << std::left << std::setw(16) << "scenario" << std::right << std::setw(7) << "nodes"
        << std::setw(9) << "lookups"
        << "  what happens\n";
    for (const Scenario& scenario : kScenarios) {
        out << std::left << std::setw(16) << scenario.name << std::right << std::setw(7)
            << scenario.nodes << std::setw(9) << scenario.lookups << "  " << scenario.about << '\n';
    }
    return out.str();
}

std::optional<RunReport> run_scenario(const RunOptions& options) {
    const auto scenario =
        std::find_if(std::begin(kScenarios), std::end(kScenarios),
                     [&](const Scenario& known) { return options.scenario == known.name; });
    if (scenario == std::end(kScenarios)) return std::nullopt;
    RunOptions filled = options;
    if (filled.nodes == 0) filled.nodes = scenario->nodes;
    if (filled.lookups == 0) filled.lookups = scenario->lookups;
    const auto began = std::chrono::steady_clock::now();
    RunReport report;
    report.nodes = filled.nodes;
    report.seed = filled.seed;
    scenario->run(filled, report);
    for (const Figure& figure : report.figures) {
        if (figure.met() || !report.problem.empty()) continue;
        report.passed = false;
        report.problem = figure.name + ": " + figure.text() + ", wanted " + figure.bar_text();
    }
    const auto took = std::chrono::steady_clock::now() - began;
    report.real_ms = whole_ms(std::chrono::duration_cast<Duration>(took));
    report.peak_bytes = peak_resident_bytes();
    report.datagrams_per_second =
        report.real_ms <= report.founding_ms
            ? 0
            : report.datagrams * 1000 / (report.real_ms - report.founding_ms);
    return report;
}

void RunReport::take_totals(const World& world) {
    simulated_ms = whole_ms(world.now().time_since_epoch());
    datagrams += world.totals().datagrams;
    trace_hash ^= world.trace_hash();
}

std::string report_table(const RunOptions& options, const RunReport& report) {
    std::ostringstream out;
    std::size_t width = 26;
    for (const Figure& figure : report.figures) width = std::max(width, figure.name.size() + 2);
    const auto line = [&out, width](std::string_view name, const auto& value) {
        out << std::left << std::setw(static_cast<int>(width)) << name << value << '\n';
    };
    line("scenario", options.scenario);
    line("nodes", report.nodes);
    line("seed", report.seed);
    line("verdict", report.passed ? "passed" : "FAILED: " + report.problem);
    if (report.bytes_per_node > 0) line("heap bytes a node", report.bytes_per_node);
    line("most resident MiB", report.peak_bytes >> 20);
    line("datagrams", report.datagrams);
    line("datagrams/s on one core", report.datagrams_per_second);
    line("simulated ms", report.simulated_ms);
    line("real ms", report.real_ms);
    if (report.lookups > 0) {
        line("lookups",
             std::to_string(report.lookups_right) + " right of " + std::to_string(report.lookups));
        if (report.p50_ms > 0) {
            line("lookup p50 / p95 ms",
                 std::to_string(report.p50_ms) + " / " + std::to_string(report.p95_ms));
        }
        if (report.asked_per_lookup_times_ten > 0) {
            line("peers asked a lookup",
                 std::to_string(report.asked_per_lookup_times_ten / 10) + "." +
                     std::to_string(report.asked_per_lookup_times_ten % 10));
        }
    }
    for (const Figure& figure : report.figures) {
        const std::string bar = figure.bar_text();
        line(figure.name, figure.text() + (bar.empty() ? "" : "   (" + bar + ")"));
    }
    out << std::left << std::setw(static_cast<int>(width)) << "trace hash" << std::hex << std::right
        << std::setw(16) << std::setfill('0') << report.trace_hash << '\n';
    return out.str();
}

std::string report_json(const RunOptions& options, const RunReport& report) {
    std::ostringstream figures;
    for (const Figure& figure : report.figures) {
        figures << (figures.tellp() > 0 ? "," : "") << "{\"name\":\"" << figure.name
                << "\",\"value\":" << figure.text_of(figure.value, false) << ",\"unit\":\""
                << figure.unit << "\",\"wanted\":\"" << figure.bar_text() << "\"}";
    }
    std::ostringstream out;
    out << "{\"scenario\":\"" << options.scenario << "\",\"nodes\":" << report.nodes
        << ",\"seed\":" << report.seed << ",\"passed\":" << (report.passed ? "true" : "false")
        << ",\"problem\":\"" << report.problem << "\",\"bytes_per_node\":" << report.bytes_per_node
        << ",\"peak_bytes\":" << report.peak_bytes << ",\"datagrams\":" << report.datagrams
        << ",\"datagrams_per_second\":" << report.datagrams_per_second
        << ",\"simulated_ms\":" << report.simulated_ms << ",\"real_ms\":" << report.real_ms
        << ",\"founding_ms\":" << report.founding_ms << ",\"lookups\":" << report.lookups
        << ",\"lookups_right\":" << report.lookups_right << ",\"p50_ms\":" << report.p50_ms
        << ",\"p95_ms\":" << report.p95_ms
        << ",\"asked_per_lookup_times_ten\":" << report.asked_per_lookup_times_ten
        << ",\"figures\":[" << figures.str() << "],\"trace_hash\":\"" << std::hex << std::setw(16)
        << std::setfill('0') << report.trace_hash << "\"}\n";
    return out.str();
}

}  // namespace sov::sim
