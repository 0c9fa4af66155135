#include "platform/nice/addresses.h"

#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <string_view>

namespace sov::nice {

namespace {

std::optional<Endpoint> endpoint_of(const sockaddr* address) {
    if (address == nullptr) return std::nullopt;
    if (address->sa_family == AF_INET) {
        const auto* v4 = reinterpret_cast<const sockaddr_in*>(address);
        return Endpoint::from_address({reinterpret_cast<const std::uint8_t*>(&v4->sin_addr), 4},
                                      ntohs(v4->sin_port));
    }
    if (address->sa_family == AF_INET6) {
        const auto* v6 = reinterpret_cast<const sockaddr_in6*>(address);
        return Endpoint::from_address({reinterpret_cast<const std::uint8_t*>(&v6->sin6_addr), 16},
                                      ntohs(v6->sin6_port));
    }
    return std::nullopt;
}

bool leads_to_others(std::string_view interface) {
    for (const std::string_view start : {"docker", "br-", "virbr", "veth"}) {
        if (interface.starts_with(start)) return false;
    }
    return true;
}

// Of an address that may have no port yet.
Scope reach(Endpoint endpoint) {
    endpoint.port = 1;
    return endpoint.scope();
}

int rank(const Endpoint& endpoint) {
    const Scope scope = reach(endpoint);
    return scope == Scope::kGlobal ? 0 : scope == Scope::kLan ? 1 : 2;
}

NiceCandidateType native_kind(CandidateKind kind) {
    switch (kind) {
        case CandidateKind::kHost: return NICE_CANDIDATE_TYPE_HOST;
        case CandidateKind::kServerReflexive: return NICE_CANDIDATE_TYPE_SERVER_REFLEXIVE;
        case CandidateKind::kPeerReflexive: return NICE_CANDIDATE_TYPE_PEER_REFLEXIVE;
        case CandidateKind::kRelayed: return NICE_CANDIDATE_TYPE_RELAYED;
    }
    return NICE_CANDIDATE_TYPE_HOST;
}

}  // namespace

NiceAddress native_address(const Endpoint& endpoint) {
    NiceAddress address;
    nice_address_init(&address);
    if (endpoint.family == Family::kIpv4) {
        nice_address_set_ipv4(&address, load_u32(endpoint.address.data()));
    } else {
        nice_address_set_ipv6(&address, endpoint.address.data());
    }
    nice_address_set_port(&address, endpoint.port);
    return address;
}

std::optional<Endpoint> endpoint_of(const NiceAddress& address) {
    return endpoint_of(&address.s.addr);
}

CandidateKind kind_of(NiceCandidateType type) {
    switch (type) {
        case NICE_CANDIDATE_TYPE_HOST: return CandidateKind::kHost;
        case NICE_CANDIDATE_TYPE_SERVER_REFLEXIVE: return CandidateKind::kServerReflexive;
        case NICE_CANDIDATE_TYPE_PEER_REFLEXIVE: return CandidateKind::kPeerReflexive;
        case NICE_CANDIDATE_TYPE_RELAYED: return CandidateKind::kRelayed;
    }
    return CandidateKind::kHost;
}

std::optional<IceCandidate> candidate_of(const NiceCandidate& native) {
    if (native.transport != NICE_CANDIDATE_TRANSPORT_UDP) return std::nullopt;
    const auto endpoint = endpoint_of(native.addr);
    if (!endpoint || endpoint->scope() == Scope::kLinkLocal) return std::nullopt;
    IceCandidate candidate;
    candidate.foundation = native.foundation;
    candidate.priority = native.priority;
    candidate.endpoint = *endpoint;
    candidate.kind = kind_of(native.type);
    if (candidate.kind != CandidateKind::kHost) candidate.related = endpoint_of(native.base_addr);
    return is_well_formed(candidate) ? std::optional(std::move(candidate)) : std::nullopt;
}

NativeCandidate native_candidate(const IceCandidate& candidate, guint stream) {
    NativeCandidate native(nice_candidate_new(native_kind(candidate.kind)));
    native->transport = NICE_CANDIDATE_TRANSPORT_UDP;
    native->addr = native_address(candidate.endpoint);
    native->base_addr = native_address(candidate.related.value_or(candidate.endpoint));
    native->priority = candidate.priority;
    native->stream_id = stream;
    native->component_id = kIceComponent;
    std::memcpy(native->foundation, candidate.foundation.c_str(), candidate.foundation.size() + 1);
    return native;
}

OwnAddresses own_addresses(const AddressRule& rule) {
    OwnAddresses own;
    ifaddrs* list = nullptr;
    if (getifaddrs(&list) != 0) return own;
    const std::unique_ptr<ifaddrs, decltype(&freeifaddrs)> owner(list, &freeifaddrs);
    for (const ifaddrs* entry = list; entry != nullptr; entry = entry->ifa_next) {
        if ((entry->ifa_flags & IFF_UP) == 0) continue;
        const auto endpoint = endpoint_of(entry->ifa_addr);
        if (!endpoint) continue;
        if ((entry->ifa_flags & IFF_BROADCAST) != 0 && endpoint->family == Family::kIpv4) {
            if (const auto everybody = endpoint_of(entry->ifa_broadaddr))
                own.broadcast.push_back(*everybody);
        }
        const bool loopback = (entry->ifa_flags & IFF_LOOPBACK) != 0;
        if (loopback ? !rule.loopback : !leads_to_others(entry->ifa_name)) continue;
        if (endpoint->family == Family::kIpv4 ? !rule.ipv4 : !rule.ipv6) continue;
        if (reach(*endpoint) == Scope::kLinkLocal) continue;
        if (std::find(own.usable.begin(), own.usable.end(), *endpoint) == own.usable.end())
            own.usable.push_back(*endpoint);
    }
    std::stable_sort(own.usable.begin(), own.usable.end(),
                     [](const Endpoint& a, const Endpoint& b) { return rank(a) < rank(b); });
    if (own.usable.size() > kOwnAddressesMax) own.usable.resize(kOwnAddressesMax);
    return own;
}

}  // namespace sov::nice
