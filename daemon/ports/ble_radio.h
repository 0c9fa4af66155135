#pragma once

#include <functional>

#include "daemon/core/base/radio.h"

namespace sov::ports {

/// Bluetooth LE: advertises, scans, serves one GATT service and opens links to others'. Lives on
/// the core thread. A missing adapter, rfkill, a restarted bluetoothd are states (RadioChanged),
/// never errors: it keeps what it was asked for and takes it up again by itself.
class BleRadio {
  public:
    /// Gets every report, on the core thread, never from within submit().
    using Sink = std::function<void(RadioReport)>;

    virtual ~BleRadio() = default;
    virtual void submit(RadioRequest request) = 0;
    /// Stops advertising and scanning, closes links and lets go of the bus; for shutdown.
    virtual void stop() = 0;
};

}  // namespace sov::ports
