#pragma once

#include <sodium.h>

#include "daemon/core/identity/crypto.h"
#include "platform/openssl/context_cache.h"
#include "platform/openssl/edwards_map.h"
#include "platform/openssl/ml_dsa.h"
#include "platform/openssl/random_pool.h"

namespace sov::openssl {

/// The daemon's cryptography: for each primitive the faster of OpenSSL 3.0 and libsodium, as
/// measured by tests/bench/crypto_bench.cpp (docs/decisions/0002-crypto-libraries.md).
///
/// Sealing up to kSmallMessage bytes expands the key on the spot with libsodium's AES-NI code,
/// which costs less than keeping expanded keys warm. Longer messages use OpenSSL contexts that are
/// kept by key, for keys that come back while their slot is theirs, else libsodium again. Without
/// AES-NI everything is sealed by OpenSSL.
///
/// Memory: about 50 kB, plus 1 kB for each key that sealed or opened long messages recently (at
/// most 1024) and 0.8 kB for each mask key used recently (at most 4096).
class HostCrypto final : public identity::Crypto {
  public:
    /// kPortable is what the constructor falls back to without AES-NI; named so that a test can ask
    /// for it.
    enum class Sealing { kFastest, kPortable };
    explicit HostCrypto(Sealing sealing = Sealing::kFastest);
    ~HostCrypto() override;
    HostCrypto(const HostCrypto&) = delete;
    HostCrypto& operator=(const HostCrypto&) = delete;

    void fill_random(MutableBytes out) override;
    Hash32 hash(std::initializer_list<ByteView> parts) override;
    Hash32 mac(ByteView key, std::initializer_list<ByteView> parts) override;
    identity::SigningKey make_signing_key(const identity::Secret32& seed) override;
    Signature sign(const identity::SigningKey& key, ByteView message) override;
    bool verify(const identity::Public32& key, ByteView message,
                const Signature& signature) override;
    identity::AgreementKey make_agreement_key() override;
    identity::AgreementKey agreement_form(const identity::SigningKey& key) override;
    std::optional<identity::Public32> agreement_form(
        const identity::Public32& signing_public) override;
    std::optional<identity::Secret32> agree(const identity::Secret32& secret,
                                            const identity::Public32& theirs) override;
    void seal(const identity::SealKey& key, std::uint64_t counter, ByteView associated,
              MutableBytes buffer) override;
    bool open(const identity::SealKey& key, std::uint64_t counter, ByteView associated,
              MutableBytes buffer) override;
    void mask(const identity::MaskKey& key, const identity::MaskSample& sample,
              MutableBytes header) override;
    bool has_post_quantum() override { return ml_dsa_.present(); }
    Bytes post_quantum_key(const identity::Secret32& seed) override {
        return ml_dsa_.public_key(seed);
    }
    Bytes post_quantum_sign(const identity::Secret32& seed, ByteView message) override {
        return ml_dsa_.sign(seed, message);
    }
    std::optional<bool> post_quantum_verify(ByteView key, ByteView message,
                                            ByteView signature) override {
        return ml_dsa_.verify(key, message, signature);
    }

    /// Contexts kept now, for tests of the bounds.
    std::size_t seal_contexts() const { return seal_contexts_.size(); }
    std::size_t mask_contexts() const { return mask_contexts_.size(); }

    /// Where the two libraries are equally fast; below it libsodium wins even with a fresh key.
    static constexpr std::size_t kSmallMessage = 512;

  private:
    using Nonce = std::array<std::uint8_t, 12>;

    std::uint64_t random_word();
    /// The kept context to use for a message of `size` bytes; nullptr: libsodium.
    EVP_CIPHER_CTX* context_for(const identity::SealKey& key, std::size_t size);

    RandomPool random_;
    EdwardsMap edwards_map_;
    MlDsa ml_dsa_;
    bool sodium_seals_;
    crypto_aead_aes256gcm_state expanded_;  ///< the key that libsodium used last
    ContextCache<32, 10> seal_contexts_;
    ContextCache<16, 12> mask_contexts_;
};

}  // namespace sov::openssl
