#include "daemon/core/identity/bech32m.h"

#include <gtest/gtest.h>

namespace sov::identity {

// The vectors of BIP 350, "Test vectors for Bech32m".
TEST(Bech32m, accepts_the_valid_vectors_of_bip_350) {
    const std::string valid[] = {
        "A1LQFN3A",
        "a1lqfn3a",
        "an83characterlonghumanreadablepartthatcontainsthetheexcludedcharactersbioandnumber11sg7hg"
        "6",
        "abcdef1l7aum6echk45nj3s0wdvt2fg8x9yrzpqzd3ryx",
        "11llllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllludsr"
        "8",
        "split1checkupstagehandshakeupstreamerranterredcaperredlc445v",
        "?1v759aa",
    };
    for (const std::string& text : valid) {
        const auto decoded = bech32m_decode(text);
        ASSERT_TRUE(decoded.has_value()) << text;
        std::string lower = text;
        for (char& letter : lower) letter = static_cast<char>(std::tolower(letter));
        EXPECT_EQ(bech32m_encode(decoded->prefix, decoded->values), lower);
    }
}

TEST(Bech32m, refuses_the_invalid_vectors_of_bip_350) {
    const std::string invalid[] = {
        std::string("\x20") + "1xj0phk",
        std::string("\x7f") + "1g6xzxy",
        std::string("\x80") + "1vctc34",
        "an84characterslonghumanreadablepartthatcontainsthetheexcludedcharactersbioandnumber11d6pts"
        "4",
        "qyrz8wqd2c9m",
        "1qyrz8wqd2c9m",
        "y1b0jsk6g",
        "lt1igcx5c0",
        "in1muywd",
        "mm1crxm3i",
        "au1s5cgom",
        "M1VUXWEZ",
        "16plkw9",
        "1p2gdwpf",
    };
    for (const std::string& text : invalid) EXPECT_FALSE(bech32m_decode(text)) << text;
}

TEST(Bech32m, is_not_the_bech32_of_bip_173) {
    EXPECT_FALSE(bech32m_decode("A12UEL5L"));
    EXPECT_FALSE(bech32m_decode("abcdef1qpzry9x8gf2tvdw0s3jn54khce6mua7lmqqqxw"));
}

TEST(Bech32m, regroups_bits_without_loss_and_refuses_any_other_filling) {
    const Bytes bytes = {0xff, 0x00, 0xa5};
    const Bytes values = to_five_bits(bytes);
    EXPECT_EQ(values, (Bytes{31, 28, 0, 10, 10}));
    EXPECT_EQ(from_five_bits(values), bytes);
    EXPECT_FALSE(from_five_bits(Bytes{31, 28, 0, 10, 11})) << "a filling bit is set";
    EXPECT_FALSE(from_five_bits(Bytes{31, 28, 0, 10, 10, 0})) << "a whole group of filling";
    EXPECT_EQ(from_five_bits(Bytes{}), Bytes{});
}

}  // namespace sov::identity
