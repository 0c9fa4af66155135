#include "daemon/streams/multibase.h"

#include <algorithm>

#include "daemon/core/base/check.h"

namespace sov::streams {

namespace {

constexpr std::string_view kBase58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
constexpr std::string_view kBase32 = "abcdefghijklmnopqrstuvwxyz234567";

// Multiplies a big number, least significant digit first, by `from` and adds `carry`.
void multiply_add(Bytes& digits, unsigned from, unsigned base, unsigned carry) {
    for (std::uint8_t& digit : digits) {
        carry += digit * from;
        digit = static_cast<std::uint8_t>(carry % base);
        carry /= base;
    }
    for (; carry > 0; carry /= base) digits.push_back(static_cast<std::uint8_t>(carry % base));
}

}  // namespace

std::string base58_encode(ByteView bytes) {
    SOV_CHECK(bytes.size() <= kMultibaseBytesMax);
    Bytes digits;
    for (const std::uint8_t byte : bytes) multiply_add(digits, 256, 58, byte);
    // A leading zero byte is no digit of the number, so it is written as a leading '1' of its own.
    const auto zeros = std::find_if(bytes.begin(), bytes.end(), [](auto b) { return b != 0; });
    std::string text(static_cast<std::size_t>(zeros - bytes.begin()), kBase58[0]);
    for (auto digit = digits.rbegin(); digit != digits.rend(); ++digit) text += kBase58[*digit];
    return text;
}

std::optional<Bytes> base58_decode(std::string_view text) {
    // 58^2 > 2^8, so two characters never make less than a byte.
    if (text.size() > 2 * kMultibaseBytesMax) return std::nullopt;
    Bytes digits;
    for (const char letter : text) {
        const auto value = kBase58.find(letter);
        if (value == std::string_view::npos) return std::nullopt;
        multiply_add(digits, 58, 256, static_cast<unsigned>(value));
    }
    const std::size_t ones = std::min(text.find_first_not_of(kBase58[0]), text.size());
    if (ones + digits.size() > kMultibaseBytesMax) return std::nullopt;
    Bytes bytes(ones);
    bytes.insert(bytes.end(), digits.rbegin(), digits.rend());
    return bytes;
}

std::string base32_encode(ByteView bytes) {
    SOV_CHECK(bytes.size() <= kMultibaseBytesMax);
    std::string text;
    unsigned held = 0, bits = 0;
    for (const std::uint8_t byte : bytes) {
        held = ((held << 8) | byte) & 0xfff;
        for (bits += 8; bits >= 5; bits -= 5) text += kBase32[(held >> (bits - 5)) & 31];
    }
    if (bits > 0) text += kBase32[(held << (5 - bits)) & 31];
    return text;
}

std::optional<Bytes> base32_decode(std::string_view text) {
    if (text.size() * 5 / 8 > kMultibaseBytesMax) return std::nullopt;
    Bytes bytes;
    unsigned held = 0, bits = 0;
    for (char letter : text) {
        if (letter >= 'A' && letter <= 'Z') letter = static_cast<char>(letter - 'A' + 'a');
        const auto value = kBase32.find(letter);
        if (value == std::string_view::npos) return std::nullopt;
        held = ((held << 5) | static_cast<unsigned>(value)) & 0xfff;
        bits += 5;
        if (bits < 8) continue;
        bits -= 8;
        bytes.push_back(static_cast<std::uint8_t>((held >> bits) & 0xff));
    }
    if (bits >= 5 || (held & ((1U << bits) - 1)) != 0) return std::nullopt;
    return bytes;
}

}  // namespace sov::streams
