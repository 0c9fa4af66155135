#pragma once

#include <chrono>
#include <string>

#include "platform/bluez/bus.h"

namespace sov::bluez {

/// The bluetoothd and the controller in use. A new one of either is a new attachment, and each
/// part is told: it takes up what is wanted of it by itself.
struct Attachment {
    std::string owner;    ///< bluetoothd's unique name
    std::string adapter;  ///< "/org/bluez/hci0"
    std::string service_uuid;

    Target on_adapter(const char* interface) const { return {owner, adapter, interface}; }
};

/// How long things may take and how often they are tried again; tests shorten them.
struct Pauses {
    std::chrono::milliseconds bus_retry{5000};        ///< without a bus; doubles up to 16 times
    std::chrono::milliseconds refused_retry{30'000};  ///< BlueZ refused; doubles up to 16 times
    std::chrono::milliseconds monitor_start{5000};    ///< from registration to Activate
    std::chrono::milliseconds scan_silence{60'000};   ///< no advert of any kind: scan anew
    std::chrono::milliseconds services_resolved{20'000};
    std::chrono::milliseconds incoming_idle{60'000};  ///< a link nobody writes to is closed
};

/// BlueZ answers within seconds or not at all.
inline constexpr std::chrono::seconds kCallPatience{10};
/// Connecting to a device that went away takes the controller 20 s or more.
inline constexpr std::chrono::seconds kConnectPatience{40};

/// A pause that doubles each time it is asked for, up to 16 times the first.
class Backoff {
  public:
    explicit Backoff(std::chrono::milliseconds first) : first_(first) {}

    std::chrono::milliseconds next() {
        const auto pause = first_ * factor_;
        if (factor_ < 16) factor_ *= 2;
        return pause;
    }
    void reset() { factor_ = 1; }

  private:
    std::chrono::milliseconds first_;
    int factor_ = 1;
};

}  // namespace sov::bluez
