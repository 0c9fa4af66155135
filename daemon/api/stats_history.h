#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <string_view>
#include <vector>

#include "daemon/ports/measures.h"

namespace sov::api {

/// The last hour of a few measures, one sample each kInterval, for whoever has no Prometheus.
/// 360 samples of 12 numbers: 35 kB. Core thread.
class StatsHistory {
  public:
    static constexpr std::chrono::seconds kInterval{10};
    static constexpr std::size_t kSamplesMax = 360;  ///< past it the oldest goes

    /// What is remembered; measures of these names without a label.
    static constexpr std::array<std::string_view, 12> kRemembered = {
        "sovereign_received_bytes_total",
        "sovereign_sent_bytes_total",
        "sovereign_lookups_started_total",
        "sovereign_lookups_failed_total",
        "sovereign_contacts_known",
        "sovereign_sessions",
        "sovereign_records",
        "sovereign_connections_open",
        "sovereign_messages_waiting",
        "sovereign_session_round_trip_median_seconds",
        "process_resident_memory_bytes",
        "process_cpu_seconds_total"};

    void add(const ports::Measures& measures);
    /// The samples of this measure, the oldest first; empty for a name that is not remembered.
    std::vector<double> samples(std::string_view name) const;

  private:
    using Sample = std::array<double, kRemembered.size()>;
    std::vector<Sample> ring_;
    std::size_t next_ = 0;  ///< where the oldest lies once the ring is full
};

}  // namespace sov::api
