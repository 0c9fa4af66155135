#pragma once

#include <map>
#include <optional>

#include "daemon/core/discovery/ble_layer.h"
#include "daemon/core/discovery/coordinator.h"
#include "daemon/core/discovery/friends.h"
#include "daemon/core/discovery/mdns_layer.h"
#include "daemon/core/discovery/neighbours.h"
#include "daemon/core/discovery/recognition.h"
#include "daemon/core/node.h"
#include "daemon/core/wire/request.h"

namespace sov {

/// What a node has when it lives in a neighbourhood: who is near, who of them are friends and how
/// they are recognised. Made only for nodes with NodeOptions::local.
class LocalDiscovery {
  public:
    LocalDiscovery(identity::Crypto& crypto, Rng& rng, const NodeTraits& options,
                   UnixMillis wall_clock, const RestoredState& restored);

    /// Adds the layers of the neighbourhood.
    void add_layers(discovery::Coordinator& coordinator, identity::Crypto& crypto, Rng& rng,
                    Counters& counters, const NodeTraits& options);
    /// Puts the addresses on our own links first in an answer for an app: they are nearer, fresher
    /// and proven. A peer that only the neighbourhood knows is found as well.
    /// `wanted`: whom the app asked for, when it was by id.
    void add_near(dht::Found& found, const std::optional<PeerId>& wanted) const;

    /// Whether a request's tag is of an introduction.
    static bool owns(std::uint64_t tag);
    /// The next introduction to send.
    std::optional<wire::Request> poll_request();
    void on_answer(Instant now, const wire::Answer& answer);
    void on_notice(Instant now, const wire::Notice& notice);

    discovery::Recognition recognition;
    discovery::Friends friends;
    discovery::Neighbours neighbours;
    discovery::MdnsLayer* mdns = nullptr;    ///< owned by the coordinator
    discovery::BleLayer* ble = nullptr;      ///< owned by the coordinator
    std::vector<Endpoint> signed_addresses;  ///< in the record that the radio shows
    Instant sign_at{};                       ///< when it is signed again
    std::map<CommandId, PeerId> finds;       ///< friends being looked for
    std::map<CommandId, PeerId> asked;       ///< peers that apps look for by id; as many as lookups
    std::map<std::string, discovery::LayerReport, std::less<>> told;  ///< of each layer

  private:
    std::vector<identity::PeerNode> nodes_near(const PeerId& peer) const;
};

}  // namespace sov
