#include "daemon/core/discovery/gatt_frames.h"

#include <gtest/gtest.h>

#include <numeric>

namespace sov::discovery {

namespace {

Bytes counting_message(std::size_t size) {
    Bytes bytes(size);
    std::iota(bytes.begin(), bytes.end(), std::uint8_t{0});
    return bytes;
}

}  // namespace

TEST(GattFrames, carry_every_size_of_message_in_frames_of_every_size) {
    FrameCutter cutter;
    FrameJoiner joiner;
    for (const std::size_t frame_bytes : {20U, 21U, 182U, 512U, 2000U}) {
        for (const std::size_t size : {1U, 17U, 18U, 19U, 36U, 300U, 1024U}) {
            const Bytes message = counting_message(size);
            const auto frames = cutter.cut(9, message, frame_bytes);
            for (std::size_t at = 0; at < frames.size(); ++at) {
                EXPECT_LE(frames[at].size(), frame_bytes);
                EXPECT_EQ(joiner.add(9, frames[at]), at + 1 == frames.size()
                                                         ? FrameJoiner::Outcome::kWhole
                                                         : FrameJoiner::Outcome::kMore);
            }
            EXPECT_EQ(joiner.take(), message);
        }
    }
}

TEST(GattFrames, carry_a_record_of_300_bytes_at_mtu_23_in_seventeen_frames) {
    FrameCutter cutter;
    const auto frames = cutter.cut(0, counting_message(300), kFrameBytesMin);
    EXPECT_EQ(frames.size(), 17u);
    for (const Bytes& frame : frames) EXPECT_LE(frame.size(), 20u);
}

TEST(GattFrames, of_another_link_are_not_looked_at) {
    FrameCutter ours, theirs;
    FrameJoiner joiner;
    EXPECT_EQ(joiner.add(1, theirs.cut(2, Bytes{7}, 20).front()), FrameJoiner::Outcome::kForeign);
    EXPECT_EQ(joiner.add(1, ours.cut(1, Bytes{8}, 20).front()), FrameJoiner::Outcome::kWhole);
    EXPECT_EQ(joiner.take(), Bytes{8});
    EXPECT_EQ(joiner.add(1, {}), FrameJoiner::Outcome::kForeign);
    EXPECT_EQ(joiner.add(1, Bytes{1}), FrameJoiner::Outcome::kForeign);
}

TEST(GattFrames, that_are_lost_repeated_or_swapped_break_the_link) {
    const auto frames = FrameCutter{}.cut(1, counting_message(60), 20);
    ASSERT_EQ(frames.size(), 4u);
    FrameJoiner lost;
    EXPECT_EQ(lost.add(1, frames[1]), FrameJoiner::Outcome::kBroken);
    FrameJoiner repeated;
    EXPECT_EQ(repeated.add(1, frames[0]), FrameJoiner::Outcome::kMore);
    EXPECT_EQ(repeated.add(1, frames[0]), FrameJoiner::Outcome::kBroken);
}

TEST(GattFrames, never_make_a_message_longer_than_a_kilobyte) {
    FrameJoiner joiner;
    std::uint8_t sequence = 0;
    std::size_t taken = 0;
    while (true) {
        Bytes frame(20, 0);
        frame[0] = 1;
        frame[1] = sequence;
        sequence = static_cast<std::uint8_t>((sequence + 1) & 0x7f);
        if (joiner.add(1, frame) != FrameJoiner::Outcome::kMore) break;
        taken += 18;
        ASSERT_LT(taken, 2 * kLinkMessageBytesMax);
    }
    EXPECT_EQ(taken, 1008u) << "another frame of 18 would pass 1024";
}

TEST(GattInfo, is_twenty_bytes_and_reads_back) {
    const GattInfo info{Advert::kGatt, 5, {1, 2, 3, 4, 5, 6, 7, 8}, 300, 0x81};
    const Bytes bytes = encode_info(info);
    EXPECT_EQ(bytes.size(), kGattInfoBytes);
    EXPECT_EQ(decode_info(bytes), info);
    EXPECT_FALSE(decode_info(ByteView(bytes).first(19)));
    Bytes other = bytes;
    other[0] = 2;
    EXPECT_FALSE(decode_info(other));
}

}  // namespace sov::discovery
