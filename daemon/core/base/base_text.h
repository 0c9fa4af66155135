#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "daemon/core/base/bytes.h"

// Bytes as letters (RFC 4648) where hexadecimal would be too long. One spelling only: without
// padding, spare bits zero; base 32 in lower case.

namespace sov {

/// s5, "base64url": four characters for three bytes.
std::string to_base64url(ByteView bytes);
/// Nothing for a foreign character, an impossible length or a spare bit that is set.
std::optional<Bytes> from_base64url(std::string_view text);

/// s6 in lower case: eight characters for five bytes.
std::string to_base32(ByteView bytes);
/// As above.
std::optional<Bytes> from_base32(std::string_view text);

}  // namespace sov
