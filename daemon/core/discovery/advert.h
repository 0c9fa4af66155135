#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "daemon/core/base/bytes.h"
#include "daemon/core/base/radio.h"

namespace sov::discovery {

/// The rotating id in an advert: a tag that friends recognise, or in public mode the first bytes of
/// the peer id.
using Rid = std::array<std::uint8_t, 8>;

/// What one Bluetooth LE advert says (docs/protocol.md, "Bluetooth LE").
struct Advert {
    /// Bits of the flags.
    static constexpr std::uint8_t kGatt = 0x01;     ///< our GATT service can be connected to
    static constexpr std::uint8_t kLan = 0x02;      ///< has an address on a LAN
    static constexpr std::uint8_t kRelay = 0x04;    ///< relays, or keeps messages for others
    static constexpr std::uint8_t kPairing = 0x08;  ///< its user is adding a friend right now
    static constexpr std::uint8_t kPublic = 0x10;   ///< the rid begins a peer id
    static constexpr std::uint8_t kFlags = 0x1f;

    std::uint8_t flags = 0;
    Rid rid{};
    std::int8_t power_at_one_metre = 0;  ///< dBm

    bool has(std::uint8_t flag) const { return (flags & flag) != 0; }
    friend bool operator==(const Advert&, const Advert&) = default;
};

/// The Service Data: version 3 bits, flags 5 bits, rid, power.
Bytes encode_advert(const Advert& advert);
/// Nothing for another length or version.
std::optional<Advert> decode_advert(ByteView service_data);

/// Legacy advertising data is at most this long (Bluetooth Core 5.3, Vol 6 Part B s2.3.1.1).
inline constexpr std::size_t kAdvertisingDataBytes = 31;
/// The whole advertising data as it is on the air, for whoever has to match or check it: Flags
/// ("general discoverable, no BR/EDR") and Service Data under our UUID. The stack of the host
/// writes it for us.
std::array<std::uint8_t, kAdvertisingDataBytes> advertising_data(const Advert& advert);

}  // namespace sov::discovery
