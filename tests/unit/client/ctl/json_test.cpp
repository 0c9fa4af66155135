#include "client/ctl/json.h"

#include <gtest/gtest.h>
#include <limits>

namespace sov::ctl::json {
namespace {

using namespace std::chrono_literals;

TEST(Json, members_keep_their_order_and_setting_again_replaces) {
    Object object;
    object.set("b", 1).set("a", true).set("b", "two");
    EXPECT_EQ(Value(object).text(), R"({"b":"two","a":true})");
}

TEST(Json, what_is_unknown_is_absent) {
    Object object;
    object.set_text("empty", "")
        .set_if("none", std::optional<int>())
        .set_if("one", std::optional<int>(1));
    EXPECT_EQ(Value(object).text(), R"({"one":1})");
}

TEST(Json, whole_numbers_are_numbers_up_to_their_limits) {
    EXPECT_EQ(Value(std::numeric_limits<std::uint64_t>::max()).text(), "18446744073709551615");
    EXPECT_EQ(Value(std::numeric_limits<std::int64_t>::min()).text(), "-9223372036854775808");
}

TEST(Json, durations_are_milliseconds_without_useless_digits) {
    EXPECT_EQ(Value(milliseconds(1500ms)).text(), "1500");
    EXPECT_EQ(Value(milliseconds(1250us)).text(), "1.25");
    EXPECT_EQ(Value(milliseconds(7us)).text(), "0.007");
    EXPECT_EQ(Value(milliseconds(-7us)).text(), "-0.007");
    EXPECT_EQ(Value(milliseconds(400ns)).text(), "0");
}

TEST(Json, text_is_escaped_and_always_valid_utf8) {
    EXPECT_EQ(Value("a\"b\\c\n\x01\x7f").text(), R"("a\"b\\c\n\u0001\u007f")");
    EXPECT_EQ(Value("gr\xc3\xbc\xc3\x9f").text(), "\"gr\xc3\xbc\xc3\x9f\"");
    // A lone continuation, an overlong slash, a surrogate and a cut sequence.
    for (const char* bad : {"\x80", "\xC0\xAF", "\xED\xA0\x80", "\xE2\x82"}) {
        const std::string text = Value(bad).text();
        EXPECT_NE(text.find("\xEF\xBF\xBD"), std::string::npos) << bad;
    }
}

TEST(Json, a_path_leads_through_objects_and_arrays) {
    Object inner;
    inner.set("id", "x");
    Object object;
    object.set("peers", Array{inner, 7});
    const Value value(object);
    ASSERT_NE(value.at("peers.0.id"), nullptr);
    EXPECT_EQ(value.at("peers.0.id")->bare_text(), "x");
    EXPECT_EQ(value.at("peers.1")->bare_text(), "7");
    EXPECT_EQ(value.at("peers")->bare_text(), R"([{"id":"x"},7])");
    for (const char* path :
         {"peers.2", "peers.x", "peers.0.no", "peers.1.deeper", "no", "peers.-1", "."}) {
        EXPECT_EQ(value.at(path), nullptr) << path;
    }
}

}  // namespace
}  // namespace sov::ctl::json
