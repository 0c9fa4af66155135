// Times each primitive that sov::identity::Crypto offers in both libraries, so that the choices in
// platform/openssl/ can be checked again on another machine or with other library versions.
// docs/decisions/ keeps the table that the choices were made with.
//
//   crypto_bench        prints a Markdown table: ns of CPU time, lowest and median of 41 rounds

// The low-level SHA-256 functions are among the candidates; OpenSSL 3.0 marks them as deprecated.
#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/sha.h>
#include <sodium.h>
#include <time.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "platform/openssl/host_crypto.h"

namespace {

// Short rounds fit between two interruptions, and CPU time leaves out what other processes take.
constexpr std::size_t kRounds = 41;
constexpr double kRoundNs = 1e6;

// A benchmark of an operation that failed would measure nothing.
void require(bool condition) {
    if (!condition) std::abort();
}

double cpu_ns() {
    timespec now{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) * 1e9 + static_cast<double>(now.tv_nsec);
}

double round_ns(const std::function<void()>& operation, std::uint64_t repeats) {
    const double start = cpu_ns();
    for (std::uint64_t at = 0; at < repeats; ++at) operation();
    return (cpu_ns() - start) / static_cast<double>(repeats);
}

// Candidates for one primitive take turns, so that a slow second of the machine hits all alike.
class Contest {
  public:
    void row(const std::string& primitive, const char* provider, std::function<void()> operation) {
        Row row{primitive, provider, std::move(operation), 1, {}};
        while (round_ns(row.operation, row.repeats) * static_cast<double>(row.repeats) < kRoundNs) {
            row.repeats *= 2;
        }
        rows_.push_back(std::move(row));
    }
    void run() {
        for (std::size_t round = 0; round < kRounds; ++round) {
            for (Row& row : rows_) row.rounds[round] = round_ns(row.operation, row.repeats);
        }
        for (Row& row : rows_) {
            std::sort(row.rounds.begin(), row.rounds.end());
            std::printf("| %s | %s | %.0f | %.0f |\n", row.primitive.c_str(), row.provider,
                        row.rounds[0], row.rounds[kRounds / 2]);
        }
        rows_.clear();
    }

  private:
    struct Row {
        std::string primitive;
        const char* provider;
        std::function<void()> operation;
        std::uint64_t repeats;
        std::array<double, kRounds> rounds;
    };
    std::vector<Row> rows_;
};

struct FreeContext {
    void operator()(EVP_CIPHER_CTX* context) const { EVP_CIPHER_CTX_free(context); }
    void operator()(EVP_MD* digest) const { EVP_MD_free(digest); }
    void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
    void operator()(EVP_MAC* mac) const { EVP_MAC_free(mac); }
    void operator()(EVP_MAC_CTX* context) const { EVP_MAC_CTX_free(context); }
    void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
    void operator()(EVP_PKEY_CTX* context) const { EVP_PKEY_CTX_free(context); }
    void operator()(BIGNUM* number) const { BN_free(number); }
    void operator()(BN_CTX* scratch) const { BN_CTX_free(scratch); }
};
template <typename T>
using Owned = std::unique_ptr<T, FreeContext>;

std::array<std::uint8_t, 32> g_key;
std::array<std::uint8_t, 12> g_nonce{};
std::array<std::uint8_t, 2048> g_buffer;
const std::array<std::uint8_t, 13> g_associated{};

Owned<EVP_CIPHER_CTX> kept_context(const EVP_CIPHER* cipher, int encrypt) {
    Owned<EVP_CIPHER_CTX> context(EVP_CIPHER_CTX_new());
    EVP_CipherInit_ex(context.get(), cipher, nullptr, g_key.data(), g_nonce.data(), encrypt);
    EVP_CIPHER_CTX_set_padding(context.get(), 0);
    return context;
}

void evp_seal(EVP_CIPHER_CTX* context, int size, const std::uint8_t* key) {
    int written = 0;
    EVP_EncryptInit_ex(context, nullptr, nullptr, key, g_nonce.data());
    EVP_EncryptUpdate(context, nullptr, &written, g_associated.data(), 13);
    EVP_EncryptUpdate(context, g_buffer.data(), &written, g_buffer.data(), size);
    EVP_EncryptFinal_ex(context, g_buffer.data() + size, &written);
    EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, 16, g_buffer.data() + size);
}

// Opening happens in a copy, so that the tag is right each time; the copy costs all rows alike.
using Packet = std::array<std::uint8_t, 2048>;

void evp_open(EVP_CIPHER_CTX* context, const Packet& sealed, int size) {
    Packet copy;
    std::copy_n(sealed.begin(), size + 16, copy.begin());
    int written = 0;
    EVP_DecryptInit_ex(context, nullptr, nullptr, nullptr, g_nonce.data());
    EVP_DecryptUpdate(context, nullptr, &written, g_associated.data(), 13);
    EVP_DecryptUpdate(context, copy.data(), &written, copy.data(), size);
    EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, 16, copy.data() + size);
    require(EVP_DecryptFinal_ex(context, copy.data() + size, &written) == 1);
}

void enter_sodium(Contest& contest, crypto_aead_aes256gcm_state& state, const Packet& sealed,
                  int size, const std::string& bytes) {
    if (crypto_aead_aes256gcm_is_available() == 0) return;
    const auto length = static_cast<unsigned long long>(size);
    std::uint8_t* const text = g_buffer.data();
    crypto_aead_aes256gcm_beforenm(&state, g_key.data());
    const auto seal = [=, &state] {
        crypto_aead_aes256gcm_encrypt_detached_afternm(text, text + size, nullptr, text, length,
                                                       g_associated.data(), 13, nullptr,
                                                       g_nonce.data(), &state);
    };
    contest.row("AES-256-GCM seal" + bytes, "libsodium, kept state", seal);
    contest.row("AES-256-GCM seal" + bytes, "libsodium, key expanded each time", [=, &state] {
        crypto_aead_aes256gcm_beforenm(&state, g_key.data());
        seal();
    });
    contest.row("AES-256-GCM open" + bytes, "libsodium, key expanded each time",
                [=, &state, &sealed] {
                    Packet copy;
                    std::copy_n(sealed.begin(), size + 16, copy.begin());
                    crypto_aead_aes256gcm_beforenm(&state, g_key.data());
                    require(crypto_aead_aes256gcm_decrypt_detached_afternm(
                                copy.data(), nullptr, copy.data(), length, copy.data() + size,
                                g_associated.data(), 13, g_nonce.data(), &state) == 0);
                });
}

void bench_sealing() {
    const auto seal = kept_context(EVP_aes_256_gcm(), 1);
    const auto open = kept_context(EVP_aes_256_gcm(), 0);
    const auto chacha = kept_context(EVP_chacha20_poly1305(), 1);
    sov::openssl::HostCrypto ours;
    const sov::identity::SealKey key{g_key};
    crypto_aead_aes256gcm_state state;
    for (const int size : {100, 300, 500, 830, 1200}) {
        Contest contest;
        const std::string bytes = ", " + std::to_string(size) + " B";
        const auto length = static_cast<std::size_t>(size);
        contest.row("AES-256-GCM seal" + bytes, "OpenSSL, kept context",
                    [&] { evp_seal(seal.get(), size, nullptr); });
        contest.row("AES-256-GCM seal" + bytes, "OpenSSL, re-keyed each time",
                    [&] { evp_seal(seal.get(), size, g_key.data()); });
        evp_seal(seal.get(), size, nullptr);
        const Packet sealed = g_buffer;
        contest.row("AES-256-GCM open" + bytes, "OpenSSL, kept context",
                    [&] { evp_open(open.get(), sealed, size); });
        enter_sodium(contest, state, sealed, size, bytes);
        contest.row("AES-256-GCM seal" + bytes, "HostCrypto", [&] {
            ours.seal(key, 7, g_associated, sov::MutableBytes(g_buffer).first(length + 16));
        });
        contest.row("AES-256-GCM open" + bytes, "HostCrypto", [&] {
            Packet copy;
            std::copy_n(sealed.begin(), length + 16, copy.begin());
            require(ours.open(key, 0, g_associated, sov::MutableBytes(copy).first(length + 16)));
        });
        contest.row("ChaCha20-Poly1305 seal" + bytes, "OpenSSL, kept context",
                    [&] { evp_seal(chacha.get(), size, nullptr); });
        contest.row("ChaCha20-Poly1305 seal" + bytes, "libsodium", [&] {
            crypto_aead_chacha20poly1305_ietf_encrypt_detached(
                g_buffer.data(), g_buffer.data() + size, nullptr, g_buffer.data(), length,
                g_associated.data(), 13, nullptr, g_nonce.data(), g_key.data());
        });
        contest.run();
    }
}

// With more peers than the CPU's caches hold, expanding a key competes with fetching a kept one.
void bench_sealing_for_many_peers() {
    sov::openssl::HostCrypto ours;
    for (const std::size_t peers : {std::size_t{1}, std::size_t{256}, std::size_t{4096}}) {
        std::vector<sov::identity::SealKey> keys(peers);
        std::vector<sov::identity::MaskKey> masks(peers);
        for (auto& key : keys) ours.fill_random(key.bytes);
        for (auto& key : masks) ours.fill_random(key.bytes);
        std::size_t at = 0;
        Contest contest;
        for (const std::size_t size : {100u, 830u}) {
            contest.row("AES-256-GCM seal, " + std::to_string(size) + " B, " +
                            std::to_string(peers) + " peers in turn",
                        "HostCrypto", [&, size] {
                            at = (at + 1) % peers;
                            ours.seal(keys[at], 7, g_associated,
                                      sov::MutableBytes(g_buffer).first(size + 16));
                        });
        }
        contest.row("mask, 13 B, " + std::to_string(peers) + " peers in turn", "HostCrypto", [&] {
            at = (at + 1) % peers;
            ours.mask(masks[at], {}, sov::MutableBytes(g_buffer).first(13));
        });
        contest.run();
    }
}

void bench_hashing() {
    Contest contest;
    std::array<std::uint8_t, 64> digest{};
    const std::uint8_t* const message = g_buffer.data();
    contest.row("SHA-256, 64 B", "libsodium",
                [&] { crypto_hash_sha256(digest.data(), message, 64); });
    contest.row("SHA-256, 64 B", "OpenSSL, one-shot SHA256()",
                [&] { SHA256(message, 64, digest.data()); });
    contest.row("SHA-256, 64 B", "OpenSSL, SHA256_Init/Update/Final", [&] {
        SHA256_CTX state;
        SHA256_Init(&state);
        SHA256_Update(&state, message, 64);
        SHA256_Final(digest.data(), &state);
    });
    const Owned<EVP_MD> algorithm(EVP_MD_fetch(nullptr, "SHA256", nullptr));
    const Owned<EVP_MD_CTX> context(EVP_MD_CTX_new());
    contest.row("SHA-256, 64 B", "OpenSSL, kept EVP context", [&] {
        EVP_DigestInit_ex(context.get(), algorithm.get(), nullptr);
        EVP_DigestUpdate(context.get(), message, 64);
        EVP_DigestFinal_ex(context.get(), digest.data(), nullptr);
    });
    sov::openssl::HostCrypto ours;
    contest.row("SHA-256, 64 B", "HostCrypto", [&] { ours.hash({sov::ByteView(message, 64)}); });

    contest.row("HMAC-SHA-256, 64 B", "libsodium",
                [&] { crypto_auth_hmacsha256(digest.data(), message, 64, g_key.data()); });
    const Owned<EVP_MAC> hmac(EVP_MAC_fetch(nullptr, "HMAC", nullptr));
    const Owned<EVP_MAC_CTX> keyed(EVP_MAC_CTX_new(hmac.get()));
    char name[] = "SHA256";
    const OSSL_PARAM parameters[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, name, 0),
        OSSL_PARAM_construct_end()};
    EVP_MAC_init(keyed.get(), g_key.data(), g_key.size(), parameters);
    contest.row("HMAC-SHA-256, 64 B", "OpenSSL, kept EVP_MAC context, new key each time", [&] {
        std::size_t size = 0;
        EVP_MAC_init(keyed.get(), g_key.data(), g_key.size(), nullptr);
        EVP_MAC_update(keyed.get(), message, 64);
        EVP_MAC_final(keyed.get(), digest.data(), &size, digest.size());
    });
    contest.row("HMAC-SHA-256, 64 B", "HostCrypto",
                [&] { ours.mac(g_key, {sov::ByteView(message, 64)}); });
    contest.run();
}

void bench_masking_and_randomness() {
    const auto kept = kept_context(EVP_aes_128_ecb(), 1);
    sov::openssl::HostCrypto ours;
    const sov::identity::MaskKey key{};
    for (const int size : {13, 45}) {
        const std::string name = "mask, " + std::to_string(size) + " B";
        const int blocks = (size + 15) / 16 * 16;
        int written = 0;
        Contest contest;
        std::uint8_t* const pad = g_buffer.data();
        contest.row(name, "OpenSSL, kept context, AES alone",
                    [&] { EVP_EncryptUpdate(kept.get(), pad, &written, pad, blocks); });
        contest.row(name, "OpenSSL, re-keyed each time, AES alone", [&] {
            EVP_EncryptInit_ex(kept.get(), nullptr, nullptr, g_key.data(), nullptr);
            EVP_EncryptUpdate(kept.get(), pad, &written, pad, blocks);
        });
        contest.row(name, "HostCrypto", [&] {
            ours.mask(key, {}, sov::MutableBytes(g_buffer).first(static_cast<std::size_t>(size)));
        });
        contest.run();
    }
    Contest contest;
    std::array<std::uint8_t, 16> drawn{};
    contest.row("random, 16 B", "libsodium (getrandom)",
                [&] { randombytes_buf(drawn.data(), drawn.size()); });
    contest.row("random, 16 B", "HostCrypto", [&] { ours.fill_random(drawn); });
    contest.run();
}

void bench_signatures() {
    Contest contest;
    const std::uint8_t* const message = g_buffer.data();
    constexpr std::size_t kSize = 200;
    std::array<std::uint8_t, 32> public_key{};
    std::array<std::uint8_t, 64> secret{}, signature{};
    contest.row("Ed25519 key from seed", "libsodium",
                [&] { crypto_sign_seed_keypair(public_key.data(), secret.data(), g_key.data()); });
    const auto raw_key = [] {
        return Owned<EVP_PKEY>(
            EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, g_key.data(), 32));
    };
    contest.row("Ed25519 key from seed", "OpenSSL", [&] { raw_key(); });
    contest.row("Ed25519 sign, 200 B", "libsodium", [&] {
        crypto_sign_detached(signature.data(), nullptr, message, kSize, secret.data());
    });
    const auto key = raw_key();
    const Owned<EVP_MD_CTX> context(EVP_MD_CTX_new());
    contest.row("Ed25519 sign, 200 B", "OpenSSL, kept key", [&] {
        std::size_t size = signature.size();
        EVP_DigestSignInit(context.get(), nullptr, nullptr, nullptr, key.get());
        EVP_DigestSign(context.get(), signature.data(), &size, message, kSize);
    });
    contest.row("Ed25519 verify, 200 B", "libsodium", [&] {
        require(crypto_sign_verify_detached(signature.data(), message, kSize, public_key.data()) ==
                0);
    });
    contest.row("Ed25519 verify, 200 B", "OpenSSL, key made each time", [&] {
        const Owned<EVP_PKEY> theirs(
            EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, public_key.data(), 32));
        EVP_DigestVerifyInit(context.get(), nullptr, nullptr, nullptr, theirs.get());
        require(EVP_DigestVerify(context.get(), signature.data(), 64, message, kSize) == 1);
    });
    contest.run();
}

void bench_agreement() {
    Contest contest;
    std::array<std::uint8_t, 32> public_key{}, shared{};
    contest.row("X25519 key pair", "libsodium",
                [&] { crypto_scalarmult_base(public_key.data(), g_key.data()); });
    const auto raw_key = [] {
        return Owned<EVP_PKEY>(
            EVP_PKEY_new_raw_private_key(EVP_PKEY_X25519, nullptr, g_key.data(), 32));
    };
    contest.row("X25519 key pair", "OpenSSL", [&] { raw_key(); });
    contest.row("X25519 agree", "libsodium", [&] {
        require(crypto_scalarmult(shared.data(), g_key.data(), public_key.data()) == 0);
    });
    const auto ours = raw_key();
    contest.row("X25519 agree", "OpenSSL, own key kept", [&] {
        const Owned<EVP_PKEY> theirs(
            EVP_PKEY_new_raw_public_key(EVP_PKEY_X25519, nullptr, public_key.data(), 32));
        const Owned<EVP_PKEY_CTX> context(EVP_PKEY_CTX_new(ours.get(), nullptr));
        std::size_t size = shared.size();
        EVP_PKEY_derive_init(context.get());
        EVP_PKEY_derive_set_peer(context.get(), theirs.get());
        require(EVP_PKEY_derive(context.get(), shared.data(), &size) == 1);
    });
    contest.run();
}

void bench_conversion() {
    Contest contest;
    sov::openssl::HostCrypto ours;
    const auto key = ours.make_signing_key(g_key).public_key;
    std::array<std::uint8_t, 32> form{};
    contest.row("Edwards to Montgomery", "libsodium, with subgroup check", [&] {
        require(crypto_sign_ed25519_pk_to_curve25519(form.data(), key.data()) == 0);
    });
    const Owned<BN_CTX> scratch(BN_CTX_new());
    const Owned<BIGNUM> prime(BN_new()), y(BN_lebin2bn(key.data(), 32, nullptr)), inverse(BN_new());
    BN_set_bit(prime.get(), 255);
    BN_sub_word(prime.get(), 19);
    BN_clear_bit(y.get(), 255);
    contest.row("Edwards to Montgomery", "OpenSSL, Jacobi symbol and inverse alone", [&] {
        require(BN_kronecker(y.get(), prime.get(), scratch.get()) != 0);
        BN_mod_inverse(inverse.get(), y.get(), prime.get(), scratch.get());
    });
    contest.row("Edwards to Montgomery", "HostCrypto (OpenSSL, one exponentiation)",
                [&] { require(ours.agreement_form(key).has_value()); });
    contest.run();
}

}  // namespace

int main() {
    require(sodium_init() >= 0);
    randombytes_buf(g_key.data(), g_key.size());
    randombytes_buf(g_buffer.data(), g_buffer.size());
    std::printf(
        "%s, libsodium %s, AES-NI %s\n\n| primitive | library | lowest | median "
        "|\n|---|---|---|---|\n",
        OpenSSL_version(OPENSSL_VERSION), sodium_version_string(),
        crypto_aead_aes256gcm_is_available() == 1 ? "yes" : "no");
    bench_sealing();
    bench_sealing_for_many_peers();
    bench_masking_and_randomness();
    bench_hashing();
    bench_signatures();
    bench_agreement();
    bench_conversion();
    return 0;
}
