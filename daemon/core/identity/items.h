#pragma once

#include <optional>

#include "daemon/core/base/instant.h"
#include "daemon/core/identity/records.h"

// Sealed items: what anybody may leave for a user and only that user can read. An item is a record
// (records.h) whose owner is a key that its sender made for it alone and forgets: so every byte of
// it is signed, nobody can change or repeat it under another key, and it says nothing about who
// sent it. Its body:
//
//   1 stamp 8 | 2 sealed
//
//   sealed  AES-256-GCM of (sender 32 | signature 64 | length 2 | body | zeros) | tag 16
//
// The seal's key is HMAC-SHA-256(X25519(one-time key, receiver's key), "sovereign/item/1" ‖
// one-time key ‖ receiver); both keys are used in their X25519 form. The signature is the sender's
// over "sovereign/item/1" ‖ network ‖ kind ‖ receiver ‖ one-time key ‖ sequence ‖ body. The zeros
// fill sender to zeros up to a multiple of kItemPadding, where the record has room. So a replica
// learns the place, the rough size, the time and for how long; the receiver learns who wrote.

namespace sov::identity {

/// What an item is for. Mail waits for an absent peer; a signal is for one who listens now.
enum class ItemUse : std::uint8_t { kMail, kSignal };

constexpr RecordKind kind_of(ItemUse use) {
    return use == ItemUse::kMail ? RecordKind::kMail : RecordKind::kSignal;
}

inline constexpr std::size_t kItemPadding = 128;
/// What one item has room for: a record less its head, its fields, the seal and what it seals.
inline constexpr std::size_t kItemBodyMax =
    kRecordBytesMax - kRecordHeadSize - Signature::kSize - (3 + 8) - 3 - kTagSize - 32 - 64 - 2;
inline constexpr std::chrono::seconds kMailTtlMax{7 * 24 * 3600};
inline constexpr std::chrono::seconds kSignalTtlMax{120};
constexpr std::chrono::seconds ttl_max(ItemUse use) {
    return use == ItemUse::kMail ? kMailTtlMax : kSignalTtlMax;
}

/// Where items for a user lie: the first 160 bits of SHA-256("mail" or "signal" ‖ user key).
Key item_key(Crypto& crypto, ItemUse use, const PeerId& receiver);

/// An item as its receiver reads it.
struct Item {
    PeerId id;  ///< its one-time key: no two items share it
    ItemUse use{};
    PeerId sender;
    UnixMillis sent = 0;  ///< by the sender's clock
    std::chrono::seconds ttl{0};
    Bytes body;
};

/// Leading zero bits of work that a stamp needs where claims on names need `name_work_bits`: mail
/// as much, signals a sixteenth, nothing more than 14 bits, because it is searched for at once.
int item_work_needed(ItemUse use, int name_work_bits);
/// The work in the stamp of an item that check_record has passed; malformed for other records.
Result<int> item_work(Crypto& crypto, const CheckedRecord& item);

/// Seals and stamps. The body has at most kItemBodyMax bytes, the ttl is 1 s to ttl_max (checked).
/// Nothing when the receiver's key is no valid key. Costs two signatures, one agreement and
/// 2^work_bits hashes on average.
std::optional<CheckedRecord> seal_item(Crypto& crypto, const SigningKey& sender,
                                       const NetworkId& network, const PeerId& receiver,
                                       ItemUse use, UnixMillis sent, std::chrono::seconds ttl,
                                       ByteView body, int work_bits);

/// Reads an item that check_record has passed. Errors: wrong_key (another kind of record, or
/// another's key), bad_signature (not sealed for us, or not by whom it names), malformed. Costs one
/// agreement, and one verification when the seal was made for us.
Result<Item> open_item(Crypto& crypto, const SigningKey& receiver, const NetworkId& network,
                       const CheckedRecord& item);

/// Layout of an item's body; check_record compares. Malformed otherwise.
Result<void> check_item_body(const RecordHead& head, ByteView bytes);

/// "This node speaks for me at this key": what a receiver shows before a replica hands out its
/// items, pushes them or deletes them. Bound to the node's key, which the session proves, so it is
/// of no use to anybody else.
Signature sign_speaker(Crypto& crypto, const SigningKey& user, const NetworkId& network,
                       const NodeKey& speaker, const Key& key);
/// The use whose items lie at `key` for this user; nothing when the key is not theirs or the
/// signature is wrong.
std::optional<ItemUse> verify_speaker(Crypto& crypto, const PeerId& user, const NetworkId& network,
                                      const NodeKey& speaker, const Key& key,
                                      const Signature& signature);

}  // namespace sov::identity
