#include "tests/support/sim_crypto.h"

#include <gtest/gtest.h>

#include "platform/openssl/host_crypto.h"

namespace sov::identity {

// What the core may rely on, asked of the real cryptography and of its stand-in alike.
class CryptoContract : public ::testing::TestWithParam<bool> {
  protected:
    support::SimCrypto sim{1};
    openssl::HostCrypto host;
    Crypto& crypto = GetParam() ? static_cast<Crypto&>(sim) : host;
};

TEST_P(CryptoContract, signatures_hold_for_their_key_and_message_alone) {
    const SigningKey key = crypto.make_signing_key(Secret32{1});
    EXPECT_EQ(crypto.make_signing_key(Secret32{1}).public_key, key.public_key);
    Signature signature = crypto.sign(key, as_bytes("message"));
    EXPECT_TRUE(crypto.verify(key.public_key, as_bytes("message"), signature));
    EXPECT_FALSE(crypto.verify(key.public_key, as_bytes("massage"), signature));
    EXPECT_FALSE(crypto.verify(crypto.make_signing_key(Secret32{2}).public_key, as_bytes("message"),
                               signature));
    signature.bytes[63] ^= 1;
    EXPECT_FALSE(crypto.verify(key.public_key, as_bytes("message"), signature));
}

TEST_P(CryptoContract, both_sides_agree_on_a_secret_that_others_do_not_have) {
    const AgreementKey a = crypto.make_agreement_key(), b = crypto.make_agreement_key();
    EXPECT_NE(a.public_key, b.public_key);
    const auto shared = crypto.agree(a.secret, b.public_key);
    ASSERT_TRUE(shared.has_value());
    EXPECT_EQ(crypto.agree(b.secret, a.public_key), shared);
    EXPECT_NE(crypto.agree(crypto.make_agreement_key().secret, a.public_key), shared);
    EXPECT_FALSE(crypto.agree(a.secret, Public32{}).has_value());
}

TEST_P(CryptoContract, a_signing_key_serves_for_agreement_too) {
    const SigningKey signing = crypto.make_signing_key(Secret32{3});
    const AgreementKey form = crypto.agreement_form(signing);
    EXPECT_EQ(crypto.agreement_form(signing.public_key), form.public_key);
    const AgreementKey other = crypto.make_agreement_key();
    EXPECT_EQ(crypto.agree(form.secret, other.public_key),
              crypto.agree(other.secret, form.public_key));
}

TEST_P(CryptoContract, a_seal_breaks_at_every_flipped_bit_and_under_any_other_key) {
    const SealKey key{Secret32{5}};
    for (const std::size_t size : {0U, 1U, 7U, 8U, 33U, 100U}) {
        Bytes sealed(size + kTagSize, 0xaa);
        crypto.seal(key, 9, as_bytes("ad"), sealed);
        Bytes opened = sealed;
        ASSERT_TRUE(crypto.open(key, 9, as_bytes("ad"), opened));
        opened.resize(size);
        EXPECT_EQ(opened, Bytes(size, 0xaa));
        for (std::size_t bit = 0; bit < sealed.size() * 8; ++bit) {
            Bytes flipped = sealed;
            flipped[bit / 8] = static_cast<std::uint8_t>(flipped[bit / 8] ^ (1U << (bit % 8)));
            EXPECT_FALSE(crypto.open(key, 9, as_bytes("ad"), flipped));
        }
        Bytes copy = sealed;
        EXPECT_FALSE(crypto.open(key, 10, as_bytes("ad"), copy));
        copy = sealed;
        EXPECT_FALSE(crypto.open(key, 9, as_bytes("da"), copy));
        copy = sealed;
        EXPECT_FALSE(crypto.open(SealKey{Secret32{6}}, 9, as_bytes("ad"), copy));
    }
    Bytes shorter(kTagSize - 1);
    EXPECT_FALSE(crypto.open(key, 0, {}, shorter));
}

TEST_P(CryptoContract, a_mask_undoes_itself_and_follows_its_sample) {
    const MaskKey key{{1}};
    Bytes header(41, 0x55);
    crypto.mask(key, MaskSample{7}, header);
    EXPECT_NE(header, Bytes(41, 0x55));
    Bytes other(41, 0x55);
    crypto.mask(key, MaskSample{8}, other);
    EXPECT_NE(header, other);
    crypto.mask(key, MaskSample{7}, header);
    EXPECT_EQ(header, Bytes(41, 0x55));
}

TEST_P(CryptoContract, a_hash_sees_the_parts_as_one_text) {
    EXPECT_EQ(crypto.hash({as_bytes("ab"), as_bytes("c")}), crypto.hash({as_bytes("abc")}));
    EXPECT_NE(crypto.hash({as_bytes("abc")}), crypto.hash({as_bytes("abd")}));
    const Bytes text(100, 7);
    const ByteView view = text;
    EXPECT_EQ(crypto.mac(as_bytes("k"), {view.first(31), view.subspan(31)}),
              crypto.mac(as_bytes("k"), {view.first(64), view.subspan(64)}));
    EXPECT_NE(crypto.mac(as_bytes("k"), {view}), crypto.mac(as_bytes("l"), {view}));
    EXPECT_NE(crypto.hash({view.first(32)}), crypto.hash({view.first(33)}));
}

INSTANTIATE_TEST_SUITE_P(, CryptoContract, ::testing::Bool(), [](const auto& param) {
    return std::string(param.param ? "SimCrypto" : "HostCrypto");
});

TEST(SimCrypto, repeats_itself_for_the_same_seed) {
    support::SimCrypto one(7), same(7), other(8);
    Bytes a(21), b(21), c(21);
    one.fill_random(a);
    same.fill_random(b);
    other.fill_random(c);
    EXPECT_EQ(a, b);
    EXPECT_NE(a, c);
}

TEST(SimCrypto, spreads_its_hashes_over_all_bits) {
    support::SimCrypto crypto(1);
    std::array<int, 256> ones{};
    for (std::uint8_t number = 0; number < 200; ++number) {
        const Hash32 hash = crypto.hash({ByteView(&number, 1)});
        for (std::size_t bit = 0; bit < 256; ++bit)
            ones[bit] += (hash.bytes[bit / 8] >> (bit % 8)) & 1;
    }
    for (const int count : ones) EXPECT_NEAR(count, 100, 40);
}

}  // namespace sov::identity
