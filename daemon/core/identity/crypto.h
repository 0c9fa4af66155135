#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>
#include <optional>

#include "daemon/core/base/bytes.h"
#include "daemon/core/base/ids.h"

namespace sov::identity {

using Secret32 = std::array<std::uint8_t, 32>;
using Public32 = std::array<std::uint8_t, 32>;

/// An Ed25519 key (RFC 8032): the 32-byte seed and the public key that belongs to it.
struct SigningKey {
    Secret32 seed{};
    Public32 public_key{};
};

/// An X25519 key (RFC 7748).
struct AgreementKey {
    Secret32 secret{};
    Public32 public_key{};
};

/// AES-256-GCM key (NIST SP 800-38D). The implementation may keep its expanded form in a cache of
/// its own, found by these bytes, so a session costs 32 bytes a direction and not an expanded
/// schedule.
struct SealKey {
    Secret32 bytes{};
};

/// AES-128 key of a header mask.
struct MaskKey {
    std::array<std::uint8_t, 16> bytes{};
};

/// Sizes of ML-DSA-65 (FIPS 204, table 2).
inline constexpr std::size_t kPostQuantumKeyBytes = 1952, kPostQuantumSignatureBytes = 3309;

inline constexpr std::size_t kTagSize = 16;
using MaskSample = std::array<std::uint8_t, 16>;

/// Every cryptographic primitive that the core uses, and its only source of secret randomness. It
/// is the one thing that the core calls out to: OpenSSL and libsodium stand behind it in the
/// daemon, a fast keyed hash in the simulator, where 48 million real key agreements would take
/// hours. One thread at a time. No method keeps a reference to its arguments.
class Crypto {
  public:
    virtual ~Crypto() = default;

    /// Unpredictable bytes, for keys, nonces, cookies and session indices.
    virtual void fill_random(MutableBytes out) = 0;

    /// SHA-256 over the parts, one after the other.
    virtual Hash32 hash(std::initializer_list<ByteView> parts) = 0;
    /// HMAC-SHA-256 (RFC 2104) over the parts.
    virtual Hash32 mac(ByteView key, std::initializer_list<ByteView> parts) = 0;

    /// A fresh Ed25519 key, or the one that belongs to a seed.
    virtual SigningKey make_signing_key(const Secret32& seed) = 0;
    virtual Signature sign(const SigningKey& key, ByteView message) = 0;
    /// False for a wrong signature and for a key that is no valid point; never throws.
    virtual bool verify(const Public32& key, ByteView message, const Signature& signature) = 0;

    virtual AgreementKey make_agreement_key() = 0;
    /// The X25519 form of an Ed25519 key: u = (1+y)/(1-y) (RFC 7748 s4.1), secret = clamped first
    /// half of SHA-512(seed). So one 32-byte key per contact serves signatures and key agreement.
    virtual AgreementKey agreement_form(const SigningKey& key) = 0;
    /// Nothing for bytes that are no canonical point or that map to a point of small order.
    virtual std::optional<Public32> agreement_form(const Public32& signing_public) = 0;
    /// X25519; nothing when the shared secret is all zero (RFC 7748 s6.1).
    virtual std::optional<Secret32> agree(const Secret32& secret, const Public32& theirs) = 0;

    /// AES-256-GCM in place: `buffer` is the plaintext followed by kTagSize spare bytes, which
    /// receive the tag. The 96-bit nonce is four zero bytes and the counter, big-endian as Noise's
    /// AESGCM asks. A (key, counter) pair must never be used twice.
    virtual void seal(const SealKey& key, std::uint64_t counter, ByteView associated,
                      MutableBytes buffer) = 0;
    /// The reverse; false and unspecified bytes in `buffer` when the tag is wrong.
    virtual bool open(const SealKey& key, std::uint64_t counter, ByteView associated,
                      MutableBytes buffer) = 0;

    /// XORs up to 64 bytes of `header` with AES-128 of the sample under the key, block i using the
    /// sample with its last byte XORed with i (the idea of QUIC's header protection, RFC 9001
    /// s5.4.3).
    virtual void mask(const MaskKey& key, const MaskSample& sample, MutableBytes header) = 0;

    // ML-DSA-65 (FIPS 204), where the host has it; the others carry its keys and signatures unread.
    virtual bool has_post_quantum() { return false; }
    /// The public key of kPostQuantumKeyBytes that belongs to a seed; empty where it is missing.
    virtual Bytes post_quantum_key(const Secret32&) { return {}; }
    /// kPostQuantumSignatureBytes over the message; empty where it is missing.
    virtual Bytes post_quantum_sign(const Secret32&, ByteView) { return {}; }
    /// Nothing where it is missing, else whether the signature is right; never throws.
    virtual std::optional<bool> post_quantum_verify(ByteView /*key*/, ByteView /*message*/,
                                                    ByteView /*signature*/) {
        return std::nullopt;
    }
};

}  // namespace sov::identity
