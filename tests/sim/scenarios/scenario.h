#pragma once

#include <cstdint>

#include "tests/sim/run.h"

// The scenarios that sovsim knows: each makes a world of its own, lets things happen to it and
// writes down what it is about. docs/resilience.md says what each means.

namespace sov::sim {

void run_usual(const RunOptions& options, RunReport& report);
void run_colluders(const RunOptions& options, RunReport& report);
void run_planted(const RunOptions& options, RunReport& report);
void run_restart_flood(const RunOptions& options, RunReport& report);
void run_dead_contacts(const RunOptions& options, RunReport& report);
void run_geography(const RunOptions& options, RunReport& report);
void run_churn_50(const RunOptions& options, RunReport& report);
void run_partition_heal(const RunOptions& options, RunReport& report);
void run_withholders(const RunOptions& options, RunReport& report);
void run_stale_servers(const RunOptions& options, RunReport& report);
void run_equivocators(const RunOptions& options, RunReport& report);
void run_soak(const RunOptions& options, RunReport& report);
void run_growth(const RunOptions& options, RunReport& report);
void run_reflection(const RunOptions& options, RunReport& report);
void run_victim(const RunOptions& options, RunReport& report);
void run_spam(const RunOptions& options, RunReport& report);
void run_sweep(const RunOptions& options, RunReport& report);

/// Nodes of a settlement that ask; the others only answer.
inline constexpr std::size_t kAskers = 64;

World::Options seeded(const RunOptions& options);
/// Sums over all living nodes.
Counters all_counters(const World& world);
std::uint64_t heap_bytes();
/// The most that this process had resident so far.
std::uint64_t peak_resident_bytes();
std::uint64_t whole_ms(Duration span);

}  // namespace sov::sim
