#pragma once

#include <nice/agent.h>

#include <memory>
#include <optional>
#include <vector>

#include "daemon/core/base/endpoint.h"
#include "daemon/core/base/ice.h"

namespace sov::nice {

NiceAddress native_address(const Endpoint& endpoint);
/// Nothing for an address that is not set.
std::optional<Endpoint> endpoint_of(const NiceAddress& address);

CandidateKind kind_of(NiceCandidateType type);
/// As it is told to others. Nothing for what we don't speak (TCP) and for addresses of one link.
std::optional<IceCandidate> candidate_of(const NiceCandidate& candidate);

struct NiceCandidateFree {
    void operator()(NiceCandidate* candidate) const { nice_candidate_free(candidate); }
};
using NativeCandidate = std::unique_ptr<NiceCandidate, NiceCandidateFree>;
NativeCandidate native_candidate(const IceCandidate& candidate, guint stream);

/// What of this host's interfaces takes part.
struct AddressRule {
    bool ipv4 = true, ipv6 = true;
    bool loopback = false;  ///< for tests: nobody else is there
};

struct OwnAddresses {
    /// Port 0; those with the widest reach first, at most kOwnAddressesMax.
    std::vector<Endpoint> usable;
    std::vector<Endpoint> broadcast;  ///< port 0, of all interfaces
};
/// More addresses than this would only make more checks; the others are left out.
inline constexpr std::size_t kOwnAddressesMax = 8;

/// Left out are addresses of one link (a peer on the same link is found by mDNS and dialled without
/// ICE) and interfaces behind which is only this very host: lo, docker*, br-*, virbr*, veth*.
OwnAddresses own_addresses(const AddressRule& rule);

}  // namespace sov::nice
