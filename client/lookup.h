#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "client/result.h"

// Nodes, and how they were asked: a part of sovereign_client.h.

namespace sov::client {

/// A node key: what routes.
struct NodeId {
    std::string text;       ///< "sovn1..."; empty where only the place is known
    std::string place_hex;  ///< its place in the table's space, 40 hexadecimal digits
};

/// A node and where it can be reached.
struct Contact {
    NodeId node;
    std::vector<std::string> endpoints;  ///< "192.0.2.1:6881" or "[2001:db8::1]:6881"
};

/// One question of a lookup.
struct TraceStep {
    NodeId node;
    std::string endpoint;
    std::uint32_t path = 0, hop = 0;
    microseconds asked_after{0}, round_trip{0};
    std::string outcome;  ///< contacts record stored refused timeout unreachable waiting
    std::string error;    ///< the word for refused
    std::uint32_t contacts = 0, shared_bits = 0;
};

/// How something was looked for.
struct Lookup {
    std::string target_hex;
    microseconds took{0};
    std::uint32_t asked = 0, answered = 0, timed_out = 0, hops = 0;
    std::vector<TraceStep> trace;  ///< in the order asked; only when wanted
};

}  // namespace sov::client
