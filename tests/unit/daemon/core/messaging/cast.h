#pragma once

#include "daemon/core/base/ids.h"

namespace sov::messaging {

/// Peers that are told apart by a number.
inline PeerId peer(std::uint8_t number) {
    PeerId id;
    id.bytes[0] = number;
    return id;
}
inline const PeerId kAlice = peer(1), kBob = peer(2);

}  // namespace sov::messaging
