#include "daemon/core/base/base_text.h"

#include <gtest/gtest.h>

namespace sov {

TEST(BaseText, writes_the_vectors_of_rfc_4648) {
    EXPECT_EQ(to_base64url(as_bytes("")), "");
    EXPECT_EQ(to_base64url(as_bytes("f")), "Zg");
    EXPECT_EQ(to_base64url(as_bytes("fo")), "Zm8");
    EXPECT_EQ(to_base64url(as_bytes("foo")), "Zm9v");
    EXPECT_EQ(to_base64url(as_bytes("foob")), "Zm9vYg");
    EXPECT_EQ(to_base64url(Bytes{0xfb, 0xff}), "-_8");
    EXPECT_EQ(to_base32(as_bytes("f")), "my");
    EXPECT_EQ(to_base32(as_bytes("fo")), "mzxq");
    EXPECT_EQ(to_base32(as_bytes("foo")), "mzxw6");
    EXPECT_EQ(to_base32(as_bytes("foob")), "mzxw6yq");
    EXPECT_EQ(to_base32(as_bytes("fooba")), "mzxw6ytb");
}

TEST(BaseText, reads_back_what_it_wrote) {
    Bytes bytes;
    for (unsigned size = 0; size < 40; ++size) {
        EXPECT_EQ(from_base64url(to_base64url(bytes)), bytes);
        EXPECT_EQ(from_base32(to_base32(bytes)), bytes);
        bytes.push_back(static_cast<std::uint8_t>(size * 37 + 11));
    }
}

TEST(BaseText, refuses_every_second_spelling) {
    EXPECT_FALSE(from_base64url("Zh")) << "a spare bit is set";
    EXPECT_FALSE(from_base64url("Zg=="));
    EXPECT_FALSE(from_base64url("Z")) << "six bits are no byte";
    EXPECT_FALSE(from_base64url("Zm9vY"));
    EXPECT_FALSE(from_base64url("+/"));
    EXPECT_FALSE(from_base32("MY"));
    EXPECT_FALSE(from_base32("mz")) << "a spare bit is set";
    EXPECT_FALSE(from_base32("m"));
    EXPECT_FALSE(from_base32("mzx"));
    EXPECT_FALSE(from_base32("my======"));
    EXPECT_FALSE(from_base32("m1"));
}

}  // namespace sov
