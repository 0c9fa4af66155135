#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "daemon/core/base/bytes.h"

// The two text forms of bytes that peer ids come in.

namespace sov::streams {

/// More than any peer id needs; longer input is refused, because base58 costs its square.
inline constexpr std::size_t kMultibaseBytesMax = 128;

/// Base58btc (draft-msporny-base58, the Bitcoin alphabet). `bytes` has at most kMultibaseBytesMax.
std::string base58_encode(ByteView bytes);
/// Nothing for a foreign character or more than kMultibaseBytesMax bytes.
std::optional<Bytes> base58_decode(std::string_view text);

/// Base32 of RFC 4648 s6 in lower case, without padding.
std::string base32_encode(ByteView bytes);
/// Reads either letter case. Nothing for a foreign character, bits left over that are not zero, or
/// more than kMultibaseBytesMax bytes.
std::optional<Bytes> base32_decode(std::string_view text);

}  // namespace sov::streams
