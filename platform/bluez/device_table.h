#pragma once

#include <cstdint>
#include <list>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "daemon/core/base/radio.h"

namespace sov::bluez {

/// The devices that BlueZ tells of, by object path. A path holds the device's address, so it means
/// something only until the address changes. BlueZ tells Service Data and signal strength together,
/// one after the other or half of it: this gathers them. Bounded: the device that was heard least
/// recently goes, and strangers' devices can't drive out those that carry our Service Data.
class DeviceTable {
  public:
    static constexpr std::size_t kDevicesMax = 1024;
    /// Devices of which we only know that they are heard: for Service Data that comes late.
    static constexpr std::size_t kStrangersMax = 1024;

    struct News {
        std::optional<Bytes> service_data{};  ///< ours; nothing: not told
        std::optional<std::int16_t> rssi_dbm{};
        bool rssi_gone = false;  ///< BlueZ takes it back when nothing is heard for a while
    };

    /// Takes what was told of the device at `path`. The sighting, if all of it is known now; what
    /// had to go for it is left in `taken_gone`.
    std::optional<AdvertSeen> update(const std::string& path, const News& news);
    /// BlueZ removed the object. The device, if it had been reported.
    std::optional<DeviceId> remove(const std::string& path);
    /// All of them, when the controller or bluetoothd went.
    std::vector<DeviceId> clear();
    std::vector<DeviceId> take_gone();

    /// The device at `path`, made when it is not known: somebody connected who was never heard.
    DeviceId id_of(const std::string& path);
    std::optional<std::string> path_of(DeviceId device) const;
    /// Whether anything is remembered of the device at `path`, ours or a stranger.
    bool knows(const std::string& path) const {
        return ours_by_path_.contains(path) || strangers_by_path_.contains(path);
    }
    /// Devices with our Service Data or a link; strangers' ones.
    std::size_t size() const { return ours_.size(); }
    std::size_t strangers() const { return strangers_.size(); }

  private:
    struct Device {
        std::string path;
        DeviceId id{};
        Bytes service_data;
        std::optional<std::int8_t> rssi_dbm;
    };
    /// Most recently heard first.
    using Order = std::list<Device>;

    Device* find_ours(const std::string& path);
    Device& promote(const std::string& path);
    void note_stranger(const std::string& path, std::optional<std::int8_t> rssi);

    Order ours_, strangers_;
    std::unordered_map<std::string, Order::iterator> ours_by_path_, strangers_by_path_;
    std::unordered_map<std::uint64_t, Order::iterator> ours_by_id_;
    std::vector<DeviceId> gone_;
    std::uint64_t last_id_ = 0;
};

}  // namespace sov::bluez
