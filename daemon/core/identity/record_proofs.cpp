#include <algorithm>
#include <array>

#include "daemon/core/base/byte_writer.h"
#include "daemon/core/base/check.h"
#include "daemon/core/identity/records.h"

// Places in the key space, proofs of work and the signature of a TOUCH: what surrounds a record.

namespace sov::identity {

namespace {

constexpr std::string_view kTouchDomain = "sovereign/touch/1";
constexpr std::size_t kTokenBytesMax = 32;

struct TouchBytes {
    std::array<std::uint8_t, kTouchDomain.size() + NetworkId::kSize + NodeKey::kSize + Key::kSize +
                                 1 + 8 + kTokenBytesMax>
        bytes;
    std::size_t size = 0;
    ByteView view() const { return ByteView(bytes).first(size); }
};

// Every part but the token has a fixed length, so the parts can't be shifted into each other.
// Nothing when the token is longer than any that exists.
std::optional<TouchBytes> touch_bytes(const NetworkId& network, const NodeKey& replica,
                                      const Key& key, RecordKind kind, std::uint64_t sequence,
                                      ByteView token) {
    TouchBytes result;
    ByteWriter writer(result.bytes);
    writer.bytes(as_bytes(kTouchDomain));
    writer.fixed(network);
    writer.fixed(replica);
    writer.fixed(key);
    writer.u8(static_cast<std::uint8_t>(kind));
    writer.u64(sequence);
    writer.bytes(token);
    if (!writer.ok()) return std::nullopt;
    result.size = writer.size();
    return result;
}

int leading_zero_bits(const Hash32& hash) {
    int bits = 0;
    for (const std::uint8_t byte : hash.bytes) {
        if (byte != 0) return bits + __builtin_clz(byte) - 24;
        bits += 8;
    }
    return bits;
}

Key place_from(const Hash32& hash) { return Key::from(hash.view()); }

}  // namespace

Key peer_key(Crypto& crypto, const PeerId& owner) {
    return place_from(crypto.hash({as_bytes("peer"), owner.view()}));
}

Key name_key(Crypto& crypto, std::string_view folded_name) {
    return place_from(crypto.hash({as_bytes(folded_name)}));
}

Key second_home(Crypto& crypto, const Key& key) {
    return place_from(crypto.hash({as_bytes("home2"), key.view()}));
}

NodeId node_id(Crypto& crypto, const NodeKey& key) { return place_from(crypto.hash({key.view()})); }

Signature sign_touch(Crypto& crypto, const SigningKey& owner, const NetworkId& network,
                     const NodeKey& replica, const Key& key, RecordKind kind,
                     std::uint64_t sequence, ByteView token) {
    const auto covered = touch_bytes(network, replica, key, kind, sequence, token);
    SOV_CHECK(covered.has_value());
    return crypto.sign(owner, covered->view());
}

bool verify_touch(Crypto& crypto, const PeerId& owner, const NetworkId& network,
                  const NodeKey& replica, const Key& key, RecordKind kind, std::uint64_t sequence,
                  ByteView token, const Signature& signature) {
    const auto covered = touch_bytes(network, replica, key, kind, sequence, token);
    return covered && crypto.verify(owner.bytes, covered->view(), signature);
}

int key_work(Crypto& crypto, const NodeKey& key) {
    const Hash32 once = crypto.hash({key.view()});
    return leading_zero_bits(crypto.hash({once.view()}));
}

int name_work(Crypto& crypto, const PeerId& owner, const Key& key, std::uint64_t stamp) {
    std::array<std::uint8_t, 8> stamp_bytes;
    store_u64(stamp_bytes.data(), stamp);
    return leading_zero_bits(
        crypto.hash({as_bytes("stamp"), owner.view(), key.view(), stamp_bytes}));
}

int claim_work(Crypto& crypto, const NameRecord& claim) {
    return name_work(crypto, claim.head.owner, name_key(crypto, claim.name), claim.stamp);
}

int name_work_needed(std::size_t name_chars, int base) {
    constexpr std::size_t kLong = 8, kMoreMax = 5;
    if (name_chars >= kLong) return base;
    return base + static_cast<int>(std::min(kLong - name_chars, kMoreMax));
}

SigningKey make_node_key(Crypto& crypto, int bits) {
    while (true) {
        Secret32 seed;
        crypto.fill_random(seed);
        const SigningKey key = crypto.make_signing_key(seed);
        if (key_work(crypto, NodeKey{key.public_key}) >= bits) return key;
    }
}

}  // namespace sov::identity
