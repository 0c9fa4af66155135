#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "daemon/core/base/bytes.h"

// Bech32m (BIP 350): text with a checksum that notices any four wrong characters.

namespace sov::identity {

inline constexpr std::size_t kBech32mCharsMax = 90;  // BIP 173: the checksum is proven up to here
inline constexpr std::string_view kBech32Letters = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";

/// The readable part before the last '1', and the values of 0 to 31 behind it, without checksum.
struct Bech32m {
    std::string prefix;
    Bytes values;
};

/// Lower-case text. The prefix is lower case and all of it fits in kBech32mCharsMax (checked).
std::string bech32m_encode(std::string_view prefix, ByteView values);
/// Nothing for a wrong checksum, a foreign character, mixed case or too much text.
std::optional<Bech32m> bech32m_decode(std::string_view text);

/// Bytes as groups of five bits, the last one filled up with zero bits.
Bytes to_five_bits(ByteView bytes);
/// The reverse; nothing when the filling is not zero or holds a whole group.
std::optional<Bytes> from_five_bits(ByteView values);

}  // namespace sov::identity
