#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "client/lookup.h"
#include "client/result.h"

// Lookups, and the values that they find and store: a part of sovereign_client.h.

namespace sov::client {

/// Where a value is: a key of 20 bytes, or a label of its owner.
struct ValuePlace {
    std::string key;    ///< 20 bytes; empty: the label counts
    std::string label;  ///< at most 64 bytes
    std::string owner;  ///< "sov1..."; empty: this peer
};

struct PutValue {
    std::string content;               ///< 16 KiB, unless configured otherwise
    std::optional<std::string> label;  ///< set: a mutable value of this peer
    /// Only if this is the newest sequence number; 0: only if there is none. Needs a label.
    std::optional<std::uint64_t> expected;
    bool withdraw = false;  ///< a tombstone in place of content. Needs a label
    milliseconds ttl{0};    ///< 0: two hours
    std::string level;      ///< fast normal strong; empty: normal
};

/// A node that signed for a value.
struct Receipt {
    NodeId node;
    milliseconds held_for{0};
};

struct ValueStored {
    std::string key_hex;
    std::uint64_t sequence = 0;
    std::uint32_t asked = 0, refused = 0;
    std::vector<Receipt> receipts;
    milliseconds held_for{0};  ///< the shortest of the receipts
    bool held_here = false;
    Lookup lookup;
};

/// One version of a value.
struct Value {
    std::string key_hex;
    std::string kind;  ///< immutable mutable; for listeners also peer name
    PeerId owner;      ///< empty for an immutable value
    std::string label;
    std::uint64_t sequence = 0;
    bool tombstone = false;
    milliseconds ttl{0};
    std::string content;
};

struct ValueGotten {
    Value value;
    std::uint32_t replicas = 0;
    bool cached = false, equivocation = false;
    bool unchanged = false;  ///< nothing is newer than asked for: `value` is empty
    Lookup lookup;
};

/// A value that the daemon keeps in the network for an app.
struct OwnValue {
    std::string key_hex;
    std::string kind;  ///< immutable mutable mail
    std::string label;
    std::uint64_t sequence = 0;
    bool tombstone = false;
    std::uint64_t size_bytes = 0;
    milliseconds ends_in{0};
    std::uint32_t holders = 0;  ///< nodes that had it when last looked at
    std::uint32_t uid = 0;      ///< whose it is
};

struct OwnValues {
    std::vector<OwnValue> values;  ///< in order of key
    /// How many of them are the caller's, their size, and the quotas for both.
    std::uint64_t count = 0, bytes = 0, count_max = 0, bytes_max = 0;
};

/// What a listener is told: a new version, or how many nodes report changes.
struct ValueTold {
    std::optional<Value> changed;
    std::string cursor;           ///< with `changed`: leaves it out of a later listen
    std::uint32_t reporters = 0;  ///< without: 0 means that changes may come late for now
};

}  // namespace sov::client
