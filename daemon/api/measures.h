#pragma once

#include "daemon/api/desk.h"
#include "daemon/ports/measures.h"

namespace sov::api {

/// Adds everything that is known about the node, its connections and messages, and the API. No ids,
/// addresses or names (ports::Measure says why). Core thread; costs about what GetStatus costs.
void add_measures(const Desk& desk, Instant now, const Node& node, ports::Measures& measures);

}  // namespace sov::api
