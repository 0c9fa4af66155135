#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "daemon/core/base/endpoint.h"

namespace sov::ports {

/// What the router speaks.
enum class MappingMethod : std::uint8_t {
    kNatPmp,  ///< RFC 6886
    kUpnp,    ///< Internet Gateway Device (UPnP Forum, WANIPConnection:1)
};
/// The stable lower-case word, as in "nat_pmp".
constexpr std::string_view mapping_method_name(MappingMethod method) {
    switch (method) {
        case MappingMethod::kNatPmp: return "nat_pmp";
        case MappingMethod::kUpnp: return "upnp";
    }
    return "unknown";
}

/// The router sends on to us what comes to `external`.
struct PortMapping {
    Endpoint external;
    std::uint16_t port = 0;           ///< ours
    std::chrono::seconds lifetime{};  ///< granted; renewed long before; 0: until it is deleted
    MappingMethod method{};

    friend bool operator==(const PortMapping&, const PortMapping&) = default;
};

/// What there is now. Told when it changes, and once after the first attempt.
struct MappingChanged {
    std::optional<PortMapping> mapping;
    std::string reason;  ///< without a mapping: why not, for a person
};

/// Keeps one UDP port of this host open at the router. Lives on the core thread and waits for
/// nobody: routers without such a service, restarted ones and changes of network are states that it
/// tells and copes with by itself.
class PortMapper {
  public:
    /// Gets every change, on the core thread, never from within a call.
    using Sink = std::function<void(const MappingChanged&)>;

    virtual ~PortMapper() = default;
    /// The network changed: ask at once whoever is the router now.
    virtual void look_again() = 0;
    /// Deletes the mapping and ends; at most a moment, for shutdown.
    virtual void stop() = 0;
};

}  // namespace sov::ports
