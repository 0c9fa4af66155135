#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/api/doctor.h"
#include "daemon/api/net_tests.h"
#include "daemon/ports/port_mapper.h"

namespace sov::api {

/// One question about the network, its answer, and what follows.
struct NetLine {
    enum class Answer : std::uint8_t { kYes = 1, kNo = 2, kNotTested = 3 };

    std::string topic;
    Answer answer{};
    std::string code;  ///< a stable word for what was found
    std::string what, means, next_step;
    std::vector<Endpoint> addresses;
    std::optional<Duration> took;
};

/// Everything that the report is made from, as values.
struct NetEvidence {
    NetTests tests;
    NodeStatus status;
    std::vector<Endpoint> local_addresses;
    bool way_out_v4 = true, way_out_v6 = true;  ///< a route leads beyond this host's networks
    std::string connectivity;                   ///< NetworkManager's word, as in EconomyFacts
    bool mapping_wanted = false;
    std::optional<ports::MappingChanged> mapping;
    /// Datagrams of the node go through this relay, so what nodes say is about the relay; empty:
    /// none.
    std::string datagram_relay;
    std::vector<LinkFact> links;
    std::vector<Check> checks;  ///< of the doctor; those of the clock and of mDNS are used
};

struct NetReport {
    std::vector<NetLine> lines;
    /// "direct", "mapped_only", "relayed", "none" or "unknown"; see network.proto.
    std::string_view verdict;
    std::string sentence;
};

/// What the tests say, in a fixed order of topics. A value that was not measured is said to be
/// untested, never to be "no".
NetReport judge_network(const NetEvidence& evidence);

}  // namespace sov::api
