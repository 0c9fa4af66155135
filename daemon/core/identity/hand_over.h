#pragma once

#include "daemon/core/identity/records.h"

// A hand-over: "I am this one from now on", signed by the key that goes and by the one that comes.
// It lives where the peer record of the old key lived (docs/protocol.md, "Hand-overs"). Its body:
//
//   1 successor: user key 32    2 the successor's signature 64
//
// Sequence and ttl are fixed, so one pair of keys has one hand-over, anybody may keep it alive, and
// two of one owner contradict each other: nodes keep the first one that they saw.

namespace sov::identity {

/// Of every hand-over; a statement that never changes needs no others.
inline constexpr std::uint64_t kHandOverSequence = 1;
inline constexpr std::chrono::seconds kHandOverTtl{7 * 24 * 3600};
/// Hand-overs that are followed one after the other, and that one peer keeps alive.
inline constexpr std::size_t kHandOversMax = 8;

struct HandOver {
    PeerId from, to;
    friend bool operator==(const HandOver&, const HandOver&) = default;
};

/// Signs with both keys, which differ (checked).
Bytes encode_hand_over(Crypto& crypto, const SigningKey& from, const SigningKey& to,
                       const NetworkId& network);

/// Reads what check_record has passed. wrong_key for another kind, malformed when the fields are
/// not these two, the successor is the owner itself, or sequence and ttl are others.
Result<HandOver> decode_hand_over(ByteView record);

/// Whether the successor has signed, too; false for what decode_hand_over refuses. Costs one
/// Ed25519 verification. check_record asks it for every hand-over.
bool successor_signed(Crypto& crypto, const NetworkId& network, ByteView record);

}  // namespace sov::identity
