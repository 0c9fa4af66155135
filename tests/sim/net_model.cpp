#include "tests/sim/net_model.h"

#include "tests/support/quick_hash.h"

namespace sov::sim {

namespace {

constexpr std::chrono::minutes kFlowLifetime{2};
constexpr std::uint16_t kPort = 6881;

// First octets of public unicast addresses without special ranges inside (RFC 6890).
constexpr std::uint32_t kFirstOctets = 215;
std::uint32_t first_octet(std::uint32_t number) {
    std::uint32_t octet = 1 + number;
    for (const std::uint32_t special : {10U, 100U, 127U, 169U, 172U, 192U, 198U, 203U}) {
        if (octet >= special) ++octet;
    }
    return octet;
}

}  // namespace

void NetModel::set_partition(const Endpoint& host, std::uint8_t partition) {
    partitions_[host] = partition;
}

void NetModel::set_filtering(const Endpoint& host, Filtering filtering) {
    if (filtering == Filtering::kOpen) {
        filtered_.erase(host);
    } else {
        filtered_.try_emplace(host);
    }
}

void NetModel::forget(const Endpoint& host) {
    partitions_.erase(host);
    filtered_.erase(host);
}

std::uint8_t NetModel::partition_of(const Endpoint& host) const {
    const auto found = partitions_.find(host);
    return found == partitions_.end() ? std::uint8_t{0} : found->second;
}

Duration NetModel::delay_between(const Endpoint& from, const Endpoint& to) {
    const std::uint64_t a = EndpointHash{}(from), b = EndpointHash{}(to);
    const std::uint64_t pair = support::QuickHash::fold(a ^ b ^ seed_, (a + b) | 1);
    const auto spread =
        static_cast<std::uint64_t>(Duration(options_.latency_max - options_.latency_min).count());
    const auto jitter = static_cast<std::uint64_t>(Duration(options_.jitter).count());
    const std::uint64_t extra = (spread == 0 ? 0 : pair % spread) + rng_.below(jitter);
    return options_.latency_min + Duration(static_cast<Duration::rep>(extra));
}

std::optional<NetModel::Fate> NetModel::send(Instant now, const Endpoint& from,
                                             const Endpoint& to) {
    const auto sender = filtered_.find(from);
    if (sender != filtered_.end()) sender->second[to] = now;
    if (!partitions_.empty() && partition_of(from) != partition_of(to)) return std::nullopt;
    if (rng_.below(1000) < options_.loss_per_mille) return std::nullopt;
    Fate fate{delay_between(from, to), std::nullopt};
    if (rng_.below(1000) < options_.duplicates_per_mille) {
        fate.duplicate_delay = delay_between(from, to) * 2;
    }
    return fate;
}

bool NetModel::arrives(Instant now, const Endpoint& from, const Endpoint& to) const {
    const auto receiver = filtered_.find(to);
    if (receiver == filtered_.end()) return true;
    const auto flow = receiver->second.find(from);
    return flow != receiver->second.end() && now - flow->second <= kFlowLifetime;
}

Endpoint host_v4(std::uint32_t index) {
    const std::uint32_t first = first_octet(index % kFirstOctets);
    const std::uint32_t second = index / kFirstOctets % 256;
    const std::uint32_t third = index / kFirstOctets / 256 % 256;
    return Endpoint::v4(first << 24 | second << 16 | third << 8 | 1, kPort);
}

Endpoint host_v6(std::uint32_t index) {
    Endpoint endpoint;
    endpoint.family = Family::kIpv6;
    endpoint.address[0] = 0x2a;
    store_u32(&endpoint.address[1], index << 8 | 1);
    endpoint.address[15] = 1;
    endpoint.port = kPort;
    return endpoint;
}

}  // namespace sov::sim
