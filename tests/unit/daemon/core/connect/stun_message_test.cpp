#include "daemon/core/connect/stun_message.h"

#include <gtest/gtest.h>

namespace sov::connect {
namespace {

StunId counting_id() {
    StunId id{};
    for (std::size_t at = 0; at < id.size(); ++at) id[at] = static_cast<std::uint8_t>(at + 1);
    return id;
}

Bytes stun_bytes(std::string_view hex) { return *from_hex(hex); }

TEST(StunMessage, ReadsTheSampleResponsesOfRfc5769) {
    // Section 2.2: the sample IPv4 response without its credentials.
    const Bytes four = stun_bytes(
        "0101000c2112a442b7e7a701bc34d686fa87dfae"
        "002000080001a147e112a643");
    const auto message = read_stun(four);
    ASSERT_TRUE(message.has_value());
    EXPECT_EQ(message->kind, StunMessage::Kind::kAnswer);
    EXPECT_EQ(message->mapped, Endpoint::parse("192.0.2.1:32853"));
    // Section 2.3: the sample IPv6 response.
    const Bytes six = stun_bytes(
        "010100182112a442b7e7a701bc34d686fa87dfae"
        "002000140002a1470113a9faa5d3f179bc25f4b5bed2b9d9");
    const auto other = read_stun(six);
    ASSERT_TRUE(other.has_value());
    EXPECT_EQ(other->mapped, Endpoint::parse("[2001:db8:1234:5678:11:2233:4455:6677]:32853"));
}

TEST(StunMessage, AQuestionIsReadAsItWasWritten) {
    const auto bytes = encode_stun({counting_id(), true, false, 0});
    EXPECT_EQ(to_hex(bytes), "000100082112a4420102030405060708090a0b0c0003000400000004");
    const auto message = read_stun(bytes);
    ASSERT_TRUE(message.has_value());
    EXPECT_EQ(message->kind, StunMessage::Kind::kRequest);
    EXPECT_EQ(message->id, counting_id());
}

TEST(StunMessage, AQuestionIsAsLongAsItWasAskedToBe) {
    for (const std::size_t size : {24U, 28U, 1232U, 1452U}) {
        const Bytes bytes = encode_stun({counting_id(), false, false, size});
        EXPECT_EQ(bytes.size(), size);
        EXPECT_TRUE(read_stun(bytes).has_value());
    }
}

TEST(StunMessage, AnOtherAddressAndARefusalAreRead) {
    const auto other =
        read_stun(stun_bytes("0101000c2112a4420102030405060708090a0b0c802c000800010d97cb007102"));
    ASSERT_TRUE(other.has_value());
    EXPECT_EQ(other->other, Endpoint::parse("203.0.113.2:3479"));
    EXPECT_EQ(other->mapped, std::nullopt);
    const auto refusal =
        read_stun(stun_bytes("0111000c2112a4420102030405060708090a0b0c0009000700000414556e6b00"));
    ASSERT_TRUE(refusal.has_value());
    EXPECT_EQ(refusal->kind, StunMessage::Kind::kRefusal);
    EXPECT_EQ(refusal->code, 420);
}

TEST(StunMessage, WhatIsCutOrLongerOrSaysSomethingElseIsRefused) {
    const Bytes whole = stun_bytes(
        "0101000c2112a442b7e7a701bc34d686fa87dfae"
        "002000080001a147e112a643");
    for (std::size_t size = 0; size < whole.size(); ++size)
        EXPECT_FALSE(read_stun(ByteView(whole).first(size)).has_value()) << size;
    Bytes longer = whole;
    longer.resize(longer.size() + 4);
    EXPECT_FALSE(read_stun(longer).has_value());
    Bytes allocate = whole;
    allocate[1] = 3;
    EXPECT_FALSE(read_stun(allocate).has_value());
    Bytes no_cookie = whole;
    no_cookie[4] ^= 1;
    EXPECT_FALSE(is_stun(no_cookie));
    Bytes wrong_family = whole;
    wrong_family[25] = 3;
    ASSERT_TRUE(read_stun(wrong_family).has_value());
    EXPECT_EQ(read_stun(wrong_family)->mapped, std::nullopt);
}

}  // namespace
}  // namespace sov::connect
