#pragma once

#include <cstdint>
#include <optional>
#include <unordered_map>
#include <vector>

#include "daemon/core/base/endpoint.h"
#include "daemon/core/base/instant.h"
#include "daemon/core/base/rng.h"

namespace sov::sim {

/// Who may reach a node from outside (RFC 4787 s5).
enum class Filtering : std::uint8_t {
    kOpen,               ///< everybody
    kEndpointDependent,  ///< whoever the node sent to within the last two minutes (RFC 4787 REQ-5)
};

struct NetOptions {
    enum class Model : std::uint8_t {
        kEven,  ///< each pair anything between the two bounds
        kMap,   ///< hosts on a map of 140 by 80 ms of round trip, and an access line of their own
                ///< (median 10 ms of round trip, log-normal with sigma 0.8): the design's model
    } model{};
    std::chrono::milliseconds latency_min{20}, latency_max{100};
    std::chrono::milliseconds jitter{5};
    std::uint32_t loss_per_mille = 0;
    std::uint32_t duplicates_per_mille = 0;
};

/// The network between the nodes: decides for every datagram whether and when it arrives. Each pair
/// of hosts has a latency of its own, the same at any time; jitter makes datagrams overtake each
/// other.
class NetModel {
  public:
    NetModel(NetOptions options, std::uint64_t seed) : options_(options), seed_(seed), rng_(seed) {}

    void set_options(const NetOptions& options) { options_ = options; }
    const NetOptions& options() const { return options_; }

    /// From now on hosts in different partitions don't hear each other; 0 is where everybody
    /// starts.
    void set_partition(const Endpoint& host, std::uint8_t partition);
    void heal() { partitions_.clear(); }
    void set_filtering(const Endpoint& host, Filtering filtering);
    void forget(const Endpoint& host);

    struct Fate {
        Duration delay{0};
        std::optional<Duration> duplicate_delay;
    };
    /// Nothing: lost. Remembers the flow for the sender's own filter.
    std::optional<Fate> send(Instant now, const Endpoint& from, const Endpoint& to);
    /// Whether the filter of `to` lets it in now that it has arrived.
    bool arrives(Instant now, const Endpoint& from, const Endpoint& to) const;

  private:
    using Flows = std::unordered_map<Endpoint, Instant, EndpointHash>;

    Duration delay_between(const Endpoint& from, const Endpoint& to);
    Duration on_map(const Endpoint& from, const Endpoint& to) const;
    std::uint8_t partition_of(const Endpoint& host) const;

    NetOptions options_;
    std::uint64_t seed_;
    Rng rng_;
    std::unordered_map<Endpoint, std::uint8_t, EndpointHash> partitions_;
    std::unordered_map<Endpoint, Flows, EndpointHash> filtered_;
};

/// A public address of host number `index`, in a /24 of its own and, for the first 55,000 of them,
/// in a /16 of its own.
Endpoint host_v4(std::uint32_t index);
/// The same for IPv6, /56 and /40.
Endpoint host_v6(std::uint32_t index);

}  // namespace sov::sim
