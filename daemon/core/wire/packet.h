#pragma once

#include <cstddef>
#include <cstdint>

#include "daemon/core/base/limits.h"
#include "daemon/core/identity/crypto.h"

// The four datagrams. All integers are big-endian; lengths in bytes:
//
//   init    type 1 | sender 4 | e 32 | Enc(node key) 32+16 | Enc(payload) n+16 | mac1 16 | mac2 16
//   reply   type 1 | receiver 4 | sender 4 | e 32 | Enc(payload) n+16
//   data    type 1 | receiver 4 | counter 8 | Enc(payload) n+16
//   cookie  nonce 8 | Enc(cookie) 16+16
//
//   payload = flags 1 | message length 2 | message | zero padding
//
// The clear head of the first three (up to the first Enc) is XORed with a mask that only somebody
// who knows the receiver's node key and the network id can compute; its sample is the datagram's
// last 16 bytes, which are a tag or a MAC. So to everybody else a datagram is uniformly random
// bytes, and nothing on the wire needs a fixed bit. A cookie goes to somebody whose key is not
// known yet: it has no head at all and is told by its length, which no other datagram has (data is
// padded past it), and by coming from where an init went.

namespace sov::wire {

enum class PacketType : std::uint8_t { kInit = 1, kReply = 2, kData = 3 };

inline constexpr std::size_t kInitHeadSize = 1 + 4 + 32;
inline constexpr std::size_t kReplyHeadSize = 1 + 4 + 4 + 32;
inline constexpr std::size_t kDataHeadSize = 1 + 4 + 8;
inline constexpr std::size_t kCookieNonceSize = 8;
inline constexpr std::size_t kMaskedHeadMax = kReplyHeadSize;
inline constexpr std::size_t kMacSize = 16;
inline constexpr std::size_t kCookieSize = 16;

/// Everything in a datagram that is not payload.
inline constexpr std::size_t kInitOverhead =
    kInitHeadSize + 32 + identity::kTagSize + identity::kTagSize + 2 * kMacSize;
inline constexpr std::size_t kReplyOverhead = kReplyHeadSize + identity::kTagSize;
inline constexpr std::size_t kDataOverhead = kDataHeadSize + identity::kTagSize;
inline constexpr std::size_t kCookieDatagramSize =
    kCookieNonceSize + kCookieSize + identity::kTagSize;

inline constexpr std::size_t kPayloadHeadSize = 3;
/// The sender may be put into routing tables.
inline constexpr std::uint8_t kFlagServes = 1;

/// Data payloads grow to the next multiple of this, so that sizes tell little.
inline constexpr std::size_t kPaddingStep = 64;

/// Room for a message in each datagram.
inline constexpr std::size_t kInitMessageMax =
    Limits::kDatagramBytesMax - kInitOverhead - kPayloadHeadSize;
inline constexpr std::size_t kReplyMessageMax =
    Limits::kDatagramBytesMax - kReplyOverhead - kPayloadHeadSize;
inline constexpr std::size_t kDataMessageMax =
    Limits::kDatagramBytesMax - kDataOverhead - kPayloadHeadSize;

/// Shortest datagram of any type; anything below is dropped unread.
inline constexpr std::size_t kDatagramBytesMin = kDataOverhead + kPayloadHeadSize;

static_assert(kDatagramBytesMin >= sizeof(identity::MaskSample));
static_assert(kCookieDatagramSize < kInitOverhead, "a cookie is shorter than what asked for it");
static_assert(kCookieDatagramSize < kDataOverhead + kPaddingStep,
              "no data datagram is as short as a cookie");

}  // namespace sov::wire
