#pragma once

#include <optional>

#include "daemon/core/base/endpoint.h"

namespace sov::portmap {

/// The router of this host's IPv4 default route; of several the one with the smallest metric. The
/// port is 0. Asked of the kernel by rtnetlink(7), since a service in a sandbox does not see
/// /proc/net/route, where libnatpmp would look. Blocks for one answer of the kernel.
std::optional<Endpoint> default_gateway();

}  // namespace sov::portmap
