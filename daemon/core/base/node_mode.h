#pragma once

#include <cstdint>

namespace sov {

enum class NodeMode : std::uint8_t {
    kAuto,    ///< serve once proven reachable by dial-back
    kServer,  ///< serve from the start
    kClient,  ///< never serve: ask, publish, but hold nothing and be in nobody's table
};

}  // namespace sov
