#pragma once

#include <sdbus-c++/sdbus-c++.h>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "daemon/core/base/bytes.h"

// What BlueZ says of its objects. Nothing here trusts a type: a property of another type is a
// property that is not there.

namespace sov::bluez {

using Properties = std::map<std::string, sdbus::Variant>;
using Interfaces = std::map<std::string, Properties>;
using Objects = std::map<sdbus::ObjectPath, Interfaces>;

inline constexpr const char* kService = "org.bluez";
inline constexpr const char* kAdapterInterface = "org.bluez.Adapter1";
inline constexpr const char* kDeviceInterface = "org.bluez.Device1";
inline constexpr const char* kAdvertisingManager = "org.bluez.LEAdvertisingManager1";
inline constexpr const char* kMonitorManager = "org.bluez.AdvertisementMonitorManager1";
inline constexpr const char* kGattManager = "org.bluez.GattManager1";
inline constexpr const char* kGattServiceInterface = "org.bluez.GattService1";
inline constexpr const char* kCharacteristicInterface = "org.bluez.GattCharacteristic1";
inline constexpr const char* kPropertiesInterface = "org.freedesktop.DBus.Properties";
inline constexpr const char* kObjectManagerInterface = "org.freedesktop.DBus.ObjectManager";
/// Everything that we export lies below.
inline constexpr const char* kOurRoot = "/org/sovereign";

template <typename T>
std::optional<T> property(const Properties& properties, const std::string& name) {
    const auto at = properties.find(name);
    if (at == properties.end()) return std::nullopt;
    try {
        if (!at->second.containsValueOfType<T>()) return std::nullopt;
        return at->second.get<T>();
    } catch (const sdbus::Error&) {
        return std::nullopt;
    }
}

/// The bytes that `properties` carry as Service Data of the service, if they do; of any length up
/// to kAttributeBytesMax.
std::optional<Bytes> service_data_of(const Properties& properties, const std::string& service_uuid);

/// The UUID of a characteristic of the service, lower case.
std::string characteristic_uuid(const std::string& service_uuid, std::uint8_t number);

/// UUIDs are compared without regard to case (RFC 4122 s3).
bool same_uuid(const std::string& a, const std::string& b);

/// The object above: "/org/bluez/hci0" of "/org/bluez/hci0/dev_…"; empty at the top.
std::string parent_of(const std::string& path);

/// "org.bluez.Error.NotPermitted: Maximum advertisements reached" for people.
std::string words_of(const sdbus::Error& error);

}  // namespace sov::bluez
