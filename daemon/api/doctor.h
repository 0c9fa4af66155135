#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/api/host.h"
#include "daemon/core/base/counters.h"
#include "daemon/core/snapshot.h"
#include "daemon/io/node_driver.h"

namespace sov::api {

enum class Finding : std::uint8_t { kOk = 1, kWarn = 2, kFail = 3 };

/// What there is to say about one thing that can be found: the same words each time, in one table.
struct Advice {
    std::string_view topic, code;
    Finding finding{};
    std::string_view why, next_step;
    std::string_view command;  ///< the next step as a command line; tests run every one of them
};

/// Everything that a doctor may advise. No two rows have the same topic and code.
std::span<const Advice> advice_table();

struct Check : Advice {
    std::string what;  ///< one sentence
};

/// What the doctor looks at, as values.
struct Symptoms {
    Instant now{};
    NodeStatus status;
    std::vector<BootstrapEntry> bootstrap;
    std::vector<LayerStatus> layers;
    std::vector<discovery::Neighbour> neighbours;
    std::vector<PeerSession> sessions;
    std::vector<Endpoint> local_addresses;
    ConfiguredMode mode{};
    MachineFacts machine;
    std::string store_problem, store_notice;
    EconomyFacts economy{};
    Counters counters;
    Duration uptime{0};
    ConfigFacts config;
};

/// One check a topic, in the table's order of topics; more where several things are wrong.
std::vector<Check> diagnose(const Symptoms& symptoms);

/// Gathers the symptoms and judges them. `uptime` is the daemon's. On the core thread.
std::vector<Check> examine(Instant now, const Node& node, const Host& host, Duration uptime);

}  // namespace sov::api
