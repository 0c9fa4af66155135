#include "daemon/core/messaging/frame.h"

#include <gtest/gtest.h>

namespace sov::messaging {

namespace {

Frame data_frame() { return {FrameType::kData, 7, to_bytes(as_bytes("hello"))}; }

Bytes bytes_of(const Frame& frame) {
    Bytes bytes;
    append_frame(bytes, frame);
    return bytes;
}

Errc error_of(ByteView bytes) {
    FrameReader reader;
    reader.receive(bytes);
    const auto next = reader.next();
    EXPECT_FALSE(next.has_value());
    EXPECT_EQ(reader.next().error(), next.error());
    return next.error();
}

}  // namespace

TEST(Frame, has_the_layout_of_the_first_design) {
    EXPECT_EQ(to_hex(bytes_of(data_frame())),
              "444e4120"
              "0100"
              "0001"
              "00000007"
              "00000005"
              "3610a686"
              "000000000000000000000000"
              "68656c6c6f");
}

// The check value that all catalogues of CRCs give for CRC-32.
TEST(Frame, is_summed_by_the_usual_crc_32) {
    EXPECT_EQ(crc32(as_bytes("123456789")), 0xcbf43926U);
    EXPECT_EQ(crc32({}), 0U);
}

TEST(Frame, is_read_back_however_the_bytes_are_cut) {
    Bytes bytes = bytes_of(data_frame());
    for (const FrameType type :
         {FrameType::kAck, FrameType::kPing, FrameType::kPong, FrameType::kPresence}) {
        append_frame(bytes, {type, 0xffffffff, {}});
    }
    for (const std::size_t step : {std::size_t{1}, std::size_t{31}, bytes.size()}) {
        FrameReader reader;
        std::vector<Frame> frames;
        for (std::size_t at = 0; at < bytes.size(); at += step) {
            reader.receive(ByteView(bytes).subspan(at, std::min(step, bytes.size() - at)));
            for (auto next = reader.next(); next && *next; next = reader.next()) {
                frames.push_back(**next);
            }
        }
        ASSERT_EQ(frames.size(), 5u);
        EXPECT_EQ(frames[0], data_frame());
        EXPECT_EQ(frames[4].type, FrameType::kPresence);
        EXPECT_TRUE(reader.at_boundary());
    }
}

TEST(Frame, knows_that_a_stream_ended_within_one) {
    FrameReader reader;
    EXPECT_TRUE(reader.at_boundary());
    reader.receive(ByteView(bytes_of(data_frame())).first(36));
    EXPECT_EQ(*reader.next(), std::nullopt);
    EXPECT_FALSE(reader.at_boundary());
}

TEST(Frame, with_any_bit_of_head_or_payload_changed_is_not_taken_for_the_same) {
    const Bytes good = bytes_of(data_frame());
    for (std::size_t bit = 0; bit < good.size() * 8; ++bit) {
        Bytes other = good;
        other[bit / 8] ^= static_cast<std::uint8_t>(1U << (bit % 8));
        FrameReader reader;
        reader.receive(other);
        const auto next = reader.next();
        // Type and sequence are not summed; a longer length waits for more.
        if (next && *next) {
            EXPECT_NE(**next, data_frame()) << bit;
        }
    }
}

TEST(Frame, says_why_it_is_refused) {
    const auto with = [](std::size_t at, std::uint8_t value) {
        Bytes bytes = bytes_of(data_frame());
        bytes[at] = value;
        return bytes;
    };
    EXPECT_EQ(error_of(with(0, 'X')), Errc::kMalformed);
    EXPECT_EQ(error_of(with(4, 2)), Errc::kUnsupported);
    EXPECT_EQ(error_of(with(7, 0)), Errc::kUnsupported);
    EXPECT_EQ(error_of(with(7, 6)), Errc::kUnsupported);
    EXPECT_EQ(error_of(with(31, 1)), Errc::kMalformed);
    EXPECT_EQ(error_of(with(32, 'H')), Errc::kMalformed);
}

TEST(Frame, that_is_too_large_is_refused_by_its_head_alone) {
    const Frame largest{FrameType::kData, 1, Bytes(kFramePayloadMax)};
    FrameReader reader;
    reader.receive(bytes_of(largest));
    EXPECT_EQ((**reader.next()).payload.size(), kFramePayloadMax);
    Bytes head = bytes_of(data_frame());
    head.resize(kFrameHeadSize);
    store_u32(&head[12], kFramePayloadMax + 1);
    EXPECT_EQ(error_of(head), Errc::kTooLarge);
}

}  // namespace sov::messaging
