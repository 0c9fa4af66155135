#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>

#include "daemon/core/base/endpoint.h"

namespace sov::io {

/// What our sockets exchange with the Internet, counted as it is billed: with the heads of IP and
/// UDP. When `left` is used up nothing more leaves; what still comes in is counted.
struct OutsideMeter {
    std::uint64_t bytes = 0;
    std::uint64_t left = std::numeric_limits<std::uint64_t>::max();

    static bool concerns(const Endpoint& other) { return other.scope() == Scope::kGlobal; }
    void count(const Endpoint& other, std::size_t datagram) {
        const std::uint64_t size = datagram + (other.family == Family::kIpv4 ? 28U : 48U);
        bytes += size;
        left -= std::min(left, size);
    }
    /// Counts one that leaves; false when it must not.
    bool take(const Endpoint& to, std::size_t datagram) {
        if (!concerns(to)) return true;
        if (left == 0) return false;
        count(to, datagram);
        return true;
    }
};

}  // namespace sov::io
