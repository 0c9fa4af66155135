#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "daemon/core/base/bytes.h"
#include "daemon/core/base/endpoint.h"
#include "daemon/core/base/result.h"
#include "daemon/core/connect/stun_message.h"

// Traversal Using Relays around NAT (RFC 8656) over a stream, as far as a client needs it that
// sends to many and holds one address: no channels. Bytes to messages and back; what they mean is
// TurnClient's.

namespace sov::connect {

/// The old digests that STUN's long-term credentials are made of (RFC 8489 s9.2), from outside: the
/// core has no use for them besides.
struct TurnDigests {
    std::function<std::array<std::uint8_t, 16>(ByteView)> md5;
    std::function<std::array<std::uint8_t, 20>(ByteView key, ByteView message)> hmac_sha1;
};

/// What a request is signed with: the server names realm and nonce.
struct TurnCredential {
    std::string user, realm, nonce;
    std::array<std::uint8_t, 16> key{};  ///< MD5 of "user:realm:password"
};

/// A request, built attribute by attribute.
class TurnRequest {
  public:
    enum class Method : std::uint16_t { kAllocate = 3, kRefresh = 4, kCreatePermission = 8 };

    TurnRequest(Method method, const StunId& id);

    /// A relayed address for UDP (RFC 8656 s7.1), of this family.
    TurnRequest& wants(Family family);
    TurnRequest& lifetime(std::chrono::seconds time);
    /// Who may send to us; its port means nothing (s9.1).
    TurnRequest& permits(const Endpoint& peer);
    /// The whole, signed if there is a credential yet.
    Bytes finish(const std::optional<TurnCredential>& credential, const TurnDigests& digests);

  private:
    void attribute(std::uint16_t type, ByteView value);
    void set_length(std::size_t attributes);

    Bytes bytes_;
};

/// Appends a Send indication (s11.1) to `out`: 36 bytes more than the datagram for IPv4, 48 for
/// IPv6, and what fills it up to a multiple of four.
void append_turn_send(const StunId& id, const Endpoint& to, ByteView datagram, Bytes& out);

/// An answer, a refusal, or a datagram that came for us. Views are into the bytes that were read.
struct TurnMessage {
    enum class Kind : std::uint8_t { kAnswer, kRefusal, kData };

    Kind kind{};
    std::uint16_t method = 0;
    StunId id{};
    std::uint16_t code = 0;            ///< of a refusal, as 401
    std::optional<Endpoint> relayed;   ///< the address that we were lent
    std::optional<Endpoint> peer;      ///< who sent the datagram
    std::optional<ByteView> datagram;  ///< what it sent
    std::optional<std::chrono::seconds> lifetime;
    std::string_view realm, nonce;
    bool is_signed = false;  ///< has MESSAGE-INTEGRITY; see signed_with()
};

/// How many bytes of the stream the message at its front has (s3.4, RFC 8489 s6.2.2): nothing while
/// too few are here to say; kMalformed when this is no TURN. At most kTurnFrameBytesMax.
Result<std::optional<std::size_t>> turn_frame_size(ByteView stream);
inline constexpr std::size_t kTurnFrameBytesMax = kStunHeadBytes + 0xffff;

/// One whole message; nothing for kinds that we have no use for, kMalformed for what is none.
Result<std::optional<TurnMessage>> read_turn(ByteView bytes);

/// Whether the message was signed with this key. Everything after the signature is unsigned, and
/// read_turn() passes it over.
bool turn_signed_with(ByteView bytes, const std::array<std::uint8_t, 16>& key,
                      const TurnDigests& digests);

}  // namespace sov::connect
