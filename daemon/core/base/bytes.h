#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

// The vocabulary for raw bytes: owned (Bytes), borrowed to read (ByteView), borrowed to write
// (MutableBytes). Nothing here allocates except Bytes itself and the hex form.

namespace sov {

using Bytes = std::vector<std::uint8_t>;
using ByteView = std::span<const std::uint8_t>;
using MutableBytes = std::span<std::uint8_t>;

/// The bytes of a text, borrowed for as long as the text lives.
inline ByteView as_bytes(std::string_view text) {
    return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

/// A copy of borrowed bytes.
inline Bytes to_bytes(ByteView view) { return {view.begin(), view.end()}; }

/// The same bytes as text, copied; no conversion takes place.
inline std::string to_text(ByteView view) {
    return {reinterpret_cast<const char*>(view.data()), view.size()};
}

/// Big-endian (network order) integers at a place that the caller has checked to be long enough.
inline void store_u16(std::uint8_t* to, std::uint16_t value) {
    to[0] = static_cast<std::uint8_t>(value >> 8);
    to[1] = static_cast<std::uint8_t>(value);
}
inline void store_u32(std::uint8_t* to, std::uint32_t value) {
    value = __builtin_bswap32(value);
    std::memcpy(to, &value, sizeof value);
}
inline void store_u64(std::uint8_t* to, std::uint64_t value) {
    value = __builtin_bswap64(value);
    std::memcpy(to, &value, sizeof value);
}
inline std::uint16_t load_u16(const std::uint8_t* from) {
    return static_cast<std::uint16_t>((from[0] << 8) | from[1]);
}
inline std::uint32_t load_u32(const std::uint8_t* from) {
    std::uint32_t value = 0;
    std::memcpy(&value, from, sizeof value);
    return __builtin_bswap32(value);
}
inline std::uint64_t load_u64(const std::uint8_t* from) {
    std::uint64_t value = 0;
    std::memcpy(&value, from, sizeof value);
    return __builtin_bswap64(value);
}

/// Lower-case hexadecimal, two characters a byte.
std::string to_hex(ByteView view);

/// Reads hexadecimal of either case; nothing for an odd length or a foreign character.
std::optional<Bytes> from_hex(std::string_view text);

}  // namespace sov
