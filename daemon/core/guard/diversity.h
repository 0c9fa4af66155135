#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "daemon/core/base/endpoint.h"

namespace sov::guard {

/// Counts how many entries of a set come from one /24 and one /16 (IPv6: /56 and /40), so that
/// whoever owns a few subnets can't fill it. Addresses of this host and of the LAN are exempt (as
/// in BEP 42). Costs 8 bytes an entry: prefixes are folded to 32 bits, and that two of some
/// hundreds fold to one, and share a cap, is as good as never seen.
class SubnetCount {
  public:
    void add(const Endpoint& endpoint);
    void remove(const Endpoint& endpoint);
    /// True when one more from there keeps both counts within the caps.
    bool fits(const Endpoint& endpoint, std::size_t near_max, std::size_t far_max) const;

  private:
    using Prefixes = std::vector<std::uint32_t>;  ///< sorted; one for each entry
    static void insert(Prefixes& prefixes, std::uint64_t prefix);
    static void erase(Prefixes& prefixes, std::uint64_t prefix);
    static std::size_t count_of(const Prefixes& prefixes, std::uint64_t prefix);

    Prefixes near_, far_;
};

/// True when caps apply to this address at all.
bool counts_for_diversity(const Endpoint& endpoint);

/// May somebody at `asker` be told `address`? Global addresses: everybody. LAN addresses: peers on
/// a LAN or this host. Loopback: this host only. Link-local and bogons: nobody.
bool may_tell(const Endpoint& asker, const Endpoint& address);

/// The same rule for addresses that a peer at `teller` hands us.
inline bool may_believe(const Endpoint& teller, const Endpoint& address) {
    return may_tell(teller, address);
}

}  // namespace sov::guard
