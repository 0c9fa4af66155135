#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "daemon/core/identity/records.h"

// The second half of an identity: ML-DSA-65 (FIPS 204) beside Ed25519, for the day on which a
// quantum computer forges the latter. A peer or name record names its owner's post-quantum key by
// its hash only, so that it stays small; key and signature are its *post-quantum part*, which
// whoever wants to check reads as a mutable value of the owner, in pages:
//
//   sequence of the record 8 | key 1952 | signature 3309
//
// Its label says which record it belongs to, so it can be asked for while the record is still on
// its way, and the sequence tells a part that is late from one that is false.
//
// The signature is made over "sovereign/post-quantum/1" ‖ network ‖ key of the record ‖ the record
// without its Ed25519 signature. The record names the key, so the two halves can't be parted: who
// forges one has to forge the other. Where the algorithm is missing, records are carried unchanged.

namespace sov::identity {

inline constexpr std::size_t kPostQuantumPartBytes =
    kPostQuantumKeyBytes + kPostQuantumSignatureBytes;

enum class PostQuantumPolicy : std::uint8_t {
    kOff,      ///< neither sign nor look
    kPrefer,   ///< sign and look where the algorithm is there; refuse what is false
    kRequire,  ///< refuse what was not verified
};

/// What is known of the second half of a record.
enum class PostQuantumProof : std::uint8_t {
    kNone,          ///< the record names no such key
    kUnchecked,     ///< it names one, and the policy is not to look
    kMissing,       ///< it names one, and the part was not found
    kUnverifiable,  ///< the algorithm is missing here
    kVerified,
    kFalse,  ///< another key, or the signature is wrong
};

/// The seed of a user's post-quantum key: HMAC-SHA-256(Ed25519 seed, "sovereign/post-quantum/1").
/// One secret to keep; who has it has both halves anyway.
Secret32 post_quantum_seed(Crypto& crypto, const SigningKey& user);

/// What a record has to name; nothing where the algorithm is missing.
std::optional<Hash32> post_quantum_hash(Crypto& crypto, const SigningKey& user);

/// What the second signature is made over. `record` is a whole signed record.
Bytes post_quantum_signed_bytes(const NetworkId& network, const Key& key, ByteView record);

/// The part that belongs to a record of ours; empty where the algorithm is missing. `record` is the
/// whole signed record. Costs one signature of about a millisecond.
Bytes make_post_quantum_part(Crypto& crypto, const SigningKey& user, const NetworkId& network,
                             const Key& key, ByteView record);

/// Checks a record that check_record has passed against its part; no part: kMissing, if the record
/// names a key. Costs one verification.
PostQuantumProof check_post_quantum(Crypto& crypto, const NetworkId& network, const Key& key,
                                    ByteView record, std::optional<ByteView> part);

/// Where the part of the record at `key` is: under this label of its owner.
std::string post_quantum_label(const Key& key);

/// The value that is stored there; empty where the algorithm is missing. Cost as above.
Bytes make_post_quantum_value(Crypto& crypto, const SigningKey& user, const NetworkId& network,
                              const Key& key, ByteView record);

struct PostQuantumValue {
    std::uint64_t sequence = 0;  ///< of the record that it belongs to
    ByteView part;               ///< kPostQuantumPartBytes of the bytes that were read
};
/// Nothing for bytes of another length.
std::optional<PostQuantumValue> read_post_quantum_value(ByteView bytes);

/// The hash that a peer or name record names.
std::optional<Hash32> named_post_quantum(ByteView record);

/// The second key that somebody was once seen with, compared with the records that were found. A
/// peer id is an Ed25519 key, so whoever can forge that one can leave the second key out, or name
/// one of his own that fits: only memory tells.
enum class SecondKey : std::uint8_t {
    kNone,       ///< none was ever seen
    kHeld,       ///< named again, and verified
    kUnchecked,  ///< named again; nobody looked, or the algorithm is missing here
    kMissing,    ///< a record names none
    kChanged,    ///< a record names another one
    kAwaited,    ///< they handed over to another identity, whose second key was not seen yet
};

/// Remembered of who handed over: the next second key that is verified takes its place.
inline constexpr Hash32 kAwaitedSecondKey{};

/// What a record that names `named` says about somebody who is remembered with `known`.
SecondKey compare_second_key(const Hash32& known, const std::optional<Hash32>& named,
                             bool verified);

/// Whether somebody remembered with a second key is found without it.
constexpr bool is_broken(SecondKey key) {
    return key == SecondKey::kMissing || key == SecondKey::kChanged;
}

/// "none", "held", "unchecked", "missing", "changed", "awaited".
std::string_view second_key_word(SecondKey key);

/// Whether a record with this proof may be used.
constexpr bool accepts(PostQuantumPolicy policy, PostQuantumProof proof) {
    if (policy == PostQuantumPolicy::kOff) return true;
    if (policy == PostQuantumPolicy::kRequire) return proof == PostQuantumProof::kVerified;
    return proof != PostQuantumProof::kFalse;
}

/// "none", "unchecked", "missing", "unverifiable", "verified", "false".
std::string_view proof_word(PostQuantumProof proof);

}  // namespace sov::identity
