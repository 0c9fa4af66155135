#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/core/base/bytes.h"
#include "daemon/core/base/result.h"
#include "daemon/streams/delimited.h"
#include "daemon/streams/multiaddr.h"

// /ipfs/id/1.0.0 and /ipfs/id/push/1.0.0 (libp2p specs, identify/README.md): who one is, where, and
// which protocols one takes streams for. The side that was asked sends one or more delimited
// messages and closes; push is the same from the other side. It is the only way in which other
// implementations learn what we speak.

namespace sov::streams {

inline constexpr std::string_view kIdentifyProtocol = "/ipfs/id/1.0.0";
inline constexpr std::string_view kIdentifyPushProtocol = "/ipfs/id/push/1.0.0";

/// Bounds of what is taken from others; those of go-libp2p. Past the first two the whole is
/// refused; of addresses and protocols those past the bound are left out.
inline constexpr std::size_t kIdentifyMessageMax = 8192;
inline constexpr std::size_t kIdentifyMessagesMax = 10;
inline constexpr std::size_t kIdentifyAddressesMax = 32;
inline constexpr std::size_t kIdentifyProtocolsMax = 256;
inline constexpr std::size_t kAgentBytesMax = 256;
/// What we send fits in this, rust-libp2p's bound.
inline constexpr std::size_t kIdentifySentMax = 4096;

struct Identify {
    std::optional<PeerId> peer;  ///< of an Ed25519 key; nothing when absent or of another kind
    std::string protocol_version;
    std::string agent;
    std::vector<Multiaddr> addresses;
    std::optional<Multiaddr> observed;  ///< where the sender sees the receiver; without its peer
    std::vector<std::string> protocols;
    /// A signed peer record as it came, unread and not verified here.
    Bytes signed_record;

    friend bool operator==(const Identify&, const Identify&) = default;
};

/// One message, without its length. kTooLarge past kIdentifySentMax: offer fewer addresses.
Result<Bytes> encode_identify(const Identify& identify);

/// Merges the messages of one answer. What was sent later wins or is added, so an answer may come
/// in parts; unknown fields, addresses of kinds that we don't know and names that are none are
/// left out; text of the agent is cut to printable ASCII.
class IdentifyReader {
  public:
    /// Takes bytes off the stream. kMalformed, kTooLarge (a message), kOverQuota (the number).
    Result<void> receive(ByteView bytes);
    /// What was said, at the end of the stream. kMalformed when it ended within a message or
    /// without any.
    Result<Identify> finish();

  private:
    Result<void> take_message(ByteView message);

    DelimitedReader messages_{kIdentifyMessageMax};
    std::size_t taken_ = 0;
    Identify merged_;
};

}  // namespace sov::streams
