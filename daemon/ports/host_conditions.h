#pragma once

#include <cstdint>
#include <functional>
#include <optional>

namespace sov::ports {

/// What the services of this machine say about it; nothing where none says it.
struct HostConditions {
    enum class Connectivity : std::uint8_t { kUnknown, kNone, kPortal, kLimited, kFull };

    std::optional<bool> on_battery;
    /// The connection in use is paid for by the byte, as configured or guessed.
    std::optional<bool> metered;
    Connectivity connectivity{};

    friend bool operator==(const HostConditions&, const HostConditions&) = default;
};

/// Listens to what the machine says of itself. Everything is called on one thread, never from
/// within a call here.
class HostMonitor {
  public:
    struct Sinks {
        /// They are others now.
        std::function<void(const HostConditions&)> changed;
        /// The machine falls asleep within seconds (true), or has woken up (false).
        std::function<void(bool asleep)> sleep;
    };

    virtual ~HostMonitor() = default;
    /// Nothing is called any more.
    virtual void stop() = 0;
};

}  // namespace sov::ports
