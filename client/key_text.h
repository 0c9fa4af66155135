#pragma once

#include <string>
#include <string_view>

namespace sov::client {

/// 20 bytes of 40 hexadecimal digits; empty for anything else.
inline std::string bytes_of_hex(std::string_view hex) {
    constexpr std::size_t kKeySize = 20;
    const auto digit = [](char symbol) {
        if (symbol >= '0' && symbol <= '9') return symbol - '0';
        if (symbol >= 'a' && symbol <= 'f') return symbol - 'a' + 10;
        if (symbol >= 'A' && symbol <= 'F') return symbol - 'A' + 10;
        return -1;
    };
    if (hex.size() != 2 * kKeySize) return {};
    std::string bytes;
    for (std::size_t index = 0; index < hex.size(); index += 2) {
        const int high = digit(hex[index]);
        const int low = digit(hex[index + 1]);
        if (high < 0 || low < 0) return {};
        bytes += static_cast<char>(high * 16 + low);
    }
    return bytes;
}

}  // namespace sov::client
