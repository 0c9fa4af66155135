#pragma once

#include <cstdint>
#include <optional>

#include "daemon/core/base/endpoint.h"
#include "daemon/core/base/ids.h"

namespace sov {

/// What one node tells another about a third: its key and where it can be reached. The id is not
/// carried; whoever reads a contact hashes the key, so a wrong id is impossible.
struct Contact {
    NodeKey key;
    Endpoint v4;  ///< port 0: none
    Endpoint v6;  ///< port 0: none

    friend bool operator==(const Contact&, const Contact&) = default;

    bool has(Family family) const { return endpoint(family).port != 0; }
    const Endpoint& endpoint(Family family) const { return family == Family::kIpv4 ? v4 : v6; }
    void set(const Endpoint& endpoint) { (endpoint.family == Family::kIpv4 ? v4 : v6) = endpoint; }
    void clear(Family family) { (family == Family::kIpv4 ? v4 : v6) = Endpoint{}; }

    static Contact of(const NodeKey& key, const Endpoint& endpoint) {
        Contact contact{key, {}, {}};
        contact.v6.family = Family::kIpv6;
        contact.set(endpoint);
        return contact;
    }
};

/// How a datagram travels. Only plain UDP exists so far; ICE components, relays and BLE links
/// become further kinds here, so that all of them are equals to the core.
struct Path {
    Endpoint remote;

    friend bool operator==(const Path&, const Path&) = default;
};

}  // namespace sov
