#include "daemon/streams/uvarint.h"

#include <gtest/gtest.h>

namespace sov::streams {

TEST(Uvarint, reads_back_what_it_wrote_up_to_63_bits) {
    for (const std::uint64_t value :
         {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{127}, std::uint64_t{128},
          std::uint64_t{16383}, std::uint64_t{16384}, kUvarintMax}) {
        Bytes bytes;
        append_uvarint(bytes, value);
        EXPECT_EQ(bytes.size(), uvarint_size(value));
        const Uvarint read = peek_uvarint(bytes);
        EXPECT_EQ(read.state, Uvarint::State::kWhole);
        EXPECT_EQ(read.value, value);
        EXPECT_EQ(read.size, bytes.size());
    }
}

TEST(Uvarint, is_written_as_the_specification_shows) {
    Bytes bytes;
    append_uvarint(bytes, 300);
    EXPECT_EQ(to_hex(bytes), "ac02");
}

TEST(Uvarint, waits_for_the_rest_of_a_partial_one) {
    EXPECT_EQ(peek_uvarint({}).state, Uvarint::State::kPartial);
    EXPECT_EQ(peek_uvarint(Bytes{0xff, 0xff}).state, Uvarint::State::kPartial);
}

TEST(Uvarint, refuses_ten_bytes_and_forms_that_are_not_the_shortest) {
    EXPECT_EQ(peek_uvarint(Bytes(9, 0xff)).state, Uvarint::State::kMalformed);
    EXPECT_EQ(peek_uvarint(Bytes(10, 0x80)).state, Uvarint::State::kMalformed);
    EXPECT_EQ(peek_uvarint(Bytes{0x81, 0x00}).state, Uvarint::State::kMalformed);
}

}  // namespace sov::streams
