#include "daemon/core/base/utf8.h"

#include <gtest/gtest.h>

#include <string_view>

namespace sov {

using namespace std::string_view_literals;

TEST(Utf8, a_character_has_the_bytes_that_its_first_one_says) {
    EXPECT_EQ(utf8_character_bytes("a"), 1U);
    EXPECT_EQ(utf8_character_bytes("\0more"sv), 1U);
    EXPECT_EQ(utf8_character_bytes("\xC3\xA4nd more"), 2U);
    EXPECT_EQ(utf8_character_bytes("\xE2\x82\xAC"), 3U);
    EXPECT_EQ(utf8_character_bytes("\xF0\x9F\x98\x80"), 4U);
    EXPECT_EQ(utf8_character_bytes("\xED\x9F\xBF"), 3U) << "the last before the surrogates";
    EXPECT_EQ(utf8_character_bytes("\xF4\x8F\xBF\xBF"), 4U) << "U+10FFFF, the last of all";
}

TEST(Utf8, what_no_character_begins_with_is_none) {
    for (const std::string_view broken :
         {"\x80"sv, "\xBFx"sv,                                   // a byte that follows another
          "\xC3"sv, "\xE2\x82"sv, "\xF0\x9F\x98"sv,              // cut off
          "\xC3x"sv, "\xE2\x82x"sv, "\xF0\x9F\x98x"sv,           // broken off
          "\xC0\x80"sv, "\xE0\x9F\xBF"sv, "\xF0\x8F\xBF\xBF"sv,  // longer than need be
          "\xED\xA0\x80"sv, "\xF4\x90\x80\x80"sv, "\xF5\x80\x80\x80"sv, "\xFF"sv}) {
        EXPECT_EQ(utf8_character_bytes(broken), 0U);
    }
}

}  // namespace sov
