#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "daemon/core/base/endpoint.h"
#include "daemon/core/base/ids.h"
#include "daemon/core/base/instant.h"

namespace sov::guard {

/// Addresses of which strangers told us and where nobody answered. Whoever lies in lookups can name
/// any address as that of many made-up nodes, and have everybody who believes it send packets
/// there; so an address that stayed silent under one key is not tried under another one for two
/// hours. The same key may be tried again: nodes come back. Remembers at most as many addresses as
/// it is made for; past it the oldest is forgotten. Addresses of a LAN are not remembered.
class SilentAddresses {
  public:
    explicit SilentAddresses(std::size_t most) : most_(most) {}

    /// Nobody with this key answered there, and never has.
    void note_silent(Instant now, const Endpoint& endpoint, const NodeKey& key);
    /// Somebody answered there.
    void note_answer(const Endpoint& endpoint);
    /// True when this key at this address, whatever the port, is not worth a packet.
    bool avoided(Instant now, const Endpoint& endpoint, const NodeKey& key) const;
    std::size_t size() const { return entries_.size(); }

  private:
    struct Entry {
        std::uint64_t address = 0;
        std::uint64_t key = 0;  ///< the one it was silent under first
        Instant until{};
    };
    static std::uint64_t address_of(Endpoint endpoint) {
        endpoint.port = 0;
        return EndpointHash{}(endpoint);
    }

    std::size_t most_;
    std::vector<Entry> entries_;  ///< oldest first
};

}  // namespace sov::guard
