#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "daemon/core/base/bytes.h"

namespace sov {

enum class Family : std::uint8_t { kIpv4, kIpv6 };

/// How far an address reaches; decides who may be told about it (docs/protocol.md, "Scope").
enum class Scope : std::uint8_t {
    kLoopback,   ///< 127/8, ::1: this host only
    kLinkLocal,  ///< 169.254/16, fe80::/10: one link; never relayed
    kLan,        ///< RFC 1918, RFC 6598 (shared address space), fc00::/7 (RFC 4193)
    kGlobal,     ///< everything else that can be dialled
    kBogon,      ///< can't be dialled at all: unspecified, multicast, broadcast, reserved, port 0
};

/// An IP address and UDP port. IPv4 uses the first four bytes of `address`, the rest is zero.
///
/// A link-local IPv6 address (fe80::/10) means nothing without the link it is on. Its zone (RFC
/// 4007: the interface's index on this host) lives in bytes 2 to 5, which are zero in every such
/// address (RFC 4291 s2.5.6): equal addresses on two links are two endpoints, and nothing grows by
/// it. The zone never leaves this host: whoever writes an address for others writes without_zone().
struct Endpoint {
    std::array<std::uint8_t, 16> address{};
    std::uint16_t port = 0;
    Family family = Family::kIpv4;

    friend bool operator==(const Endpoint&, const Endpoint&) = default;
    friend auto operator<=>(const Endpoint&, const Endpoint&) = default;

    /// 4 or 16.
    std::size_t address_size() const { return family == Family::kIpv4 ? 4 : 16; }
    ByteView address_view() const { return ByteView(address).first(address_size()); }
    Scope scope() const;
    /// Of a link-local IPv6 address; 0: none given, or another kind of address.
    std::uint32_t zone() const;
    /// Does nothing to another kind of address.
    void set_zone(std::uint32_t interface);
    Endpoint without_zone() const;
    /// "192.0.2.1:6881", "[2001:db8::1]:6881" or "[fe80::1%2]:6881".
    std::string text() const;
    /// The address without the port.
    std::string address_text() const;

    static Endpoint v4(std::uint32_t address, std::uint16_t port);
    /// Reads text(); the port is required. Nothing on anything else.
    static std::optional<Endpoint> parse(std::string_view text);
    /// From wire bytes: 4 or 16 address bytes. An IPv4-mapped IPv6 address becomes IPv4 (RFC 4291
    /// s2.5.5.2). Nothing when a link-local address has something where we keep the zone: those
    /// bits are zero in every real one.
    static std::optional<Endpoint> from_address(ByteView address, std::uint16_t port);
};

/// The part of an address that one party is likely to control: /24 and /56 (near), /16 and /40
/// (far). Both families share one number space; the family is mixed in.
std::uint64_t near_prefix(const Endpoint& endpoint);
std::uint64_t far_prefix(const Endpoint& endpoint);

/// Mixes all fields; for unordered containers that are bounded.
struct EndpointHash {
    std::size_t operator()(const Endpoint& endpoint) const;
};

}  // namespace sov
