#pragma once

#include "daemon/core/base/endpoint.h"

namespace sov::guard {

/// True when caps per subnet apply to this address at all: those of this host and of the LAN are
/// exempt (as in BEP 42).
bool counts_for_diversity(const Endpoint& endpoint);

/// May somebody at `asker` be told `address`? Global addresses: everybody. LAN addresses: peers on
/// a LAN or this host. Loopback: this host only. Link-local and bogons: nobody.
bool may_tell(const Endpoint& asker, const Endpoint& address);

/// The same rule for addresses that a peer at `teller` hands us.
inline bool may_believe(const Endpoint& teller, const Endpoint& address) {
    return may_tell(teller, address);
}

}  // namespace sov::guard
