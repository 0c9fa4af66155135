#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "daemon/core/base/endpoint.h"
#include "daemon/core/base/ids.h"
#include "daemon/core/base/instant.h"

namespace sov::discovery {

/// What a local discovery layer hears by.
enum class Medium : std::uint8_t { kMdns, kBle };
inline constexpr std::size_t kMediums = 2;

/// How much a layer knows of whom it sees. Higher is stronger.
enum class Trust : std::uint8_t {
    kUnverified,  ///< somebody of our network; no name, or a name that nothing proves
    kRecognised,  ///< bears a friend's rotating tag: replayable within its epoch, so only a hint
    kSigned,      ///< signed by the peer it names; could be replayed from another place
    kVerified,    ///< proved its keys in a handshake over this very path
};

enum class Presence : std::uint8_t {
    kPresent,
    kFading,  ///< silent for longer than usual
    kLost,
};

/// How near a radio neighbour is, smoothed.
struct Proximity {
    std::int8_t rssi_dbm = 0;
    std::uint32_t distance_cm = 0;  ///< a guess from the sender's power at one metre
    bool near = false;              ///< with hysteresis: docs/protocol.md, "Bluetooth LE"
};

/// One way in which one layer sees one peer: an instance at an address on an interface, or a
/// rotating id on a radio. A peer seen in several ways has several.
struct Evidence {
    Medium medium{};
    std::uint64_t source = 0;  ///< the layer's own number for it, never used twice in a node's life
    Trust trust{};
    Presence presence{};
    std::optional<PeerId> peer;   ///< claimed, recognised or proven, as `trust` says
    std::optional<NodeKey> node;  ///< likewise
    Endpoint endpoint;            ///< port 0: no address (a radio)
    std::string where;            ///< "eth0", "hci0"
    std::string label;            ///< the instance or rotating id as it is on the air, for people
    std::uint32_t capabilities = 0;
    /// The quarter of an hour that it is by the sender's clock, where it says so (Recognition).
    std::optional<std::uint64_t> epoch;
    Instant first_seen{}, last_seen{};
    std::optional<Proximity> proximity;
};

}  // namespace sov::discovery
