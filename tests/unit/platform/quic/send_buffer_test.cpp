#include "platform/quic/send_buffer.h"

#include <gtest/gtest.h>

#include "daemon/core/base/rng.h"

namespace sov::quic {

namespace {

Bytes joined(const SendBuffer& buffer) {
    SendBuffer::Pieces pieces;
    Bytes all;
    const std::size_t count = buffer.next(pieces);
    for (std::size_t at = 0; at < count; ++at) {
        all.insert(all.end(), pieces[at].base, pieces[at].base + pieces[at].len);
    }
    return all;
}

}  // namespace

TEST(SendBuffer, gives_bytes_in_order_and_forgets_them_once_acknowledged) {
    SendBuffer buffer;
    buffer.append(Bytes(3000, 1));
    buffer.append(Bytes(3000, 2));
    EXPECT_EQ(buffer.size(), 6000u);
    buffer.sent(3500);
    EXPECT_EQ(joined(buffer), Bytes(2500, 2));
    buffer.acknowledged(3500);
    buffer.sent(2500);
    EXPECT_EQ(buffer.unsent(), 0u);
    buffer.acknowledged(6000);
    EXPECT_EQ(buffer.size(), 0u);
}

TEST(SendBuffer, never_moves_bytes_that_were_given_out) {
    SendBuffer buffer;
    buffer.append(Bytes(100, 1));
    SendBuffer::Pieces pieces;
    ASSERT_EQ(buffer.next(pieces), 1u);
    const std::uint8_t* const first = pieces[0].base;
    for (int count = 0; count < 1000; ++count) buffer.append(Bytes(100, 2));
    buffer.next(pieces);
    EXPECT_EQ(pieces[0].base, first);
    EXPECT_EQ(first[99], 1);
}

// Any order of writing, sending and acknowledging gives the same stream.
TEST(SendBuffer, keeps_the_stream_whole_whatever_the_order) {
    Rng rng(11);
    for (int round = 0; round < 50; ++round) {
        SendBuffer buffer;
        std::uint64_t written = 0, sent = 0, acknowledged = 0;
        Bytes got;
        for (int step = 0; step < 400; ++step) {
            switch (rng.below(3)) {
                case 0: {
                    Bytes bytes(rng.below(6000));
                    for (std::uint8_t& byte : bytes) byte = static_cast<std::uint8_t>(written++);
                    buffer.append(bytes);
                    break;
                }
                case 1: {
                    Bytes next = joined(buffer);
                    next.resize(rng.below(next.size() + 1));
                    buffer.sent(next.size());
                    sent += next.size();
                    got.insert(got.end(), next.begin(), next.end());
                    break;
                }
                default:
                    acknowledged += rng.below(sent - acknowledged + 1);
                    buffer.acknowledged(acknowledged);
            }
            ASSERT_EQ(buffer.unsent(), written - sent);
            ASSERT_GE(buffer.size(), written - acknowledged);
        }
        for (std::size_t at = 0; at < got.size(); ++at) {
            ASSERT_EQ(got[at], static_cast<std::uint8_t>(at));
        }
    }
}

}  // namespace sov::quic
