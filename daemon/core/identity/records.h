#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/core/base/contact.h"
#include "daemon/core/base/ids.h"
#include "daemon/core/base/instant.h"
#include "daemon/core/base/result.h"
#include "daemon/core/identity/crypto.h"

// Signed statements that live in the DHT. Layout, canonical in every byte (docs/protocol.md,
// "Records"):
//
//   version 1 | kind 1 | flags 1 | owner 32 | sequence 8 | ttl 4 | body length 2 | body | signature
//   64
//
// The body is a list of fields, tag 1 | length 2 | value, tags not decreasing:
//
//   Peer  1 node, repeated: key 32 | endpoint count 1 | count x (family 4 or 6 | address | port 2)
//         2 capabilities 4
//         3 SHA-256 of the owner's post-quantum key 32, optional: post_quantum.h
//   Name  1 folded name    2 stamp 8    3 as Peer
//   Immutable, Mutable: values, drawn in values.h
//   Mail, Signal: sealed items, drawn in items.h
//   Provider: offers, drawn in providers.h
//   Hand-over: who comes after this owner, drawn in hand_over.h
//
// All of them are always there, once but for nodes, so a record has one encoding. A field with a
// higher tag belongs to a later version and is kept unread. The signature is made over a domain
// string, the network id, the key it is stored under and everything before it, so a record can't be
// moved to another key, network or use.

namespace sov::identity {

enum class RecordKind : std::uint8_t {
    kPeer = 1,
    kName = 2,
    kImmutable = 3,
    kMutable = 4,
    kMail = 5,
    kSignal = 6,
    kProvider = 7,
    kHandOver = 8
};

/// Records that apps fill with what they like: values.h.
constexpr bool is_value(RecordKind kind) {
    return kind == RecordKind::kImmutable || kind == RecordKind::kMutable;
}
/// One that is there can't be out of date, so whoever likes keeps it alive.
constexpr bool never_changes(RecordKind kind) {
    return kind == RecordKind::kImmutable || kind == RecordKind::kHandOver;
}
/// What anybody may leave for a user, sealed: items.h.
constexpr bool is_item(RecordKind kind) {
    return kind == RecordKind::kMail || kind == RecordKind::kSignal;
}

inline constexpr std::size_t kRecordHeadSize = 1 + 1 + 1 + 32 + 8 + 4 + 2;
inline constexpr std::size_t kRecordBytesMax = 1000;
inline constexpr std::size_t kNodesPerPeerMax = 4;
inline constexpr std::size_t kEndpointsPerNodeMax = 4;

/// What every record says besides its body. A tombstone withdraws: a higher sequence and no body.
struct RecordHead {
    RecordKind kind{};
    bool tombstone = false;
    PeerId owner;
    std::uint64_t sequence = 0;
    std::chrono::seconds ttl{0};
};

/// One node of a peer and where it was reachable when the peer signed.
struct PeerNode {
    NodeKey key;
    std::vector<Endpoint> endpoints;  ///< at most kEndpointsPerNodeMax
    friend bool operator==(const PeerNode&, const PeerNode&) = default;
};

/// Capabilities (docs/protocol.md, section 18): it serves.
inline constexpr std::uint32_t kCapabilityServes = 1;

/// Where a peer is: stored at peer_key(owner).
struct PeerRecord {
    RecordHead head;
    std::vector<PeerNode> nodes;         ///< at most kNodesPerPeerMax
    std::uint32_t capabilities = 0;      ///< bits of docs/protocol.md, "Capabilities"
    std::optional<Hash32> post_quantum;  ///< of the key that signs this record, too
};

/// Who claims a name: stored at name_key(name).
struct NameRecord {
    RecordHead head;
    std::string name;                    ///< folded form, see peer_name.h
    std::uint64_t stamp = 0;             ///< proof of work, see name_work()
    std::optional<Hash32> post_quantum;  ///< as PeerRecord
};

/// Kinds that second_home() is for: check_record takes them at both keys, under one signature.
constexpr bool has_second_home(RecordKind kind) {
    return kind == RecordKind::kPeer || kind == RecordKind::kName || kind == RecordKind::kHandOver;
}

/// A record whose signature, key and layout were checked, with the bytes as they travel. Behind a
/// value that travels in pages come the pages' bytes, one after the other (values.h).
struct CheckedRecord {
    RecordHead head;
    Key key;
    Bytes bytes;
};

/// Where records live: the first 160 bits of SHA-256("peer" ‖ user key), and of SHA-256(name).
Key peer_key(Crypto& crypto, const PeerId& owner);
Key name_key(Crypto& crypto, std::string_view folded_name);
/// Where what lives at `key` lives as well while the region of `key` is crowded: the first 160 bits
/// of SHA-256("home2" ‖ key). Whoever plants nodes at one of the two has to plant them at the other
/// one, too, and both are far from each other.
Key second_home(Crypto& crypto, const Key& key);
/// The first 160 bits of SHA-256(node key).
NodeId node_id(Crypto& crypto, const NodeKey& key);

/// Signs. The owner is the key's public half; the caller has kept the limits above and a ttl of 1 s
/// to 7 days (checked). Endpoints that nobody can dial (Scope::kBogon) are left out.
Bytes encode_record(Crypto& crypto, const SigningKey& owner, const NetworkId& network,
                    const PeerRecord& record);
Bytes encode_record(Crypto& crypto, const SigningKey& owner, const NetworkId& network,
                    const NameRecord& record);
/// A tombstone for the record of this kind at this key.
Bytes encode_tombstone(Crypto& crypto, const SigningKey& owner, const NetworkId& network,
                       const Key& key, RecordHead head);

/// Joins head and body and signs both; an immutable value is not signed. At most kRecordBytesMax in
/// all (checked).
Bytes seal_record(Crypto& crypto, const SigningKey& owner, const NetworkId& network, const Key& key,
                  const RecordHead& head, ByteView body);

/// The record that these bytes begin with, without what follows it; all of them when they are too
/// short for one.
ByteView record_part(ByteView bytes);

/// Reads the head alone, without checking the signature: for deciding cheaply whether the rest is
/// worth a verification (an older sequence is not).
Result<RecordHead> read_head(ByteView bytes);

/// Verifies everything that can be verified: layout, sizes, that `key` is where this content
/// belongs (or its second home), and the signature. Costs one Ed25519 verification, last, and a
/// second one for a hand-over. Errors: malformed, too_large, wrong_key, bad_signature (also for
/// another network: the id is only in the signature).
Result<CheckedRecord> check_record(Crypto& crypto, const NetworkId& network, const Key& key,
                                   ByteView bytes);

/// Reads the body of a record that check_record has passed. wrong_key for another kind.
Result<PeerRecord> decode_peer(ByteView bytes);
Result<NameRecord> decode_name(ByteView bytes);

/// What a TOUCH says: "keep my record of this kind at this key, sequence s, on this node". The
/// token has at most 32 bytes: more is a programmer's error when signing and false when verifying.
Signature sign_touch(Crypto& crypto, const SigningKey& owner, const NetworkId& network,
                     const NodeKey& replica, const Key& key, RecordKind kind,
                     std::uint64_t sequence, ByteView token);
bool verify_touch(Crypto& crypto, const PeerId& owner, const NetworkId& network,
                  const NodeKey& replica, const Key& key, RecordKind kind, std::uint64_t sequence,
                  ByteView token, const Signature& signature);

/// Leading zero bits of SHA-256(SHA-256(node key)): the zero-byte static puzzle of S/Kademlia
/// (Baumgart & Mies 2007). A server's key needs the network's number of them.
int key_work(Crypto& crypto, const NodeKey& key);
/// Leading zero bits of SHA-256("stamp" ‖ owner ‖ key ‖ stamp).
int name_work(Crypto& crypto, const PeerId& owner, const Key& key, std::uint64_t stamp);
/// name_work of this claim, wherever it was found.
int claim_work(Crypto& crypto, const NameRecord& claim);
/// Bits that a claim on a name of this many characters needs: `base` for 8 and more, one more for
/// each character less, at most 5 more: short names are scarce.
int name_work_needed(std::size_t name_chars, int base);

/// Tries random seeds until the key has `bits` of work; 2^bits tries on average.
SigningKey make_node_key(Crypto& crypto, int bits);

}  // namespace sov::identity
