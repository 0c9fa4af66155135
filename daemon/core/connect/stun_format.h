#pragma once

#include <cstdint>
#include <optional>

#include "daemon/core/base/bytes.h"
#include "daemon/core/base/endpoint.h"

// What all messages of STUN have in common (RFC 8489 s5 and s14), for those who write and read
// them.

namespace sov::connect {

inline constexpr std::uint32_t kStunCookie = 0x2112a442;
inline constexpr std::size_t kStunAttributeHeadBytes = 4;

/// Attributes begin at multiples of four.
inline std::size_t stun_padded(std::size_t size) { return (size + 3) & ~std::size_t{3}; }

/// MAPPED-ADDRESS and its like (s14.1); `mask` is for XOR-MAPPED-ADDRESS and its like (s14.2): the
/// cookie and the id. Nothing where the value is no address.
std::optional<Endpoint> read_stun_address(ByteView value, ByteView mask);

/// The three digits of ERROR-CODE (s14.8); 0 where the value has none.
std::uint16_t read_stun_code(ByteView value);

}  // namespace sov::connect
