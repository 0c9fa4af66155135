#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "daemon/core/base/bytes.h"
#include "daemon/core/base/instant.h"
#include "daemon/core/base/result.h"

// /ipfs/ping/1.0.0 (libp2p specs, ping/ping.md): 32 random bytes there, the same 32 bytes back, as
// often as one likes on one stream.

namespace sov::streams {

inline constexpr std::string_view kPingProtocol = "/ipfs/ping/1.0.0";
inline constexpr std::size_t kPingBytes = 32;
using PingBytes = std::array<std::uint8_t, kPingBytes>;

/// Asks on one stream, one question at a time.
class Pinger {
  public:
    /// What to send now; the one before must have been answered. `random`: fresh bytes, or an old
    /// answer would pass for a new one.
    Bytes ask(Instant now, const PingBytes& random);
    bool waiting() const { return received_ < kPingBytes; }
    /// The round trip, once the answer is whole. kMalformed for other bytes than those sent, or
    /// for more than were asked for.
    Result<std::optional<Duration>> receive(Instant now, ByteView bytes);

  private:
    PingBytes sent_{};
    Instant sent_at_{};
    std::size_t received_ = kPingBytes;
};

/// Answers on one stream. Holds less than 32 bytes: whole questions only are answered, and a
/// caller that stops reading from the stream while it can't write bounds the rest.
class PingAnswerer {
  public:
    /// Appends the answers that `bytes` complete to `out`.
    void receive(ByteView bytes, Bytes& out);

  private:
    PingBytes held_{};
    std::size_t size_ = 0;
};

}  // namespace sov::streams
