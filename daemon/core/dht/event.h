#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "daemon/core/base/contact.h"
#include "daemon/core/base/ids.h"
#include "daemon/core/base/instant.h"
#include "daemon/core/base/result.h"
#include "daemon/core/dht/offer_report.h"
#include "daemon/core/dht/value_report.h"

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

struct ValuePutFinished {
    CommandId command{};
    ValuePublished published;
};
struct ValueGetFinished {
    CommandId command{};
    ValueGotten gotten;
};

/// The answer to let_go. Errors: not_found; over_quota: too many wait for the disk; busy: the disk
/// did not take it, so that a later life of this node may look after the value again.
struct LetGoFinished {
    CommandId command{};
    std::optional<Errc> error;
};

/// The answer to offer and withdraw_offers.
struct OffersFinished {
    CommandId command{};
    OfferProgress progress;
};
/// Meanwhile; `offering` is the command.
struct OffersProgressed {
    CommandId offering{};
    OfferProgress progress;
};
/// One provider that enough of the nearest nodes have shown; `finding` is the command, and its
/// answer names this one again.
struct ProviderConfirmed {
    CommandId finding{};
    FoundProvider provider;
};
/// The answer to find_providers.
struct ProvidersFound {
    CommandId command{};
    ProvidersReport report;
};

// --- what listeners are told; `listen` is the command that began it ---
/// One version; the cursor, passed to a later listen, leaves out all that were told with this one.
struct ValueChanged {
    CommandId listen{};
    Key key;
    ValueVersion value;
    Bytes cursor;
};
/// Replicas began (more than none) or ceased (none) to report changes. Until the first of these a
/// change may be told late.
struct ListenArmed {
    CommandId listen{};
    std::uint16_t replicas = 0;
};
/// Nothing follows.
struct ListenEnded {
    CommandId listen{};
    Errc error{};
};

// --- sealed items ---
/// One that came while somebody listens for items; `listen` is the command that began it.
struct ItemArrived {
    CommandId listen{};
    identity::Item item;
};
/// What lies in our own mailbox, in the order in which it was sent. `error` unset: at least one
/// replica answered, or we are one.
struct ItemsCollected {
    CommandId command{};
    std::optional<Errc> error;
    std::vector<identity::Item> items;
    std::uint16_t replicas = 0;  ///< that answered
};
struct ItemsRemoved {
    CommandId command{};
    std::optional<Errc> error;
    std::uint16_t replicas = 0;  ///< that have deleted what they had
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
/// A value of ours that is looked after from now on, or a newer version of one: one a key and
/// owner.
struct OwnValueKept {
    Key key;
    PeerId owner;
    std::uint32_t app = 0;
    Bytes record;  ///< with its pages
    Instant ends;
};
/// Nobody looks after it any more.
struct OwnValueOver {
    Key key;
    PeerId owner;
    /// Set when it has lost: its owner has stored another version elsewhere, under this sequence
    /// number, and that one stays.
    std::optional<std::uint64_t> lost_to = std::nullopt;
    std::uint64_t ticket = 0;  ///< somebody waits for the disk; 0: nobody does
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
/// Two different records of one owner under one sequence number: somebody else has the key, or the
/// owner runs twice. Everybody keeps the smaller.
struct EquivocationSeen {
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
/// More nodes stand next to a key than an honest network has there, or not any more. Records of
/// ours that live there are stored at their second home, too.
struct RegionCrowded {
    Key key;
    bool crowded = false;
};
struct NameOwnerChanged {
    std::string name;
    PeerId pinned;
    PeerId now;
};
/// A hand-over was followed: this peer has another key now.
struct PeerMoved {
    PeerId from, to;
    std::string note;  ///< what the user calls this friend
};
/// A friend's record does not name the second key that the friend was seen with.
struct SecondKeyBroken {
    PeerId peer;
    std::string note;      ///< what the user calls this friend
    bool missing = false;  ///< it names none; else another one
    bool refused = false;  ///< by policy
};
/// Somebody signed two different hand-overs with this key: it was stolen. Who followed the first
/// one stays there.
struct HandOverDisputed {
    PeerId peer;
};
/// Records of ours that we did not write appear in the DHT: our key is in use elsewhere, too.
struct IdentityElsewhere {
    std::vector<identity::PeerNode> nodes;  ///< that the other one names; empty: it handed over
    std::optional<PeerId> handed_to;        ///< with a hand-over, signed with our key
};

using Event =
    std::variant<FindFinished, PublishFinished, GetFinished, ValuePutFinished, ValueGetFinished,
                 LetGoFinished, OffersFinished, OffersProgressed, ProviderConfirmed, ProvidersFound,
                 ValueChanged, ListenArmed, ListenEnded, ItemArrived, ItemsCollected, ItemsRemoved,
                 PersistRecord, ForgetRecord, OwnValueKept, OwnValueOver, PinName, OwnNamesChanged,
                 ReserveSequence, ReachabilityChanged, NodeDiscovered, NodeLost, RecordStored,
                 EquivocationSeen, OwnRecordPublished, RegionCrowded, NameOwnerChanged, PeerMoved,
                 SecondKeyBroken, HandOverDisputed, IdentityElsewhere>;

}  // namespace sov::dht
