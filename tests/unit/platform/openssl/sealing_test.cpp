#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "platform/openssl/host_crypto.h"

namespace sov::openssl {
namespace {

using identity::kTagSize;
using identity::SealKey;

// AES-256-GCM in the plainest way: a fresh context, the whole nonce written out.
Bytes seal_plainly(const SealKey& key, std::uint64_t counter, ByteView associated, ByteView text) {
    std::uint8_t nonce[12] = {};
    store_u64(nonce + 4, counter);
    Bytes out(text.size() + kTagSize);
    int written = 0;
    EVP_CIPHER_CTX* const context = EVP_CIPHER_CTX_new();
    EVP_EncryptInit_ex(context, EVP_aes_256_gcm(), nullptr, key.bytes.data(), nonce);
    EVP_EncryptUpdate(context, nullptr, &written, associated.data(),
                      static_cast<int>(associated.size()));
    EVP_EncryptUpdate(context, out.data(), &written, text.data(), static_cast<int>(text.size()));
    EVP_EncryptFinal_ex(context, out.data() + text.size(), &written);
    EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, kTagSize, out.data() + text.size());
    EVP_CIPHER_CTX_free(context);
    return out;
}

class Sealing : public testing::TestWithParam<HostCrypto::Sealing> {
  public:
    SealKey random_key() {
        SealKey key;
        crypto_.fill_random(key.bytes);
        return key;
    }
    Bytes random_bytes(std::size_t size) {
        Bytes bytes(size);
        crypto_.fill_random(bytes);
        return bytes;
    }

  protected:
    HostCrypto crypto_{GetParam()};
};

TEST_P(Sealing, gives_the_results_of_the_nist_test_cases) {
    // McGrew & Viega, "The Galois/Counter Mode of Operation", test cases 13 and 14: zero key and
    // nonce.
    Bytes empty(kTagSize);
    crypto_.seal(SealKey{}, 0, {}, empty);
    EXPECT_EQ(to_hex(empty), "530f8afbc74536b9a963b4f1c4cb738b");
    EXPECT_TRUE(crypto_.open(SealKey{}, 0, {}, empty));
    Bytes block(16 + kTagSize);
    crypto_.seal(SealKey{}, 0, {}, block);
    EXPECT_EQ(to_hex(block), "cea7403d4d606b6e074ec5d3baf39d18d0d1c8a799996bf0265b98b5d48ab919");
    EXPECT_TRUE(crypto_.open(SealKey{}, 0, {}, block));
    EXPECT_EQ(Bytes(block.begin(), block.begin() + 16), Bytes(16));
}

TEST_P(Sealing, nonce_is_four_zero_bytes_and_the_big_endian_counter) {
    for (const std::uint64_t counter : {0ULL, 1ULL, 256ULL, 0x0102030405060708ULL, ~0ULL - 1}) {
        for (const std::size_t size : {0u, 1u, 16u, 100u, 512u, 513u, 830u, 1200u}) {
            const SealKey key = random_key();
            const Bytes associated = random_bytes(size % 40);
            const Bytes text = random_bytes(size);
            Bytes buffer = text;
            buffer.resize(size + kTagSize);
            crypto_.seal(key, counter, associated, buffer);
            EXPECT_EQ(buffer, seal_plainly(key, counter, associated, text)) << size;
            EXPECT_TRUE(crypto_.open(key, counter, associated, buffer));
            EXPECT_TRUE(std::equal(text.begin(), text.end(), buffer.begin()));
        }
    }
}

TEST_P(Sealing, open_refuses_every_flipped_bit) {
    for (const std::size_t size : {40u, 600u}) {
        const SealKey key = random_key();
        const Bytes associated = random_bytes(13);
        Bytes sealed(size + kTagSize);
        crypto_.seal(key, 5, associated, sealed);
        for (std::size_t bit = 0; bit < sealed.size() * 8; ++bit) {
            Bytes wrong = sealed;
            wrong[bit / 8] ^= static_cast<std::uint8_t>(1 << (bit % 8));
            ASSERT_FALSE(crypto_.open(key, 5, associated, wrong)) << bit;
        }
        for (std::size_t bit = 0; bit < associated.size() * 8; ++bit) {
            Bytes wrong = associated;
            wrong[bit / 8] ^= static_cast<std::uint8_t>(1 << (bit % 8));
            Bytes buffer = sealed;
            ASSERT_FALSE(crypto_.open(key, 5, wrong, buffer)) << bit;
        }
        for (std::size_t bit = 0; bit < 256; ++bit) {
            SealKey wrong = key;
            wrong.bytes[bit / 8] ^= static_cast<std::uint8_t>(1 << (bit % 8));
            Bytes buffer = sealed;
            ASSERT_FALSE(crypto_.open(wrong, 5, associated, buffer)) << bit;
        }
        Bytes buffer = sealed;
        EXPECT_FALSE(crypto_.open(key, 6, associated, buffer));
        buffer = sealed;
        EXPECT_TRUE(crypto_.open(key, 5, associated, buffer));
    }
}

TEST_P(Sealing, open_refuses_what_is_shorter_than_a_tag) {
    for (std::size_t size = 0; size < kTagSize; ++size) {
        Bytes buffer(size);
        EXPECT_FALSE(crypto_.open(SealKey{}, 0, {}, buffer)) << size;
    }
}

TEST_P(Sealing, more_keys_than_cache_slots_keep_their_results) {
    constexpr std::size_t kKeys = 20000;
    const std::size_t size = HostCrypto::kSmallMessage + 1;
    std::vector<SealKey> keys(kKeys);
    for (SealKey& key : keys) key = random_key();
    for (int round = 0; round < 2; ++round) {
        for (std::size_t at = 0; at < kKeys; ++at) {
            Bytes buffer(size + kTagSize, static_cast<std::uint8_t>(at));
            const Bytes text(size, static_cast<std::uint8_t>(at));
            crypto_.seal(keys[at], at, {}, buffer);
            ASSERT_EQ(buffer, seal_plainly(keys[at], at, {}, text)) << at;
            ASSERT_TRUE(crypto_.open(keys[at], at, {}, buffer)) << at;
        }
    }
    EXPECT_LE(crypto_.seal_contexts(), 1024u);
    EXPECT_GT(crypto_.seal_contexts(), 1000u);
}

TEST_P(Sealing, keys_that_share_their_first_bytes_are_told_apart) {
    SealKey a = random_key();
    SealKey b = a;
    b.bytes[31] ^= 1;  // same slot, other key
    const Bytes text = random_bytes(700);
    for (int round = 0; round < 3; ++round) {
        for (const SealKey& key : {a, b}) {
            Bytes buffer = text;
            buffer.resize(700 + kTagSize);
            crypto_.seal(key, 1, {}, buffer);
            EXPECT_EQ(buffer, seal_plainly(key, 1, {}, text));
            EXPECT_TRUE(crypto_.open(key, 1, {}, buffer));
            EXPECT_TRUE(std::equal(text.begin(), text.end(), buffer.begin()));
        }
    }
    EXPECT_EQ(crypto_.seal_contexts(), 1u);
}

TEST(SealingMemory, keys_that_push_each_other_out_keep_no_context_where_the_cpu_has_aes) {
    HostCrypto crypto;
    if (crypto_aead_aes256gcm_is_available() == 0) GTEST_SKIP() << "this CPU has no AES-NI";
    Bytes buffer(HostCrypto::kSmallMessage + 1 + kTagSize);
    for (int round = 0; round < 3; ++round) {
        for (const int last : {1, 2}) {
            SealKey key;
            key.bytes[31] = static_cast<std::uint8_t>(last);
            crypto.seal(key, 0, {}, buffer);
        }
    }
    EXPECT_EQ(crypto.seal_contexts(), 0u);
    for (int round = 0; round < 2; ++round) crypto.seal(SealKey{}, 0, {}, buffer);
    EXPECT_EQ(crypto.seal_contexts(), 1u);
}

TEST(SealingMemory, short_messages_keep_no_context_where_the_cpu_has_aes) {
    HostCrypto crypto;
    if (crypto_aead_aes256gcm_is_available() == 0) GTEST_SKIP() << "this CPU has no AES-NI";
    Bytes buffer(HostCrypto::kSmallMessage + kTagSize);
    crypto.seal(SealKey{{1}}, 0, {}, buffer);
    EXPECT_EQ(crypto.seal_contexts(), 0u);
}

INSTANTIATE_TEST_SUITE_P(Both, Sealing,
                         testing::Values(HostCrypto::Sealing::kFastest,
                                         HostCrypto::Sealing::kPortable),
                         [](const auto& test) {
                             return test.param == HostCrypto::Sealing::kFastest ? "fastest"
                                                                                : "portable";
                         });

}  // namespace
}  // namespace sov::openssl
