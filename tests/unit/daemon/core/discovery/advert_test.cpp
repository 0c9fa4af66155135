#include "daemon/core/discovery/advert.h"

#include <gtest/gtest.h>

namespace sov::discovery {

constexpr Rid kRid{1, 2, 3, 4, 5, 6, 7, 8};

TEST(Advert, is_ten_bytes_and_reads_back) {
    const Advert advert{Advert::kGatt | Advert::kPublic, kRid, -59};
    const Bytes data = encode_advert(advert);
    EXPECT_EQ(to_hex(data), "310102030405060708c5");
    EXPECT_EQ(decode_advert(data), advert);
}

TEST(Advert, fills_the_legacy_advertising_data_exactly) {
    const auto all = advertising_data({Advert::kGatt, kRid, -59});
    EXPECT_EQ(to_hex(all),
              "020106"
              "1b2147adaab086abbf92ed465e72b26a325d"
              "210102030405060708c5");
}

TEST(Advert, of_another_length_or_version_is_none) {
    const Bytes good = encode_advert({0, kRid, 0});
    ASSERT_TRUE(decode_advert(good));
    EXPECT_FALSE(decode_advert(ByteView(good).first(9)));
    Bytes longer = good;
    longer.push_back(0);
    EXPECT_FALSE(decode_advert(longer));
    EXPECT_FALSE(decode_advert({}));
    for (unsigned version = 0; version < 8; ++version) {
        Bytes other = good;
        other[0] = static_cast<std::uint8_t>(version << 5);
        EXPECT_EQ(decode_advert(other).has_value(), version == 1);
    }
}

}  // namespace sov::discovery
