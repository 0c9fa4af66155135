#include "daemon/core/discovery/advert.h"

#include <algorithm>
#include <string_view>

#include "daemon/core/base/check.h"

namespace sov::discovery {

namespace {

constexpr unsigned kVersion = 1;
constexpr unsigned kVersionShift = 5;
constexpr std::size_t kUuidBytes = 16;

// As in the text form, most significant byte first.
std::array<std::uint8_t, kUuidBytes> service_uuid() {
    std::string digits(kBleServiceUuid);
    std::erase(digits, '-');
    const auto bytes = from_hex(digits);
    SOV_CHECK(bytes && bytes->size() == kUuidBytes);
    std::array<std::uint8_t, kUuidBytes> uuid{};
    std::copy(bytes->begin(), bytes->end(), uuid.begin());
    return uuid;
}

}  // namespace

Bytes encode_advert(const Advert& advert) {
    SOV_CHECK((advert.flags & ~Advert::kFlags) == 0);
    Bytes data(kAdvertBytes);
    data[0] = static_cast<std::uint8_t>(kVersion << kVersionShift | advert.flags);
    std::copy(advert.rid.begin(), advert.rid.end(), data.begin() + 1);
    data[9] = static_cast<std::uint8_t>(advert.power_at_one_metre);
    return data;
}

std::optional<Advert> decode_advert(ByteView service_data) {
    if (service_data.size() != kAdvertBytes) return std::nullopt;
    if (service_data[0] >> kVersionShift != kVersion) return std::nullopt;
    Advert advert;
    advert.flags = service_data[0] & Advert::kFlags;
    std::copy_n(service_data.begin() + 1, advert.rid.size(), advert.rid.begin());
    advert.power_at_one_metre = static_cast<std::int8_t>(service_data[9]);
    return advert;
}

std::array<std::uint8_t, kAdvertisingDataBytes> advertising_data(const Advert& advert) {
    constexpr std::uint8_t kFlagsType = 0x01, kServiceDataType = 0x21;  // Assigned Numbers s2.3
    constexpr std::uint8_t kDiscoverableNoClassic = 0x06;
    const auto uuid = service_uuid();
    const Bytes data = encode_advert(advert);
    std::array<std::uint8_t, kAdvertisingDataBytes> all{
        2, kFlagsType, kDiscoverableNoClassic,
        static_cast<std::uint8_t>(1 + kUuidBytes + kAdvertBytes), kServiceDataType};
    static_assert(5 + kUuidBytes + kAdvertBytes == kAdvertisingDataBytes);
    // The air is little-endian.
    const auto after = std::reverse_copy(uuid.begin(), uuid.end(), all.begin() + 5);
    std::copy(data.begin(), data.end(), after);
    return all;
}

}  // namespace sov::discovery
