#include "platform/bluez/properties.h"

#include <strings.h>

#include <cstdio>

#include "daemon/core/base/radio.h"

namespace sov::bluez {

std::optional<Bytes> service_data_of(const Properties& properties,
                                     const std::string& service_uuid) {
    const auto data = property<Properties>(properties, "ServiceData");
    if (!data) return std::nullopt;
    for (const auto& [uuid, ignored] : *data) {
        if (!same_uuid(uuid, service_uuid)) continue;
        auto bytes = property<std::vector<std::uint8_t>>(*data, uuid);
        if (!bytes || bytes->size() > kAttributeBytesMax) return std::nullopt;
        return Bytes(bytes->begin(), bytes->end());
    }
    return std::nullopt;
}

std::string characteristic_uuid(const std::string& service_uuid, std::uint8_t number) {
    const auto first =
        static_cast<std::uint32_t>(std::stoul(service_uuid.substr(0, 8), nullptr, 16));
    char group[9];
    std::snprintf(group, sizeof group, "%08x", first + number);
    return group + service_uuid.substr(8);
}

bool same_uuid(const std::string& a, const std::string& b) {
    return strcasecmp(a.c_str(), b.c_str()) == 0;
}

std::string parent_of(const std::string& path) {
    const auto slash = path.rfind('/');
    return slash == std::string::npos ? "" : path.substr(0, slash);
}

std::string words_of(const sdbus::Error& error) {
    return error.getMessage().empty() ? error.getName()
                                      : error.getName() + ": " + error.getMessage();
}

}  // namespace sov::bluez
