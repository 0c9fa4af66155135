#include "platform/openssl/edwards_map.h"

#include <gtest/gtest.h>
#include <sodium.h>

#include <algorithm>

#include "platform/openssl/host_crypto.h"

namespace sov::openssl {
namespace {

using identity::Public32;
using identity::Secret32;

Public32 point(std::string_view hex) {
    const auto bytes = from_hex(hex);
    Public32 value{};
    EXPECT_TRUE(bytes && bytes->size() == 32) << hex;
    if (bytes) std::copy_n(bytes->begin(), 32, value.begin());
    return value;
}

TEST(EdwardsMap, agrees_with_libsodium_on_random_keys) {
    HostCrypto crypto;
    EdwardsMap map;
    for (int at = 0; at < 200; ++at) {
        Secret32 seed;
        crypto.fill_random(seed);
        const auto key = crypto.make_signing_key(seed);
        Public32 expected;
        ASSERT_EQ(crypto_sign_ed25519_pk_to_curve25519(expected.data(), key.public_key.data()), 0);
        EXPECT_EQ(map.montgomery(key.public_key), expected);
        EXPECT_EQ(crypto.agreement_form(key.public_key), expected);
        EXPECT_EQ(crypto.agreement_form(key).public_key, expected);
        std::uint8_t sodium_secret[64], agreement[32];
        std::copy(seed.begin(), seed.end(), sodium_secret);
        ASSERT_EQ(crypto_sign_ed25519_sk_to_curve25519(agreement, sodium_secret), 0);
        EXPECT_TRUE(
            std::equal(agreement, agreement + 32, crypto.agreement_form(key).secret.begin()));
    }
}

// libsodium's addition decodes both points and refuses what is not on the curve, whatever the
// subgroup.
bool exists(const Public32& candidate) {
    std::uint8_t sum[32];
    return crypto_core_ed25519_add(sum, candidate.data(), candidate.data()) == 0;
}

TEST(EdwardsMap, accepts_exactly_the_points_of_the_curve) {
    HostCrypto crypto;
    EdwardsMap map;
    int found = 0;
    for (int at = 0; at < 400; ++at) {
        Public32 candidate;
        crypto.fill_random(candidate);  // y >= p or of small order: never at random
        const bool accepted = map.montgomery(candidate).has_value();
        EXPECT_EQ(accepted, exists(candidate)) << to_hex(candidate);
        found += accepted ? 1 : 0;
    }
    EXPECT_GT(found, 130);  // about half of all y have a point
    EXPECT_LT(found, 270);
}

TEST(EdwardsMap, refuses_the_points_of_small_order_with_either_sign) {
    EdwardsMap map;
    const char* const points[] = {
        "0100000000000000000000000000000000000000000000000000000000000000",  // neutral
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",  // order 2
        "0000000000000000000000000000000000000000000000000000000000000000",  // order 4
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",  // order 8
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",  // order 8
    };
    for (const char* const hex : points) {
        Public32 small = point(hex);
        EXPECT_TRUE(exists(small)) << hex;
        EXPECT_FALSE(map.montgomery(small)) << hex;
        small[31] ^= 0x80;
        EXPECT_FALSE(map.montgomery(small)) << hex;
    }
}

TEST(EdwardsMap, refuses_encodings_that_are_not_canonical) {
    EdwardsMap map;
    for (int above = 0; above < 19; ++above) {  // p .. 2^255 - 1
        Public32 y = point("edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f");
        y[0] = static_cast<std::uint8_t>(0xed + above);
        EXPECT_FALSE(map.montgomery(y)) << above;
        y[31] |= 0x80;
        EXPECT_FALSE(map.montgomery(y)) << above;
    }
}

TEST(EdwardsMap, a_component_of_small_order_does_not_reach_the_shared_secret) {
    HostCrypto crypto;
    const auto ours = crypto.agreement_form(crypto.make_signing_key(Secret32{3}));
    const auto theirs = crypto.make_signing_key(Secret32{4});
    const Public32 torsion =
        point("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05");
    Public32 mixed;
    ASSERT_EQ(crypto_core_ed25519_add(mixed.data(), theirs.public_key.data(), torsion.data()), 0);
    const auto plain_form = crypto.agreement_form(theirs.public_key);
    const auto mixed_form = crypto.agreement_form(mixed);
    ASSERT_TRUE(plain_form && mixed_form);
    EXPECT_NE(*plain_form, *mixed_form);
    EXPECT_EQ(crypto.agree(ours.secret, *plain_form), crypto.agree(ours.secret, *mixed_form));
}

}  // namespace
}  // namespace sov::openssl
