#pragma once

#include <string>
#include <vector>

#include "daemon/core/dht/report.h"
#include "daemon/core/identity/items.h"

// What apps say and hear about values, and what they leave for peers.

namespace sov::dht {

/// How many replicas an app wants to hear from before it is answered.
enum class Level : std::uint8_t {
    kFast,    ///< write: one receipt; read: the first valid copy
    kNormal,  ///< write: three receipts, or all where fewer are asked; read: three agree of ten
    kStrong,  ///< write: receipts of more than half of the k nearest; read: all of them asked
};

/// A value to store.
struct ValuePut {
    std::optional<std::string> label;  ///< set: a mutable value of ours; at most 64 bytes
    Bytes content;                     ///< at most Limits::value_bytes_max
    /// Store it only if this is the newest sequence number; 0: only if there is none.
    std::optional<std::uint64_t> expected;
    bool withdraw = false;  ///< a tombstone in place of content
    std::chrono::seconds ttl{2 * 3600};
    Level level = Level::kNormal;
    std::uint32_t app = 0;  ///< whose it is, among those who share this node
    /// What the app may have looked after at once, this one included.
    std::size_t app_values_max = SIZE_MAX, app_bytes_max = SIZE_MAX;
};

/// Which bound of our own a put has met; with Errc::kOverQuota.
enum class OwnQuota : std::uint8_t { kNone, kValues, kAppValues, kAppBytes };

/// A value of ours that is looked after.
struct OwnValue {
    Key key;
    identity::RecordHead head;
    std::string label;  ///< of a mutable value
    std::size_t bytes = 0;
    std::uint32_t app = 0;
    std::size_t holders = 0;  ///< nodes that have it, as far as we know
    Duration ends_in{0};
};

/// A replica that signed for a value.
struct Receipt {
    NodeKey node;
    std::uint32_t seconds = 0;  ///< that it keeps it, from when it was asked
};

/// The answer to put_value. The replicas that are still silent are told nonetheless.
struct ValuePublished {
    std::optional<Errc> error;
    Key key;
    std::uint64_t sequence = 0;
    std::uint16_t asked = 0, refused = 0;
    std::vector<Receipt> receipts;
    bool held_here = false;      ///< we are one of the replicas, too
    Duration held_for{0};        ///< the shortest of the receipts
    std::uint64_t conflict = 0;  ///< with Errc::kConflict: the newest sequence number
    std::size_t bytes_max = 0;  ///< with Errc::kTooLarge: what this node keeps; 0: it was a replica
    OwnQuota quota{};           ///< kNone: if it was one, it was one of the replicas
    LookupReport lookup;
};

/// One version of a value, checked.
struct ValueVersion {
    identity::RecordHead head;
    std::string label;  ///< of a mutable value
    Bytes content;      ///< of other kinds of records: the record
};

/// The answer to get_value.
struct ValueGotten {
    std::optional<Errc> error;
    Key key;
    ValueVersion value;
    std::uint16_t replicas = 0;  ///< that showed this version
    bool cached = false;         ///< from our own memory, without asking anybody
    /// There is nothing newer than asked for, so there is no value here.
    bool unchanged = false;
    bool equivocation = false;
    LookupReport lookup;
};

/// Items that one command may remove.
inline constexpr std::size_t kItemsRemovedMax = 256;

/// An item that an app or a part of the daemon leaves for a peer.
struct ItemLeft {
    PeerId to;
    identity::ItemUse use{};
    Bytes body;                   ///< at most identity::kItemBodyMax
    std::chrono::seconds ttl{0};  ///< at most identity::ttl_max; 0: that
};

}  // namespace sov::dht
