#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "daemon/core/base/bytes.h"
#include "daemon/core/base/endpoint.h"
#include "daemon/core/base/result.h"

// Session Traversal Utilities for NAT (RFC 8489), as far as asking for our own address goes, with
// the questions of RFC 5780 about a NAT's behaviour. No credentials: what a server says here is
// shown and compared, never believed for anything else.

namespace sov::connect {

/// Names one question; its answer repeats it.
using StunId = std::array<std::uint8_t, 12>;

inline constexpr std::size_t kStunHeadBytes = 20;

/// A Binding request.
struct StunQuestion {
    StunId id{};
    bool other_address = false, other_port = false;  ///< answer from there (RFC 5780 s7.2)
    /// Fill up to so many bytes, to see whether datagrams of this size pass; a multiple of 4. 0: as
    /// short as it can be.
    std::size_t bytes = 0;
};
Bytes encode_stun(const StunQuestion& question);

struct StunMessage {
    enum class Kind : std::uint8_t { kRequest, kAnswer, kRefusal };

    Kind kind{};
    StunId id{};
    std::optional<Endpoint> mapped;  ///< as the server saw us
    std::optional<Endpoint> other;   ///< another address of the server (RFC 5780 s7.4)
    std::uint16_t code = 0;          ///< of a refusal, as 420
};

/// Whether these bytes claim to be STUN: by the magic cookie, as RFC 7983 tells protocols apart.
bool is_stun(ByteView datagram);
/// A Binding request, answer or refusal; unknown attributes are passed over. kMalformed for all
/// else.
Result<StunMessage> read_stun(ByteView datagram);

}  // namespace sov::connect
