#include "platform/openssl/host_crypto.h"

#include <algorithm>

#include "daemon/core/base/check.h"
#include "platform/openssl/sha256.h"

namespace sov::openssl {

namespace {

using identity::kTagSize;

constexpr std::size_t kAesBlock = 16;
constexpr std::size_t kMaskedMost = 4 * kAesBlock;

// Noise, "12.4 The AESGCM cipher functions": 32 bits of zeros, then the counter big-endian.
std::array<std::uint8_t, 12> counter_nonce(std::uint64_t counter) {
    std::array<std::uint8_t, 12> nonce{};
    store_u64(nonce.data() + 4, counter);
    return nonce;
}

// libsodium's secret key is the seed followed by the public key. It exists only inside sign().
struct SodiumSecret {
    explicit SodiumSecret(const identity::SigningKey& key) {
        std::copy(key.seed.begin(), key.seed.end(), bytes);
        std::copy(key.public_key.begin(), key.public_key.end(), bytes + 32);
    }
    ~SodiumSecret() { sodium_memzero(bytes, sizeof bytes); }
    SodiumSecret(const SodiumSecret&) = delete;
    SodiumSecret& operator=(const SodiumSecret&) = delete;

    std::uint8_t bytes[crypto_sign_SECRETKEYBYTES];
};

void clamp(identity::Secret32& secret) {  // RFC 7748 s5
    secret[0] &= 248;
    secret[31] &= 127;
    secret[31] |= 64;
}

// sodium_init() picks the code for this CPU; nothing of libsodium is used before it.
bool sodium_has_aes() {
    SOV_CHECK(sodium_init() >= 0);
    return crypto_aead_aes256gcm_is_available() == 1;
}

bool begin_gcm(EVP_CIPHER_CTX* context, std::uint64_t counter, ByteView associated, int encrypt) {
    const auto nonce = counter_nonce(counter);
    int written = 0;
    return EVP_CipherInit_ex(context, nullptr, nullptr, nullptr, nonce.data(), encrypt) == 1 &&
           EVP_CipherUpdate(context, nullptr, &written, associated.data(),
                            static_cast<int>(associated.size())) == 1;
}

}  // namespace

HostCrypto::HostCrypto(Sealing sealing)
    : sodium_seals_(sodium_has_aes() && sealing == Sealing::kFastest),
      seal_contexts_("AES-256-GCM", random_word()),
      mask_contexts_("AES-128-ECB", random_word()) {}

HostCrypto::~HostCrypto() { sodium_memzero(&expanded_, sizeof expanded_); }

std::uint64_t HostCrypto::random_word() {
    std::array<std::uint8_t, 8> bytes;
    random_.fill(bytes);
    return load_u64(bytes.data());
}

void HostCrypto::fill_random(MutableBytes out) { random_.fill(out); }

Hash32 HostCrypto::hash(std::initializer_list<ByteView> parts) { return sha256(parts); }

Hash32 HostCrypto::mac(ByteView key, std::initializer_list<ByteView> parts) {
    return hmac_sha256(key, parts);
}

identity::SigningKey HostCrypto::make_signing_key(const identity::Secret32& seed) {
    identity::SigningKey key;
    key.seed = seed;
    std::uint8_t secret[crypto_sign_SECRETKEYBYTES];
    SOV_CHECK(crypto_sign_seed_keypair(key.public_key.data(), secret, seed.data()) == 0);
    sodium_memzero(secret, sizeof secret);
    return key;
}

Signature HostCrypto::sign(const identity::SigningKey& key, ByteView message) {
    const SodiumSecret secret(key);
    Signature signature;
    SOV_CHECK(crypto_sign_detached(signature.bytes.data(), nullptr, message.data(), message.size(),
                                   secret.bytes) == 0);
    return signature;
}

bool HostCrypto::verify(const identity::Public32& key, ByteView message,
                        const Signature& signature) {
    return crypto_sign_verify_detached(signature.bytes.data(), message.data(), message.size(),
                                       key.data()) == 0;
}

identity::AgreementKey HostCrypto::make_agreement_key() {
    identity::AgreementKey key;
    random_.fill(key.secret);
    clamp(key.secret);
    SOV_CHECK(crypto_scalarmult_base(key.public_key.data(), key.secret.data()) == 0);
    return key;
}

identity::AgreementKey HostCrypto::agreement_form(const identity::SigningKey& key) {
    std::uint8_t digest[crypto_hash_sha512_BYTES];
    crypto_hash_sha512(digest, key.seed.data(), key.seed.size());
    identity::AgreementKey form;
    std::copy_n(digest, form.secret.size(), form.secret.begin());
    sodium_memzero(digest, sizeof digest);
    clamp(form.secret);
    SOV_CHECK(crypto_scalarmult_base(form.public_key.data(), form.secret.data()) == 0);
    return form;
}

std::optional<identity::Public32> HostCrypto::agreement_form(
    const identity::Public32& signing_public) {
    return edwards_map_.montgomery(signing_public);
}

std::optional<identity::Secret32> HostCrypto::agree(const identity::Secret32& secret,
                                                    const identity::Public32& theirs) {
    identity::Secret32 shared;
    if (crypto_scalarmult(shared.data(), secret.data(), theirs.data()) != 0) return std::nullopt;
    return shared;
}

EVP_CIPHER_CTX* HostCrypto::context_for(const identity::SealKey& key, std::size_t size) {
    if (!sodium_seals_) return seal_contexts_.context(key.bytes);
    return size > kSmallMessage ? seal_contexts_.context_if_recurring(key.bytes) : nullptr;
}

void HostCrypto::seal(const identity::SealKey& key, std::uint64_t counter, ByteView associated,
                      MutableBytes buffer) {
    SOV_CHECK(buffer.size() >= kTagSize);
    const std::size_t size = buffer.size() - kTagSize;
    std::uint8_t* const text = buffer.data();
    std::uint8_t* const tag = text + size;
    EVP_CIPHER_CTX* const context = context_for(key, size);
    if (context == nullptr) {
        const Nonce nonce = counter_nonce(counter);
        crypto_aead_aes256gcm_beforenm(&expanded_, key.bytes.data());
        crypto_aead_aes256gcm_encrypt_detached_afternm(text, tag, nullptr, text, size,
                                                       associated.data(), associated.size(),
                                                       nullptr, nonce.data(), &expanded_);
        return;
    }
    int written = 0;
    SOV_CHECK(begin_gcm(context, counter, associated, 1));
    SOV_CHECK(EVP_EncryptUpdate(context, text, &written, text, static_cast<int>(size)) == 1);
    SOV_CHECK(EVP_EncryptFinal_ex(context, tag, &written) == 1);
    SOV_CHECK(EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, kTagSize, tag) == 1);
}

bool HostCrypto::open(const identity::SealKey& key, std::uint64_t counter, ByteView associated,
                      MutableBytes buffer) {
    if (buffer.size() < kTagSize) return false;
    const std::size_t size = buffer.size() - kTagSize;
    std::uint8_t* const text = buffer.data();
    std::uint8_t* const tag = text + size;
    EVP_CIPHER_CTX* const context = context_for(key, size);
    if (context == nullptr) {
        const Nonce nonce = counter_nonce(counter);
        crypto_aead_aes256gcm_beforenm(&expanded_, key.bytes.data());
        return crypto_aead_aes256gcm_decrypt_detached_afternm(text, nullptr, text, size, tag,
                                                              associated.data(), associated.size(),
                                                              nonce.data(), &expanded_) == 0;
    }
    int written = 0;
    SOV_CHECK(begin_gcm(context, counter, associated, 0));
    SOV_CHECK(EVP_DecryptUpdate(context, text, &written, text, static_cast<int>(size)) == 1);
    SOV_CHECK(EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, kTagSize, tag) == 1);
    return EVP_DecryptFinal_ex(context, tag, &written) == 1;
}

void HostCrypto::mask(const identity::MaskKey& key, const identity::MaskSample& sample,
                      MutableBytes header) {
    SOV_CHECK(header.size() <= kMaskedMost);
    const std::size_t blocks = (header.size() + kAesBlock - 1) / kAesBlock;
    std::array<std::uint8_t, kMaskedMost> pad;
    for (std::size_t block = 0; block < blocks; ++block) {
        std::copy(sample.begin(), sample.end(), pad.begin() + block * kAesBlock);
        pad[block * kAesBlock + kAesBlock - 1] ^= static_cast<std::uint8_t>(block);
    }
    int written = 0;
    SOV_CHECK(EVP_EncryptUpdate(mask_contexts_.context(key.bytes), pad.data(), &written, pad.data(),
                                static_cast<int>(blocks * kAesBlock)) == 1);
    for (std::size_t at = 0; at < header.size(); ++at) header[at] ^= pad[at];
}

}  // namespace sov::openssl
