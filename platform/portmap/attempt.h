#pragma once

#include <optional>
#include <string>

#include "daemon/ports/port_mapper.h"

namespace sov::portmap {

/// What came of asking one router in one way.
struct Attempt {
    std::optional<ports::PortMapping> mapping;
    std::string words;  ///< without a mapping: why
};

}  // namespace sov::portmap
