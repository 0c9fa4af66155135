#include "platform/bluez/device_table.h"

#include <algorithm>
#include <limits>
#include <utility>

namespace sov::bluez {
namespace {

/// Controllers tell 127 when they don't know (Bluetooth Core 5.3, Vol 4 Part E s7.7.65.2).
std::optional<std::int8_t> strength(std::optional<std::int16_t> rssi) {
    if (!rssi || *rssi >= 127 || *rssi < std::numeric_limits<std::int8_t>::min())
        return std::nullopt;
    return static_cast<std::int8_t>(*rssi);
}

}  // namespace

DeviceTable::Device* DeviceTable::find_ours(const std::string& path) {
    const auto at = ours_by_path_.find(path);
    if (at == ours_by_path_.end()) return nullptr;
    ours_.splice(ours_.begin(), ours_, at->second);
    return &*at->second;
}

DeviceTable::Device& DeviceTable::promote(const std::string& path) {
    Device device{path, DeviceId{++last_id_}, {}, std::nullopt};
    if (const auto at = strangers_by_path_.find(path); at != strangers_by_path_.end()) {
        device.rssi_dbm = at->second->rssi_dbm;
        strangers_.erase(at->second);
        strangers_by_path_.erase(at);
    }
    if (ours_.size() >= kDevicesMax) {
        gone_.push_back(ours_.back().id);
        ours_by_path_.erase(ours_.back().path);
        ours_by_id_.erase(static_cast<std::uint64_t>(ours_.back().id));
        ours_.pop_back();
    }
    ours_.push_front(std::move(device));
    ours_by_path_.emplace(path, ours_.begin());
    ours_by_id_.emplace(last_id_, ours_.begin());
    return ours_.front();
}

void DeviceTable::note_stranger(const std::string& path, std::optional<std::int8_t> rssi) {
    if (const auto at = strangers_by_path_.find(path); at != strangers_by_path_.end()) {
        at->second->rssi_dbm = rssi;
        strangers_.splice(strangers_.begin(), strangers_, at->second);
        return;
    }
    if (!rssi) return;
    if (strangers_.size() >= kStrangersMax) {
        strangers_by_path_.erase(strangers_.back().path);
        strangers_.pop_back();
    }
    strangers_.push_front(Device{path, DeviceId{}, {}, rssi});
    strangers_by_path_.emplace(path, strangers_.begin());
}

std::optional<AdvertSeen> DeviceTable::update(const std::string& path, const News& news) {
    const auto rssi = strength(news.rssi_dbm);
    Device* device = find_ours(path);
    if (device == nullptr && news.service_data) device = &promote(path);
    if (device == nullptr) {
        if (rssi || news.rssi_gone) note_stranger(path, rssi);
        return std::nullopt;
    }
    if (news.service_data) device->service_data = *news.service_data;
    if (news.rssi_gone) device->rssi_dbm.reset();
    if (rssi) device->rssi_dbm = rssi;
    const bool heard = news.service_data || rssi;
    if (!heard || device->service_data.size() != kAdvertBytes || !device->rssi_dbm)
        return std::nullopt;
    return AdvertSeen{device->id, device->service_data, *device->rssi_dbm};
}

std::optional<DeviceId> DeviceTable::remove(const std::string& path) {
    if (const auto at = strangers_by_path_.find(path); at != strangers_by_path_.end()) {
        strangers_.erase(at->second);
        strangers_by_path_.erase(at);
        return std::nullopt;
    }
    const auto at = ours_by_path_.find(path);
    if (at == ours_by_path_.end()) return std::nullopt;
    const DeviceId id = at->second->id;
    ours_by_id_.erase(static_cast<std::uint64_t>(id));
    ours_.erase(at->second);
    ours_by_path_.erase(at);
    return id;
}

std::vector<DeviceId> DeviceTable::clear() {
    std::vector<DeviceId> ids;
    ids.reserve(ours_.size());
    for (const Device& device : ours_) ids.push_back(device.id);
    std::sort(ids.begin(), ids.end());
    for (Order* order : {&ours_, &strangers_}) order->clear();
    ours_by_path_.clear();
    strangers_by_path_.clear();
    ours_by_id_.clear();
    return ids;
}

std::vector<DeviceId> DeviceTable::take_gone() { return std::exchange(gone_, {}); }

DeviceId DeviceTable::id_of(const std::string& path) {
    if (const Device* device = find_ours(path)) return device->id;
    return promote(path).id;
}

std::optional<std::string> DeviceTable::path_of(DeviceId device) const {
    const auto at = ours_by_id_.find(static_cast<std::uint64_t>(device));
    if (at == ours_by_id_.end()) return std::nullopt;
    return at->second->path;
}

}  // namespace sov::bluez
