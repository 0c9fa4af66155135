#pragma once

#include <string>

#include "daemon/hub/hub_types.h"

namespace sov::hub {

/// For a person: the first thing that stood in the way of a path through the NATs, what was tried,
/// and the next step. Empty for a call that is not over or has succeeded. No addresses, only their
/// kinds: it may be read by whoever may connect.
std::string explain(const IceReport& report);

}  // namespace sov::hub
