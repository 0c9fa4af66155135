#pragma once

#include <string>

#include "client/ctl/errand.h"

namespace sov::ctl {

/// The 20 bytes that a KEY stands for: 40 hexadecimal digits are read here; for name:NAME and
/// peer:sov1... the daemon, which alone can hash, is asked to look the place up. Costs one lookup
/// then.
client::Result<std::string> place_key(Errand& errand, const std::string& target);

}  // namespace sov::ctl
