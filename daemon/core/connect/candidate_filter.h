#pragma once

#include <vector>

#include "daemon/core/base/endpoint.h"
#include "daemon/core/base/ice.h"

namespace sov::connect {

/// Whom a candidate is from or for.
enum class Trust : std::uint8_t { kStranger, kFriend };

/// What this host knows about itself, as far as candidates are concerned.
struct OwnPlaces {
    std::vector<Endpoint> endpoints;  ///< where our own sockets are
    /// All our addresses are loopback ones: laboratories on one host.
    bool loopback_only = false;
};

/// Whether we send checks to a candidate that a peer told. A check is a STUN request of about 100
/// bytes to an address that somebody else chose, so never to: port 0, multicast, broadcast,
/// reserved and unspecified addresses; those of one link, which mean nothing here; loopback, unless
/// we have nothing else; and our own sockets, which would answer themselves. Addresses of private
/// networks are for friends: a stranger has no business to make us send into our LAN.
bool may_check(const IceCandidate& candidate, Trust from, const OwnPlaces& own);

/// Whether a peer is told a candidate of ours. Strangers don't learn our private addresses, neither
/// as a candidate nor as what it belongs to.
bool may_tell(const IceCandidate& candidate, Trust to, const OwnPlaces& own);

}  // namespace sov::connect
