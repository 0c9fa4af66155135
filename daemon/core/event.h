#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "daemon/core/base/contact.h"
#include "daemon/core/base/ids.h"
#include "daemon/core/base/radio.h"
#include "daemon/core/base/result.h"
#include "daemon/core/base/service.h"
#include "daemon/core/dht/event.h"
#include "daemon/core/discovery/friends.h"
#include "daemon/core/discovery/layer.h"
#include "daemon/core/discovery/neighbour.h"
#include "daemon/core/guard/blocklist.h"

// Everything that a node tells the outside. Answers carry the CommandId they belong to; requests
// for persistence carry a ticket that comes back through Node::handle_persisted.

namespace sov {

enum class DiscoveryState : std::uint8_t {
    kStarting,       ///< nothing tried yet
    kBootstrapping,  ///< asking anchors, cached and pinned peers
    kPopulating,     ///< somebody answered; the table fills
    kReady,          ///< the DHT layer has taken over
    kIsolated,       ///< everybody known has been tried and nobody answers; retried with back-off
};

using dht::Reachability;

// --- from the DHT: answers to commands, requests for persistence, and what happened ---
using dht::EquivocationSeen;
using dht::FindFinished;
using dht::ForgetRecord;
using dht::GetFinished;
using dht::HandOverDisputed;
using dht::IdentityElsewhere;
using dht::ItemArrived;
using dht::ItemsCollected;
using dht::ItemsRemoved;
using dht::LetGoFinished;
using dht::ListenArmed;
using dht::ListenEnded;
using dht::NameOwnerChanged;
using dht::NodeDiscovered;
using dht::NodeLost;
using dht::OffersFinished;
using dht::OffersProgressed;
using dht::OwnNamesChanged;
using dht::OwnRecordPublished;
using dht::OwnValueKept;
using dht::OwnValueOver;
using dht::PeerMoved;
using dht::PersistRecord;
using dht::PinName;
using dht::ProviderConfirmed;
using dht::ProvidersFound;
using dht::PublishFinished;
using dht::ReachabilityChanged;
using dht::RecordStored;
using dht::RegionCrowded;
using dht::ReserveSequence;
using dht::SecondKeyBroken;
using dht::ValueChanged;
using dht::ValueGetFinished;
using dht::ValuePutFinished;

// --- from discovery; routine events are dropped and counted past Limits::events_max ---
struct StateChanged {
    DiscoveryState from{};
    DiscoveryState to{};
};
/// A pinned bootstrap peer did not prove its key, or can't be reached; in words.
struct BootstrapProblem {
    NodeKey pinned;
    std::string reason;
};

// --- from local discovery ---
/// Our presence key or the list of friends is not what it was: keep both.
struct FriendsChanged {
    discovery::PresenceKey presence_key{};
    std::vector<discovery::FriendRecord> friends;
};
/// The user's blocklist is not what it was: keep it.
struct BlocksChanged {
    std::vector<guard::Block> blocks;
};
/// Signs that we are surrounded by one party's nodes, or that we are not any more.
struct EclipseSuspected {
    bool suspected = false;
    std::string signs;  ///< in words
};
struct LayerChanged {
    std::string layer;
    discovery::LayerReport report;
};
using discovery::NeighbourChanged;
// BrowserRequest and RadioRequest are for the adapters; daemon/ports says what they do.

using Event =
    std::variant<FindFinished, PublishFinished, GetFinished, ValuePutFinished, ValueGetFinished,
                 LetGoFinished, OffersFinished, OffersProgressed, ProviderConfirmed, ProvidersFound,
                 ValueChanged, ListenArmed, ListenEnded, ItemArrived, ItemsCollected, ItemsRemoved,
                 PersistRecord, ForgetRecord, OwnValueKept, OwnValueOver, PinName, OwnNamesChanged,
                 ReserveSequence, StateChanged, ReachabilityChanged, NodeDiscovered, NodeLost,
                 RecordStored, EquivocationSeen, OwnRecordPublished, RegionCrowded,
                 NameOwnerChanged, PeerMoved, SecondKeyBroken, HandOverDisputed, IdentityElsewhere,
                 BootstrapProblem, EclipseSuspected, FriendsChanged, BlocksChanged, LayerChanged,
                 NeighbourChanged, BrowserRequest, RadioRequest>;

}  // namespace sov
