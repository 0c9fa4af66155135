#include "daemon/core/messaging/message.h"

#include <gtest/gtest.h>

namespace sov::messaging {

TEST(Message, travels_as_it_was_written) {
    const Message message{{0x9f3c07d21be4a688, 12}, 1'795'000'000'000, "chat", {1, 2, 3}};
    const auto read = read_letter(encode_message(message));
    ASSERT_TRUE(read.has_value());
    EXPECT_EQ(std::get<Message>(*read), message);
}

TEST(Message, receipts_travel_as_they_were_written) {
    Receipts receipts;
    for (std::uint64_t i = 1; i <= kReceiptsMax; ++i) receipts.ids.push_back({7, i});
    const auto read = read_letter(encode_receipts(receipts));
    ASSERT_TRUE(read.has_value());
    EXPECT_EQ(std::get<Receipts>(*read), receipts);
}

TEST(Message, is_refused_when_cut_or_foreign) {
    const Bytes whole = encode_message({{1, 1}, 0, "t", {}});
    for (std::size_t size = 0; size < whole.size(); ++size)
        EXPECT_FALSE(read_letter(ByteView(whole).first(size)).has_value()) << size;
    EXPECT_EQ(read_letter(Bytes{9, 1, 2}).error(), Errc::kUnsupported);
    Bytes spaced = whole;
    spaced.back() = ' ';
    EXPECT_EQ(read_letter(spaced).error(), Errc::kMalformed);
    Bytes unnumbered = whole;
    unnumbered[16] = 0;
    EXPECT_EQ(read_letter(unnumbered).error(), Errc::kMalformed);
}

TEST(Message, is_refused_past_its_bounds) {
    Bytes large = encode_message({{1, 1}, 0, "", Bytes(kBodyMax)});
    EXPECT_TRUE(read_letter(large).has_value());
    large.push_back(0);
    EXPECT_EQ(read_letter(large).error(), Errc::kTooLarge);
    EXPECT_EQ(read_letter(Bytes{2, 0}).error(), Errc::kMalformed);
    Bytes many(2 + 16 * (kReceiptsMax + 1));
    many[0] = 2;
    many[1] = kReceiptsMax + 1;
    EXPECT_EQ(read_letter(many).error(), Errc::kTooLarge);
}

TEST(Message, its_id_reads_back_from_its_text) {
    const MessageId id{0x9f3c07d21be4a688, 12};
    EXPECT_EQ(message_id_text(id), "9f3c07d21be4a688-12");
    EXPECT_EQ(message_id_from("9f3c07d21be4a688-12").value(), id);
    for (const char* wrong : {"", "-", "9f3c07d21be4a688-", "9f3c07d21be4a688-0",
                              "9f3c07d21be4a68-1", "9f3c07d21be4a688-1x", "9f3c07d21be4a688--1",
                              "xf3c07d21be4a688-1", "9f3c07d21be4a688-99999999999999999999"}) {
        EXPECT_FALSE(message_id_from(wrong).has_value()) << wrong;
    }
}

TEST(Message, presence_travels_and_is_bounded) {
    const Presence presence{PresenceState::kAway, "back at five"};
    EXPECT_EQ(read_presence(encode_presence(presence)).value(), presence);
    EXPECT_EQ(read_presence(Bytes{}).error(), Errc::kMalformed);
    EXPECT_EQ(read_presence(Bytes{9}).error(), Errc::kMalformed);
    EXPECT_EQ(read_presence(Bytes(2 + kPresenceWordsMax, 1)).error(), Errc::kTooLarge);
}

}  // namespace sov::messaging
