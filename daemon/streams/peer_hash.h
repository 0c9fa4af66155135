#pragma once

#include <array>
#include <compare>
#include <optional>
#include <string>
#include <string_view>

#include "daemon/core/base/bytes.h"
#include "daemon/core/base/ids.h"

// Our peers under the names that libp2p gives them (libp2p specs, peer-ids.md). A peer with an
// Ed25519 key, as all of ours are, has one such name and the key can be read out of it; of others
// the name is a hash that says nothing.

namespace sov::streams {

/// What libp2p calls a peer id: a multihash of a public key. At most 42 bytes, kept in place.
class PeerHash {
  public:
    /// The longest key that is kept as itself (identity multihash).
    static constexpr std::size_t kDigestBytesMax = 42;

    /// Of one of our peers.
    explicit PeerHash(const PeerId& peer);
    /// Identity multihashes of 1 to 42 bytes and SHA-256 ones, nothing else; all of `bytes`.
    static std::optional<PeerHash> from(ByteView bytes);
    /// Base58btc ("12D3Koo...", "Qm...") or a CIDv1 in base32 ("bafz..."). Nothing else.
    static std::optional<PeerHash> parse(std::string_view text);

    ByteView view() const { return ByteView(bytes_).first(size_); }
    /// Base58btc, which every implementation reads.
    std::string text() const;
    /// CIDv1, multicodec libp2p-key, base32.
    std::string cid_text() const;
    /// The peer, if its name holds an Ed25519 key.
    std::optional<PeerId> peer() const;

    friend bool operator==(const PeerHash&, const PeerHash&) = default;
    friend auto operator<=>(const PeerHash&, const PeerHash&) = default;

  private:
    PeerHash() = default;

    std::array<std::uint8_t, kDigestBytesMax + 2> bytes_{};
    std::uint8_t size_ = 0;
};

/// The protobuf message PublicKey of an Ed25519 key, in its one deterministic encoding.
inline constexpr std::size_t kPublicKeyMessageSize = 36;
using PublicKeyMessage = std::array<std::uint8_t, kPublicKeyMessageSize>;
PublicKeyMessage public_key_message(const PeerId& peer);
/// Nothing for other kinds of keys and for any other encoding.
std::optional<PeerId> read_public_key_message(ByteView bytes);

}  // namespace sov::streams
