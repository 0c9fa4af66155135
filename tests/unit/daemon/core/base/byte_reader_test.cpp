#include "daemon/core/base/byte_reader.h"

#include <gtest/gtest.h>

#include "daemon/core/base/byte_writer.h"
#include "daemon/core/base/ids.h"

namespace sov {

TEST(ByteReader, reads_back_what_a_writer_wrote) {
    std::array<std::uint8_t, 64> buffer{};
    ByteWriter writer(buffer);
    const Key key{{1, 2, 3}};
    writer.u8(0x01);
    writer.u16(0x0203);
    writer.u32(0x04050607);
    writer.u64(0x08090a0b0c0d0e0fULL);
    writer.fixed(key);
    writer.bytes(as_bytes("abc"));
    writer.zeros(2);
    ASSERT_TRUE(writer.ok());
    EXPECT_EQ(to_hex(writer.written().first(15)), "0102030405060708090a0b0c0d0e0f");

    ByteReader reader(writer.written());
    EXPECT_EQ(reader.u8(), 0x01);
    EXPECT_EQ(reader.u16(), 0x0203);
    EXPECT_EQ(reader.u32(), 0x04050607U);
    EXPECT_EQ(reader.u64(), 0x08090a0b0c0d0e0fULL);
    EXPECT_EQ(reader.fixed<Key>(), key);
    EXPECT_EQ(to_text(reader.bytes(3)), "abc");
    EXPECT_FALSE(reader.at_end());
    EXPECT_EQ(reader.u16(), 0);
    EXPECT_TRUE(reader.at_end());
}

TEST(ByteReader, stays_failed_after_the_first_field_that_does_not_fit) {
    const Bytes bytes = {1, 2, 3};
    ByteReader reader(bytes);
    EXPECT_EQ(reader.u32(), 0U);
    EXPECT_FALSE(reader.ok());
    EXPECT_EQ(reader.u8(), 0) << "a byte is left, but reading goes nowhere after a failure";
    EXPECT_TRUE(reader.rest().empty());
    EXPECT_TRUE(reader.bytes(0).empty());
    EXPECT_FALSE(reader.at_end());
}

TEST(ByteReader, refuses_a_length_that_would_wrap_around) {
    const Bytes bytes = {1, 2, 3};
    ByteReader reader(bytes);
    reader.u8();
    EXPECT_TRUE(reader.bytes(~std::size_t{0}).empty());
    EXPECT_FALSE(reader.ok());
}

TEST(ByteWriter, leaves_the_bytes_alone_that_lie_behind_an_overflow) {
    std::array<std::uint8_t, 4> buffer{9, 9, 9, 9};
    ByteWriter writer(MutableBytes(buffer).first(3));
    writer.u16(1);
    writer.u16(2);
    writer.u8(3);
    EXPECT_FALSE(writer.ok());
    EXPECT_EQ(writer.size(), 2U);
    EXPECT_EQ(writer.room(), 0U);
    EXPECT_EQ(buffer, (std::array<std::uint8_t, 4>{0, 1, 9, 9}));
}

TEST(ByteWriter, forgets_an_overflow_when_it_is_rewound) {
    std::array<std::uint8_t, 4> buffer{};
    ByteWriter writer(buffer);
    writer.u16(7);
    const std::size_t before = writer.size();
    writer.u32(1);
    ASSERT_FALSE(writer.ok());
    writer.rewind(before);
    writer.u16(8);
    EXPECT_TRUE(writer.ok());
    EXPECT_EQ(buffer, (std::array<std::uint8_t, 4>{0, 7, 0, 8}));
}

}  // namespace sov
