#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "daemon/core/base/endpoint.h"
#include "daemon/core/base/ids.h"
#include "daemon/core/base/instant.h"
#include "daemon/core/discovery/evidence.h"

namespace sov::discovery {

/// A peer seen by a local medium, with everything that the layers know of it: a copy for apps.
struct Neighbour {
    std::uint64_t number = 0;  ///< one for each sight of it, never used twice in a node's life
    std::optional<PeerId> peer;
    std::optional<NodeKey> node;  ///< as its strongest evidence says
    Trust trust{};                ///< of its strongest evidence
    Presence presence{};          ///< of its liveliest evidence
    Instant first_seen{}, last_seen{};
    std::uint32_t capabilities = 0;      ///< as its strongest evidence says
    std::optional<Proximity> proximity;  ///< of the radio that heard it last
    std::vector<Evidence> evidence;      ///< strongest first; of a lost one the last piece
};

/// What happened to a neighbour.
struct NeighbourChanged {
    enum class Kind : std::uint8_t {
        kFound,
        kUpdated,
        kFading,  ///< silent for longer than usual; kUpdated when it is heard again
        kLost,    ///< always told as fading before, unless it became another
    } kind{};
    Instant at{};
    Neighbour neighbour;
    /// Of a kLost: it turned out to be this other neighbour, who is still there.
    std::optional<std::uint64_t> became;
};

/// An address at which a peer is expected on this host's own links.
struct NearAddress {
    Endpoint endpoint;
    std::optional<NodeKey> node;  ///< the key to expect there
    Trust trust{};

    friend bool operator==(const NearAddress&, const NearAddress&) = default;
};

}  // namespace sov::discovery
