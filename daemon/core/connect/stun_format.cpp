#include "daemon/core/connect/stun_format.h"

#include "daemon/core/base/byte_reader.h"

namespace sov::connect {

std::optional<Endpoint> read_stun_address(ByteView value, ByteView mask) {
    ByteReader reader(value);
    reader.u8();
    const std::uint8_t family = reader.u8();
    std::uint16_t port = reader.u16();
    if (family != 1 && family != 2) return std::nullopt;
    const ByteView from = reader.bytes(family == 1 ? 4 : 16);
    if (!reader.at_end()) return std::nullopt;
    Bytes address = to_bytes(from);
    if (!mask.empty()) {
        port = static_cast<std::uint16_t>(port ^ load_u16(mask.data()));
        for (std::size_t at = 0; at < address.size(); ++at) {
            address[at] = static_cast<std::uint8_t>(address[at] ^ mask[at]);
        }
    }
    return Endpoint::from_address(address, port);
}

std::uint16_t read_stun_code(ByteView value) {
    if (value.size() < 4) return 0;
    const unsigned hundreds = value[2] & 7U;
    return static_cast<std::uint16_t>(hundreds * 100U + value[3] % 100U);
}

}  // namespace sov::connect
