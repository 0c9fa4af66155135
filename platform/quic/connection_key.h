#pragma once

#include <ngtcp2/ngtcp2.h>

#include <algorithm>
#include <array>
#include <compare>

#include "daemon/core/base/bytes.h"

namespace sov::quic {

/// A connection id of QUIC (RFC 9000 s5.1), by which packets find their connection. Ordered, so
/// that nobody can choose ids that collide.
struct ConnectionKey {
    /// Of those that we give out: short packets don't say how long their id is. 64 bits and more
    /// keep random datagrams on a shared socket from looking like ours.
    static constexpr std::size_t kOwnBytes = 12;

    std::array<std::uint8_t, NGTCP2_MAX_CIDLEN> bytes{};
    std::uint8_t size = 0;

    friend auto operator<=>(const ConnectionKey&, const ConnectionKey&) = default;

    /// At most 20 bytes; the caller has checked.
    static ConnectionKey of(ByteView view) {
        ConnectionKey key;
        std::copy(view.begin(), view.end(), key.bytes.begin());
        key.size = static_cast<std::uint8_t>(view.size());
        return key;
    }
    static ConnectionKey of(const ngtcp2_cid& cid) { return of(ByteView(cid.data, cid.datalen)); }
};

}  // namespace sov::quic
