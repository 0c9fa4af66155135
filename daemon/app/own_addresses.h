#pragma once

#include <cstdint>
#include <vector>

#include "daemon/api/host.h"
#include "daemon/core/base/endpoint.h"

namespace sov::app {

/// Where others might reach a socket bound to `bound`: that address, or for the unspecified one the
/// addresses of this host's interfaces in its family that reach beyond one link, the widest reach
/// first; loopback only when there is nothing else. At most four.
std::vector<Endpoint> reachable_addresses(const Endpoint& bound);

/// False when no route leads to addresses of a family beyond this host's networks. Sends nothing;
/// true as well when the kernel could not be asked.
bool has_way_out(Family family);

/// Interfaces that are up, loopback left out, at most 16; whether they are used is not said.
std::vector<api::LinkFact> link_facts();

}  // namespace sov::app
