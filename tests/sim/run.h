#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tests/sim/figure.h"
#include "tests/sim/world.h"

namespace sov::sim {

/// One run from the command line.
struct RunOptions {
    std::string scenario = "find";  ///< one of scenario_names()
    std::uint32_t nodes = 0;        ///< 0: as many as the scenario is meant for
    std::uint64_t seed = 1;
    std::uint32_t lookups = 0;  ///< 0: as many as the scenario is meant for
};

struct RunReport {
    std::uint32_t nodes = 0;
    std::uint64_t seed = 0;
    bool passed = false;
    std::string problem;  ///< in words when not passed
    std::uint64_t bytes_per_node = 0;
    std::uint64_t peak_bytes = 0;  ///< most that the process had resident until then
    std::uint64_t datagrams = 0;
    std::uint64_t datagrams_per_second = 0;  ///< of real time on this core
    std::uint64_t simulated_ms = 0, real_ms = 0;
    std::uint64_t founding_ms = 0;  ///< of these, until the network stood
    std::uint64_t lookups = 0, lookups_right = 0;
    std::uint64_t p50_ms = 0, p95_ms = 0;          ///< simulated, of right lookups
    std::uint64_t asked_per_lookup_times_ten = 0;  ///< peers
    std::uint64_t trace_hash = 0;
    std::vector<Figure> figures;  ///< what the scenario is about

    void take_totals(const World& world);
};

/// In the order of the table in docs/resilience.md.
const std::vector<std::string>& scenario_names();
/// A line for each, for people: what it is and how large when nothing else is said.
std::string scenario_list();
/// Nothing for an unknown scenario.
std::optional<RunReport> run_scenario(const RunOptions& options);

std::string report_table(const RunOptions& options, const RunReport& report);
std::string report_json(const RunOptions& options, const RunReport& report);

}  // namespace sov::sim
