#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "daemon/core/base/radio.h"
#include "platform/bluez/properties.h"

namespace sov::bluez {

/// One controller as BlueZ shows it now.
struct Controller {
    std::string path;  ///< "/org/bluez/hci0"
    bool powered = false;
    std::string power_state;  ///< BlueZ 5.66 on, experimental; empty before
    bool has_advertising = false;
    std::uint8_t free_instances = 0;  ///< adverts that anybody may still register
    bool has_monitors = false;        ///< with patterns that match Service Data
    bool has_gatt = false;

    std::string name() const { return path.substr(path.rfind('/') + 1); }
};

/// All controllers of this host, and which of them to use: the one in use for as long as it works,
/// else the first that works, else the first.
class Controllers {
  public:
    explicit Controllers(std::string rfkill_folder) : rfkill_folder_(std::move(rfkill_folder)) {}

    /// Takes properties of one interface of the object at `path`: all of them when it appeared,
    /// else the changed ones. False when that interface says nothing of a controller.
    bool update(const std::string& path, const std::string& interface,
                const Properties& properties);
    /// The interface was removed from the object at `path`.
    void remove(const std::string& path, const std::string& interface);
    void clear();

    const Controller* chosen() const;
    /// The state to report for the chosen one, and a sentence when it is not kWorking.
    RadioState state(std::string& reason) const;

  private:
    bool works(const Controller& controller) const;
    void choose();

    const std::string rfkill_folder_;
    std::map<std::string, Controller> controllers_;
    std::string chosen_;
};

}  // namespace sov::bluez
