#include "daemon/core/base/dns_answer.h"

#include <gtest/gtest.h>

namespace sov {
namespace {

void append_u16(Bytes& to, std::size_t value) {
    to.push_back(static_cast<std::uint8_t>(value >> 8));
    to.push_back(static_cast<std::uint8_t>(value));
}

// The answer to a question for a.b with one TXT record behind this name.
Bytes answer_behind(const Bytes& name, const Bytes& strings, std::size_t answers = 1,
                    std::size_t internet = 1) {
    Bytes bytes(4);
    for (const std::size_t count : {std::size_t{1}, answers, std::size_t{0}, std::size_t{0}})
        append_u16(bytes, count);
    const Bytes question{1, 'a', 1, 'b', 0, 0, 16, 0, 1};
    bytes.insert(bytes.end(), question.begin(), question.end());
    bytes.insert(bytes.end(), name.begin(), name.end());
    for (const std::size_t field : {std::size_t{16}, internet, std::size_t{0}, std::size_t{60}})
        append_u16(bytes, field);
    append_u16(bytes, strings.size());
    bytes.insert(bytes.end(), strings.begin(), strings.end());
    return bytes;
}

const Bytes kPointer{0xc0, 12}, kText{2, 'h', 'i', 1, '!'};

}  // namespace

TEST(DnsAnswer, is_read_whatever_form_its_names_have) {
    const std::vector<std::string> expected{"hi!"};
    EXPECT_EQ(read_dns_texts(answer_behind(kPointer, kText)), expected);
    EXPECT_EQ(read_dns_texts(answer_behind({0}, kText)), expected);
    EXPECT_EQ(read_dns_texts(answer_behind({1, 'a', 0xc0, 14}, kText)), expected);
    EXPECT_EQ(read_dns_texts(answer_behind({1, 'x', 2, 'y', 'z', 0}, kText)), expected);
}

TEST(DnsAnswer, with_names_that_lie_is_damaged_or_read_and_never_followed) {
    EXPECT_TRUE(read_dns_texts(answer_behind({0xc0, 21}, kText)).has_value()) << "at itself";
    EXPECT_TRUE(read_dns_texts(answer_behind({0xff, 0xff}, kText)).has_value()) << "outside";
    EXPECT_EQ(read_dns_texts(answer_behind({0x40, 0}, kText)), std::nullopt);
    EXPECT_EQ(read_dns_texts(answer_behind({0x80, 0}, kText)), std::nullopt);
    Bytes endless;
    for (int label = 0; label < 5; ++label) {
        endless.push_back(63);
        endless.insert(endless.end(), 63, 'x');
    }
    endless.push_back(0);
    EXPECT_EQ(read_dns_texts(answer_behind(endless, kText)), std::nullopt) << "over 255 bytes";
}

TEST(DnsAnswer, with_counts_and_lengths_that_lie_is_damaged) {
    EXPECT_EQ(read_dns_texts(answer_behind(kPointer, kText, 2)), std::nullopt);
    EXPECT_EQ(read_dns_texts(answer_behind(kPointer, kText, 0xffff)), std::nullopt);
    Bytes longer = answer_behind(kPointer, kText);
    longer[longer.size() - kText.size() - 2] = 0xff;
    EXPECT_EQ(read_dns_texts(longer), std::nullopt);
    const Bytes whole = answer_behind(kPointer, kText);
    for (std::size_t size = 0; size < whole.size(); ++size)
        EXPECT_EQ(read_dns_texts(ByteView(whole).first(size)), std::nullopt) << size;
}

TEST(DnsAnswer, leaves_out_records_of_other_networks_and_strings_that_do_not_add_up) {
    const std::vector<std::string> none;
    EXPECT_EQ(read_dns_texts(answer_behind(kPointer, kText, 1, 3)), none);
    EXPECT_EQ(read_dns_texts(answer_behind(kPointer, {200, 'x'})), none);
    EXPECT_EQ(read_dns_texts(answer_behind(kPointer, {})), std::vector<std::string>{""});
}

}  // namespace sov
