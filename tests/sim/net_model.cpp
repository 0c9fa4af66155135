#include "tests/sim/net_model.h"

#include "tests/support/quick_hash.h"

namespace sov::sim {

namespace {

constexpr std::chrono::minutes kFlowLifetime{2};
constexpr std::uint16_t kPort = 6881;

constexpr std::uint64_t kOdd = 0x9e3779b97f4a7c15ULL;

// The middles of 32 equal parts of a log-normal distribution: median 10 ms, sigma 0.8.
constexpr std::int64_t kAccessMicros[32] = {
    1785,  2616,  3217,  3739,  4223,  4689,  5146,  5601,  6060,  6526,  7004,
    7497,  8008,  8541,  9101,  9691,  10318, 10988, 11708, 12488, 13339, 14277,
    15322, 16502, 17853, 19433, 21328, 23679, 26748, 31088, 38219, 56019,
};

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

// Half of the round trip, in whole numbers so that every machine agrees.
Duration NetModel::on_map(const Endpoint& from, const Endpoint& to) const {
    struct Host {
        std::int64_t x, y, access;
    };
    const auto locate = [&](const Endpoint& endpoint) {
        const std::uint64_t word = support::QuickHash::fold(EndpointHash{}(endpoint) ^ seed_, kOdd);
        return Host{static_cast<std::int64_t>((word & 0xffff) * 140'000 >> 16),
                    static_cast<std::int64_t>((word >> 16 & 0xffff) * 80'000 >> 16),
                    kAccessMicros[word >> 32 & 31]};
    };
    const Host a = locate(from), b = locate(to);
    const auto squared =
        static_cast<std::uint64_t>((a.x - b.x) * (a.x - b.x) + (a.y - b.y) * (a.y - b.y));
    std::uint64_t root = 0;
    for (std::uint64_t bit = 1ULL << 18; bit > 0; bit >>= 1) {
        if ((root + bit) * (root + bit) <= squared) root += bit;
    }
    const auto round_trip = static_cast<std::int64_t>(root) + a.access + b.access;
    return std::chrono::microseconds{round_trip / 2};
}

Duration NetModel::delay_between(const Endpoint& from, const Endpoint& to) {
    if (options_.model == NetOptions::Model::kMap) {
        const auto jitter_span = static_cast<std::uint64_t>(Duration(options_.jitter).count());
        return on_map(from, to) + Duration(static_cast<Duration::rep>(rng_.below(jitter_span)));
    }
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
