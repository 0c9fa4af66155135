#include "daemon/core/base/ids.h"

#include <gtest/gtest.h>

#include <type_traits>

#include "daemon/core/base/rng.h"

namespace sov {

namespace {

Key key_of(std::string_view hex) {
    return Key::from(*from_hex(std::string(hex) + std::string(40 - hex.size(), '0')));
}

}  // namespace

TEST(Key, measures_distance_by_xor) {
    const Key a = key_of("ff00"), b = key_of("0ff0");
    EXPECT_EQ(distance(a, b), key_of("f0f0"));
    EXPECT_EQ(distance(a, b), distance(b, a));
    EXPECT_TRUE(distance(a, a).is_zero());
}

TEST(Key, counts_shared_leading_bits) {
    EXPECT_EQ(common_prefix_bits(key_of("80"), key_of("00")), 0);
    EXPECT_EQ(common_prefix_bits(key_of("81"), key_of("80")), 7);
    EXPECT_EQ(common_prefix_bits(key_of("8001"), key_of("8000")), 15);
    EXPECT_EQ(common_prefix_bits(key_of("0000000080"), key_of("00")), 32);
    EXPECT_EQ(common_prefix_bits(key_of("80"), key_of("80")), 160);
}

TEST(Key, is_closer_exactly_when_its_distance_is_smaller) {
    Rng rng(7);
    const auto random_key = [&rng] {
        Key key;
        for (auto& byte : key.bytes) byte = static_cast<std::uint8_t>(rng.below(4));
        return key;
    };
    for (int round = 0; round < 2000; ++round) {
        const Key target = random_key(), a = random_key(), b = random_key();
        EXPECT_EQ(closer(target, a, b), distance(target, a) < distance(target, b));
    }
}

TEST(FixedBytes, compares_like_a_big_endian_number_and_keeps_its_type) {
    EXPECT_LT(key_of("01ff"), key_of("0200"));
    EXPECT_EQ(key_of("0123456789abcdef").prefix(), 0x0123456789abcdefULL);
    EXPECT_EQ(key_of("0123").hex(), "0123" + std::string(36, '0'));
    EXPECT_FALSE((std::is_convertible_v<PeerId, NodeKey>));
    EXPECT_FALSE((std::is_convertible_v<NetworkId, Hash32>));
}

TEST(Hex, reads_either_case_and_nothing_else) {
    EXPECT_EQ(from_hex("00aBFf"), (Bytes{0x00, 0xab, 0xff}));
    EXPECT_EQ(from_hex(""), Bytes{});
    EXPECT_FALSE(from_hex("0").has_value());
    EXPECT_FALSE(from_hex("0g").has_value());
    EXPECT_EQ(to_hex(*from_hex("00aBFf")), "00abff");
}

}  // namespace sov
