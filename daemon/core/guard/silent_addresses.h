#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "daemon/core/base/endpoint.h"
#include "daemon/core/base/ids.h"
#include "daemon/core/base/instant.h"

namespace sov::guard {

/// Addresses of which strangers told us and where nobody answered. Whoever lies in lookups can name
/// any address as that of many made-up nodes, and have everybody who believes it send packets
/// there; so an address that stayed silent under kKeysTried keys is not tried under further ones
/// for two hours. Not after the first already, because many honest nodes share an address behind
/// one router and some of them are off; any answer from there forgets it all. A key that was tried
/// may be tried again half an hour later: nodes come back. Remembers at most as many addresses as
/// it is made for; past it the oldest is forgotten. Addresses of a LAN are not remembered.
class SilentAddresses {
  public:
    static constexpr std::size_t kKeysTried = 3;

    explicit SilentAddresses(std::size_t most) : most_(most) {}

    /// Nobody with this key answered there, and never has.
    void note_silent(Instant now, const Endpoint& endpoint, const NodeKey& key);
    /// Somebody answered there.
    void note_answer(const Endpoint& endpoint);
    /// True when this key at this address, whatever the port, is not worth a packet.
    bool avoided(Instant now, const Endpoint& endpoint, const NodeKey& key) const;
    /// True when somebody was silent there: worth a packet, but not a second one.
    bool suspected(Instant now, const Endpoint& endpoint) const;
    std::size_t size() const { return entries_.size(); }

  private:
    struct Entry {
        std::uint64_t address = 0;
        std::array<std::uint64_t, kKeysTried> keys{};  ///< it was silent under
        std::size_t tried = 0;
        Instant until{}, last{};

        bool knows(const NodeKey& key) const {
            return std::find(keys.begin(), keys.begin() + static_cast<std::ptrdiff_t>(tried),
                             key.prefix()) != keys.begin() + static_cast<std::ptrdiff_t>(tried);
        }
    };
    static std::uint64_t address_of(Endpoint endpoint) {
        endpoint.port = 0;
        return EndpointHash{}(endpoint);
    }

    std::size_t most_;
    std::vector<Entry> entries_;  ///< oldest first
};

}  // namespace sov::guard
