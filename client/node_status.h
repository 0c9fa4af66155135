#pragma once

#include <cstdint>
#include <string>

// What a node says about itself, as far as it needs nothing else of the client library.

namespace sov::client {

/// Why a verdict is not plainly good, or what will not stay good.
struct Reason {
    std::string code;  ///< isolated no_bootstrap bootstrap_wrong_key bootstrap_unreachable ...
    std::string sentence;
    std::string next_step;  ///< may be empty
};

struct FamilyStatus {
    std::string family;  ///< ipv4 ipv6
    bool enabled = false;
    std::string listening;     ///< where the socket listens; may be empty
    std::string observed;      ///< our address as others see it; empty: unknown
    std::string reachability;  ///< unknown client server
    std::string reachability_reason;
    std::uint32_t table_nodes = 0, table_fresh = 0, dialbacks = 0;
};

struct LayerStatus {
    std::string name;  ///< bootstrap dht mdns ble
    bool on = false;
    std::string state = {};   ///< off working degraded waiting
    std::string reason = {};  ///< why it does not work wholly; empty while it does
};

/// Whether one party's nodes surround the daemon's.
struct Surround {
    bool suspected = false;
    std::string signs;
    std::uint64_t size_near = 0, size_far = 0;  ///< of the network; 0: unknown
    std::uint32_t subnets = 0, inbound = 0, anchors = 0, anchors_answering = 0;
};

/// The signed bootstrap list in force, and what was said about other ones.
struct BootstrapList {
    std::uint64_t number = 0;   ///< 0: there is none yet
    std::uint64_t expires = 0;  ///< seconds since 1970
    std::uint32_t nodes = 0;
    std::string from;
    std::string refused, refused_from;  ///< the last refusal; empty: none
};

/// How our records are signed beside Ed25519, and what the daemon can check.
struct Signatures {
    std::string post_quantum_policy;  ///< off prefer require; empty: not told
    bool post_quantum_available = false, signs = false;
    std::string crypto_library;
    std::uint32_t replicas = 0;  ///< that keep the ML-DSA-65 half of our peer record
};

}  // namespace sov::client
