#include "daemon/core/base/base_text.h"

#include <cstdint>

namespace sov {

namespace {

constexpr std::string_view kLetters64 =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
constexpr std::string_view kLetters32 = "abcdefghijklmnopqrstuvwxyz234567";

std::string write(ByteView bytes, std::string_view letters, unsigned bits_per_letter) {
    std::string text;
    text.reserve((bytes.size() * 8 + bits_per_letter - 1) / bits_per_letter);
    const std::uint32_t mask = (1U << bits_per_letter) - 1;
    std::uint32_t held = 0;
    unsigned bits = 0;
    for (const std::uint8_t byte : bytes) {
        held = (held << 8) | byte;
        bits += 8;
        while (bits >= bits_per_letter) {
            bits -= bits_per_letter;
            text += letters[(held >> bits) & mask];
        }
    }
    if (bits > 0) text += letters[(held << (bits_per_letter - bits)) & mask];
    return text;
}

std::optional<Bytes> read(std::string_view text, std::string_view letters,
                          unsigned bits_per_letter) {
    Bytes bytes;
    bytes.reserve(text.size() * bits_per_letter / 8);
    std::uint32_t held = 0;
    unsigned bits = 0;
    for (const char letter : text) {
        const auto value = letters.find(letter);
        if (value == std::string_view::npos) return std::nullopt;
        held = (held << bits_per_letter) | static_cast<std::uint32_t>(value);
        bits += bits_per_letter;
        if (bits < 8) continue;
        bits -= 8;
        bytes.push_back(static_cast<std::uint8_t>(held >> bits));
    }
    // A whole letter too many, or bits that would give the same bytes a second spelling.
    if (bits >= bits_per_letter || (held & ((1U << bits) - 1)) != 0) return std::nullopt;
    return bytes;
}

}  // namespace

std::string to_base64url(ByteView bytes) { return write(bytes, kLetters64, 6); }
std::optional<Bytes> from_base64url(std::string_view text) { return read(text, kLetters64, 6); }
std::string to_base32(ByteView bytes) { return write(bytes, kLetters32, 5); }
std::optional<Bytes> from_base32(std::string_view text) { return read(text, kLetters32, 5); }

}  // namespace sov
