#include "daemon/core/base/utf8.h"

#include <cstdint>

#include "daemon/core/base/check.h"

namespace sov {

std::size_t utf8_character_bytes(std::string_view text) {
    SOV_CHECK(!text.empty());
    const auto byte = [&](std::size_t at) { return static_cast<std::uint8_t>(text[at]); };
    const unsigned lead = byte(0);
    if (lead < 0x80) return 1;
    const std::size_t size = lead < 0xC2   ? 0
                             : lead < 0xE0 ? 2
                             : lead < 0xF0 ? 3
                             : lead < 0xF5 ? 4
                                           : 0;
    if (size == 0 || size > text.size()) return 0;
    // Of a second byte that these leads leave less room for.
    const unsigned least = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
    const unsigned most = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
    if (byte(1) < least || byte(1) > most) return 0;
    for (std::size_t at = 2; at < size; ++at) {
        if ((byte(at) & 0xC0) != 0x80) return 0;
    }
    return size;
}

}  // namespace sov
