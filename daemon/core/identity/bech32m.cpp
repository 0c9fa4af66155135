#include "daemon/core/identity/bech32m.h"

#include <algorithm>
#include <array>

#include "daemon/core/base/check.h"

namespace sov::identity {

namespace {

constexpr std::uint32_t kChecksumOfBech32m = 0x2bc830a3;  // BIP 350
constexpr std::size_t kChecksumChars = 6;

// One step of the BCH code of BIP 173.
std::uint32_t polymod_step(std::uint32_t sum, std::uint8_t value) {
    static constexpr std::uint32_t kGenerator[5] = {0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd,
                                                    0x2a1462b3};
    const std::uint32_t top = sum >> 25;
    sum = ((sum & 0x1ffffff) << 5) ^ value;
    for (unsigned bit = 0; bit < 5; ++bit) {
        if ((top >> bit) & 1) sum ^= kGenerator[bit];
    }
    return sum;
}

std::uint32_t polymod_of(std::string_view prefix, ByteView values) {
    std::uint32_t sum = 1;
    for (const char letter : prefix) {
        sum = polymod_step(sum, static_cast<std::uint8_t>(static_cast<unsigned char>(letter) >> 5));
    }
    sum = polymod_step(sum, 0);
    for (const char letter : prefix) sum = polymod_step(sum, letter & 31);
    for (const std::uint8_t value : values) sum = polymod_step(sum, value);
    return sum;
}

bool is_upper(char letter) { return letter >= 'A' && letter <= 'Z'; }
bool is_lower(char letter) { return letter >= 'a' && letter <= 'z'; }

// Lower case, or nothing for mixed case and for characters that are not printable ASCII.
std::optional<std::string> one_case(std::string_view text) {
    if (std::any_of(text.begin(), text.end(), is_upper) &&
        std::any_of(text.begin(), text.end(), is_lower)) {
        return std::nullopt;
    }
    std::string lower(text);
    for (char& letter : lower) {
        if (letter < 33 || letter > 126) return std::nullopt;
        if (is_upper(letter)) letter = static_cast<char>(letter - 'A' + 'a');
    }
    return lower;
}

}  // namespace

std::string bech32m_encode(std::string_view prefix, ByteView values) {
    SOV_CHECK(prefix.size() + 1 + values.size() + kChecksumChars <= kBech32mCharsMax);
    Bytes checked = to_bytes(values);
    checked.resize(checked.size() + kChecksumChars);
    const std::uint32_t sum = polymod_of(prefix, checked) ^ kChecksumOfBech32m;
    for (std::size_t at = 0; at < kChecksumChars; ++at) {
        checked[values.size() + at] = (sum >> (5 * (kChecksumChars - 1 - at))) & 31;
    }
    std::string text(prefix);
    text += '1';
    for (const std::uint8_t value : checked) text += kBech32Letters[value & 31];
    return text;
}

std::optional<Bech32m> bech32m_decode(std::string_view text) {
    if (text.size() > kBech32mCharsMax) return std::nullopt;
    const auto lower = one_case(text);
    if (!lower) return std::nullopt;
    const auto separator = lower->rfind('1');
    if (separator == std::string::npos || separator == 0) return std::nullopt;
    if (lower->size() - separator - 1 < kChecksumChars) return std::nullopt;
    Bech32m decoded{lower->substr(0, separator), {}};
    for (const char letter : lower->substr(separator + 1)) {
        const auto value = kBech32Letters.find(letter);
        if (value == std::string_view::npos) return std::nullopt;
        decoded.values.push_back(static_cast<std::uint8_t>(value));
    }
    if (polymod_of(decoded.prefix, decoded.values) != kChecksumOfBech32m) return std::nullopt;
    decoded.values.resize(decoded.values.size() - kChecksumChars);
    return decoded;
}

Bytes to_five_bits(ByteView bytes) {
    Bytes values;
    values.reserve((bytes.size() * 8 + 4) / 5);
    unsigned held = 0, bits = 0;
    for (const std::uint8_t byte : bytes) {
        held = ((held << 8) | byte) & 0xfff;
        for (bits += 8; bits >= 5; bits -= 5) {
            values.push_back(static_cast<std::uint8_t>((held >> (bits - 5)) & 31));
        }
    }
    if (bits > 0) values.push_back(static_cast<std::uint8_t>((held << (5 - bits)) & 31));
    return values;
}

std::optional<Bytes> from_five_bits(ByteView values) {
    Bytes bytes;
    bytes.reserve(values.size() * 5 / 8);
    unsigned held = 0, bits = 0;
    for (const std::uint8_t value : values) {
        held = ((held << 5) | value) & 0xfff;
        bits += 5;
        if (bits < 8) continue;
        bits -= 8;
        bytes.push_back(static_cast<std::uint8_t>((held >> bits) & 0xff));
    }
    if (bits >= 5 || (held & ((1U << bits) - 1)) != 0) return std::nullopt;
    return bytes;
}

}  // namespace sov::identity
