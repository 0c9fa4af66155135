#pragma once

#include <map>
#include <optional>

#include "daemon/core/discovery/friends.h"
#include "daemon/core/discovery/neighbours.h"
#include "daemon/core/discovery/recognition.h"
#include "daemon/core/node.h"
#include "daemon/core/wire/request.h"

namespace sov {

/// What a node has when it lives in a neighbourhood: who is near, who of them are friends and how
/// they are recognised. Made only for nodes with NodeOptions::local.
class LocalDiscovery {
  public:
    LocalDiscovery(identity::Crypto& crypto, Rng& rng, const NodeOptions& options,
                   UnixMillis wall_clock, const RestoredState& restored);

    /// Whether a request's tag is of an introduction.
    static bool owns(std::uint64_t tag);
    /// The next introduction to send.
    std::optional<wire::Request> poll_request();
    void on_answer(Instant now, const wire::Answer& answer);
    void on_notice(Instant now, const wire::Notice& notice);

    discovery::Recognition recognition;
    discovery::Friends friends;
    discovery::Neighbours neighbours;
    std::map<CommandId, PeerId> finds;                                ///< friends being looked for
    std::map<std::string, discovery::LayerReport, std::less<>> told;  ///< of each layer
};

}  // namespace sov
