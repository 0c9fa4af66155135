#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "daemon/core/base/contact.h"
#include "daemon/core/base/ids.h"
#include "daemon/core/base/instant.h"
#include "daemon/core/base/result.h"
#include "daemon/core/dht/report.h"

// What the DHT tells the outside. Answers carry the CommandId they belong to; requests for
// persistence carry a ticket that comes back.

namespace sov::dht {

enum class Reachability : std::uint8_t { kUnknown, kClient, kServer };

// --- answers to commands ---
struct FindFinished {
    CommandId command{};
    Found found;
};
struct PublishFinished {
    CommandId command{};
    Published published;
};
struct GetFinished {
    CommandId command{};
    Gotten gotten;
};

// --- requests for persistence ---
struct PersistRecord {
    std::uint64_t ticket = 0;
    Key key;
    PeerId owner;
    identity::RecordKind kind{};
    Bytes record;
    Instant expires;
};
struct ForgetRecord {
    Key key;
    PeerId owner;
    identity::RecordKind kind{};
};
struct PinName {
    std::string name;
    PeerId owner;
};
struct OwnNamesChanged {
    std::uint64_t ticket = 0;
    std::vector<std::string> names;
};
/// No own record up to this number may be signed before the reservation is on disk.
struct ReserveSequence {
    std::uint64_t ticket = 0;
    std::uint64_t up_to = 0;
};

// --- what happened, for `events`, logs and status ---
struct ReachabilityChanged {
    Family family{};
    Reachability to{};
    Endpoint address;
    std::string reason;
};
struct NodeDiscovered {
    NodeId node;
    Endpoint endpoint;
};  ///< entered the routing table
struct NodeLost {
    NodeId node;
    Endpoint endpoint;
};  ///< left it
struct RecordStored {
    Key key;
    PeerId owner;
    identity::RecordKind kind{};
    std::uint64_t sequence = 0;
};
/// Our own record or name was published or refreshed without a command.
struct OwnRecordPublished {
    Key key;
    std::uint16_t stored = 0;
    std::optional<Errc> error;
};
struct NameOwnerChanged {
    std::string name;
    PeerId pinned;
    PeerId now;
};

using Event =
    std::variant<FindFinished, PublishFinished, GetFinished, PersistRecord, ForgetRecord, PinName,
                 OwnNamesChanged, ReserveSequence, ReachabilityChanged, NodeDiscovered, NodeLost,
                 RecordStored, OwnRecordPublished, NameOwnerChanged>;

}  // namespace sov::dht
