#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <cstring>
#include <string>

#include "daemon/core/base/bytes.h"

// Strong types for everything that is "just some bytes": a node id can't be passed for a peer id.

namespace sov {

/// A fixed number of bytes with its own type; compares as big-endian numbers do.
template <typename Tag, std::size_t N>
struct FixedBytes {
    static constexpr std::size_t kSize = N;
    std::array<std::uint8_t, N> bytes{};

    friend bool operator==(const FixedBytes&, const FixedBytes&) = default;
    friend auto operator<=>(const FixedBytes&, const FixedBytes&) = default;

    ByteView view() const { return bytes; }
    std::string hex() const { return to_hex(bytes); }
    /// The first eight bytes as a number: uniformly spread for keys and hashes.
    std::uint64_t prefix() const { return load_u64(bytes.data()); }
    bool is_zero() const { return *this == FixedBytes{}; }

    /// Copies N bytes; the caller has checked the length.
    static FixedBytes from(ByteView view) {
        FixedBytes value;
        std::memcpy(value.bytes.data(), view.data(), N);
        return value;
    }
};

/// A 160-bit place in the XOR space (Maymounkov & Mazieres 2002): where records live.
using Key = FixedBytes<struct KeyTag, 20>;
/// Where a node sits in the same space: the first 160 bits of SHA-256(node key).
using NodeId = Key;
/// The Ed25519 public key that routes; rotatable, and new at each start in client mode.
using NodeKey = FixedBytes<struct NodeKeyTag, 32>;
/// The Ed25519 public key that people and apps know, written sov1...; it signs every record.
using PeerId = FixedBytes<struct PeerIdTag, 32>;
/// Which network: keys mac1, header masks, the handshake's prologue and all record signatures.
using NetworkId = FixedBytes<struct NetworkIdTag, 32>;
using Hash32 = FixedBytes<struct HashTag, 32>;
using Signature = FixedBytes<struct SignatureTag, 64>;

/// Distance in the XOR metric, comparable.
inline Key distance(const Key& a, const Key& b) {
    Key result;
    for (std::size_t at = 0; at < Key::kSize; ++at) {
        result.bytes[at] = static_cast<std::uint8_t>(a.bytes[at] ^ b.bytes[at]);
    }
    return result;
}

/// Number of leading bits that two places share: 0 to 160.
inline int common_prefix_bits(const Key& a, const Key& b) {
    for (std::size_t at = 0; at < Key::kSize; ++at) {
        const unsigned differing = static_cast<unsigned>(a.bytes[at] ^ b.bytes[at]);
        if (differing != 0) return static_cast<int>(at) * 8 + __builtin_clz(differing) - 24;
    }
    return 160;
}

/// True when `a` is strictly closer to `target` than `b` is.
inline bool closer(const Key& target, const Key& a, const Key& b) {
    for (std::size_t at = 0; at < Key::kSize; ++at) {
        const auto da = static_cast<std::uint8_t>(a.bytes[at] ^ target.bytes[at]);
        const auto db = static_cast<std::uint8_t>(b.bytes[at] ^ target.bytes[at]);
        if (da != db) return da < db;
    }
    return false;
}

/// Names one command of an app or of the driver; every event that answers it carries it.
enum class CommandId : std::uint64_t {};
/// No command: an event that nobody asked for.
inline constexpr CommandId kNoCommand{0};

/// Hash for unordered containers of keys that are themselves hashes or public keys. An attacker can
/// choose them, so containers keyed by it must be bounded.
struct PrefixHash {
    template <typename Tag, std::size_t N>
    std::size_t operator()(const FixedBytes<Tag, N>& value) const {
        return value.prefix();
    }
};

}  // namespace sov
