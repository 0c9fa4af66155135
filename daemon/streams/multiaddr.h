#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/core/base/bytes.h"
#include "daemon/core/base/endpoint.h"
#include "daemon/core/base/result.h"
#include "daemon/streams/peer_hash.h"

namespace sov::streams {

/// Codes of the multiformats table that this version can read. An address with another one is
/// unsupported as a whole: where a foreign part ends can't be known.
enum class AddressCode : std::uint16_t {
    kIp4 = 4,
    kTcp = 6,
    kIp6 = 41,
    kDns = 53,
    kDns4 = 54,
    kDns6 = 55,
    kDnsaddr = 56,
    kUdp = 273,
    kP2pCircuit = 290,
    kP2p = 421,
    kTls = 448,
    kNoise = 454,
    kQuicV1 = 461,
    kWs = 477,
    kWss = 478,
};

/// How to reach a peer in libp2p's words (multiformats/multiaddr), as in
/// "/ip4/192.0.2.1/udp/4001/quic-v1/p2p/12D3Koo...". Each address has exactly one text and one
/// binary form here: other spellings are refused, or read ("/ipfs/" for "/p2p/", a CID) and
/// written in the one form.
class Multiaddr {
  public:
    /// Long enough for a relayed address with two peers and a host name of full length.
    static constexpr std::size_t kBytesMax = 512;
    static constexpr std::size_t kTextMax = 1024;
    static constexpr std::size_t kPartsMax = 16;
    static constexpr std::size_t kHostMax = 253;  // RFC 1035 s2.3.4 as text

    struct Part {
        AddressCode code{};
        Bytes value;  ///< as in the binary form, without the length of those that have one

        friend bool operator==(const Part&, const Part&) = default;
    };

    Multiaddr() = default;

    /// kMalformed, kUnsupported for a part that is not in AddressCode, kTooLarge past the bounds.
    static Result<Multiaddr> parse(std::string_view text);
    static Result<Multiaddr> read(ByteView bytes);

    /// "/ip4/192.0.2.1/udp/4001/quic-v1", with "/p2p/..." if a peer is given. A zone stays out.
    static Multiaddr quic(const Endpoint& endpoint, const std::optional<PeerHash>& peer = {});

    std::string text() const;
    Bytes bytes() const;
    const std::vector<Part>& parts() const { return parts_; }
    bool empty() const { return parts_.empty(); }

    /// Where to send datagrams, if this is exactly an IP address, UDP and QUIC version 1, with or
    /// without a peer behind.
    std::optional<Endpoint> quic_endpoint() const;
    /// The peer at the end, if the address ends with one.
    std::optional<PeerHash> peer() const;
    bool relayed() const;
    /// The same without a peer at its end: some implementations report observed addresses with one.
    Multiaddr without_peer() const;

    friend bool operator==(const Multiaddr&, const Multiaddr&) = default;

  private:
    std::vector<Part> parts_;
};

}  // namespace sov::streams
