#pragma once

#include <atomic>
#include <chrono>

#include "platform/portmap/attempt.h"

namespace sov::portmap {

/// Asks the gateway, by default that of the default route, by NAT-PMP (RFC 6886). Blocks for
/// `patience` at most, a quarter of a second more while it notices `stop`.
Attempt map_by_nat_pmp(const std::optional<Endpoint>& gateway, std::uint16_t port,
                       std::chrono::seconds lifetime, std::chrono::milliseconds patience,
                       const std::atomic<bool>& stop);
/// Takes the mapping back; a word that gets lost costs the router its memory until the end of the
/// lifetime.
void unmap_by_nat_pmp(const std::optional<Endpoint>& gateway, std::uint16_t port);

}  // namespace sov::portmap
