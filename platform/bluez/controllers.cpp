#include "platform/bluez/controllers.h"

#include <algorithm>

#include "platform/bluez/rfkill.h"

namespace sov::bluez {

bool Controllers::update(const std::string& path, const std::string& interface,
                         const Properties& properties) {
    const bool adapter = interface == kAdapterInterface;
    const bool advertising = interface == kAdvertisingManager;
    const bool monitors = interface == kMonitorManager;
    const bool gatt = interface == kGattManager;
    if (!adapter && !advertising && !monitors && !gatt) return false;
    // The managers are told of before or after the adapter itself.
    Controller& controller = controllers_[path];
    controller.path = path;
    if (adapter) {
        if (const auto powered = property<bool>(properties, "Powered"))
            controller.powered = *powered;
        if (auto state = property<std::string>(properties, "PowerState"))
            controller.power_state = std::move(*state);
    } else if (advertising) {
        controller.has_advertising = true;
        if (const auto free = property<std::uint8_t>(properties, "SupportedInstances"))
            controller.free_instances = *free;
    } else if (monitors) {
        const auto types = property<std::vector<std::string>>(properties, "SupportedMonitorTypes")
                               .value_or(std::vector<std::string>{});
        if (std::count(types.begin(), types.end(), "or_patterns") > 0)
            controller.has_monitors = true;
    } else {
        controller.has_gatt = true;
    }
    choose();
    return true;
}

void Controllers::remove(const std::string& path, const std::string& interface) {
    const auto at = controllers_.find(path);
    if (at == controllers_.end()) return;
    if (interface == kAdapterInterface) {
        controllers_.erase(at);
    } else if (interface == kAdvertisingManager) {
        at->second.has_advertising = false;
    } else if (interface == kMonitorManager) {
        at->second.has_monitors = false;
    } else if (interface == kGattManager) {
        at->second.has_gatt = false;
    }
    choose();
}

void Controllers::clear() {
    controllers_.clear();
    chosen_.clear();
}

bool Controllers::works(const Controller& controller) const { return controller.powered; }

void Controllers::choose() {
    const auto now = controllers_.find(chosen_);
    if (now != controllers_.end() && works(now->second)) return;
    for (const auto& [path, controller] : controllers_) {
        if (!works(controller)) continue;
        chosen_ = path;
        return;
    }
    if (now == controllers_.end())
        chosen_ = controllers_.empty() ? "" : controllers_.begin()->first;
}

const Controller* Controllers::chosen() const {
    const auto at = controllers_.find(chosen_);
    return at == controllers_.end() ? nullptr : &at->second;
}

RadioState Controllers::state(std::string& reason) const {
    const Controller* controller = chosen();
    if (controller == nullptr) {
        reason = "this host has no Bluetooth controller; it is used as soon as one is plugged in";
        return RadioState::kNoAdapter;
    }
    if (works(*controller)) return RadioState::kWorking;
    const std::string name = controller->name();
    switch (rfkill_of(name, rfkill_folder_)) {
        case Rfkill::kHard:
            reason = "a hardware switch keeps " + name + " from transmitting; turn it on";
            return RadioState::kBlocked;
        case Rfkill::kSoft: break;
        case Rfkill::kFree:
            if (controller->power_state == "off-blocked") break;
            reason = name + " is powered off; 'bluetoothctl power on' turns it on";
            return RadioState::kOff;
    }
    reason = "rfkill blocks " + name + "; 'rfkill unblock bluetooth' frees it";
    return RadioState::kBlocked;
}

}  // namespace sov::bluez
