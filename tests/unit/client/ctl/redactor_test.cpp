#include "client/ctl/redactor.h"

#include <gtest/gtest.h>

namespace sov::ctl {
namespace {

constexpr std::string_view kPeer = "sov1wvtrhfkg52876mxj837nxax0avx5t0f779r5td75r5qk98xwvxysypdr5p";
constexpr std::string_view kOther =
    "sovn1sf06mdfs55teakn5xchwh04qmkgvqtycmktx2e9zhwx95r4gsu2qq3vn0y";

std::string redacted(std::string_view text) { return Redactor().redact(text); }

TEST(Redactor, gives_the_same_thing_the_same_stand_in) {
    Redactor redactor;
    const std::string peer(kPeer), node(kOther);
    EXPECT_EQ(redactor.redact("{\"a\":\"" + peer + "\",\"b\":\"" + node + "\"}"),
              R"({"a":"<peer-1>","b":"<node-1>"})");
    EXPECT_EQ(redactor.redact(node + " at 192.0.2.7:6881, " + peer),
              "<node-1> at <ipv4-global-1>:6881, <peer-1>");
    EXPECT_EQ(redactor.redact("SOV1WVTR-HFKG-52876MXJ837NXAX0AVX5T0F779R5TD75R5QK98XWVXYSYPDR5P"),
              "<peer-1>")
        << "ids are typed in any case and with dashes";
    EXPECT_EQ(redactor.redact("sovn1sf06mdfs55t...: silent"), "<node-1>...: silent")
        << "cut off, it is still the same";
    EXPECT_EQ(redactor.counts(),
              (std::map<std::string, std::size_t>{{"peer", 1}, {"node", 1}, {"ipv4-global", 1}}));
}

TEST(Redactor, says_what_kind_of_address_it_was) {
    EXPECT_EQ(redacted("198.51.100.7:41900"), "<ipv4-global-1>:41900");
    EXPECT_EQ(redacted("10.1.2.3, 172.31.0.1, 192.168.1.4, 192.168.1.5"),
              "<ipv4-private-1>, <ipv4-private-2>, <ipv4-private-3>, <ipv4-private-4>");
    EXPECT_EQ(redacted("100.64.0.1 169.254.3.4"), "<ipv4-carrier-1> <ipv4-link-1>");
    EXPECT_EQ(redacted("[2001:db8::17]:6881 fe80::1%wlan0 fd00::5/8"),
              "[<ipv6-global-1>]:6881 <ipv6-link-1>%wlan0 <ipv6-private-1>/8");
    EXPECT_EQ(redacted("198.51.100.0/24."), "<ipv4-global-1>/24.");
    EXPECT_EQ(redacted("2001:db8::0017 2001:DB8::17"), "<ipv6-global-1> <ipv6-global-1>");
    EXPECT_EQ(redacted("at 00:1A:7d:da:71:13 now"), "at <mac-1> now");
    EXPECT_EQ(redacted("::ffff:192.0.2.1"), "<ipv6-global-1>");
}

TEST(Redactor, leaves_what_says_nothing_about_anybody) {
    for (const char* text :
         {"127.0.0.1:80 0.0.0.0:6881 [::]:6881 [::1]:6881", "2026-11-22T00:17:45.375Z",
          "sovereignd 0.1.0, OpenSSL 3.0.19, grpc 1.51.1",
          "{\"bytes\":1800000000000,\"x\":-1.5e-300}", "sov1... or sovn1...",
          "sovereign_datagrams_dropped_total{reason=\"rate_limited\"}", "/run/sovereignd/api.sock",
          "12:30:05", "deadbeef", "a:b", ":::", "1.2.3.4.5x", ""})
        EXPECT_EQ(redacted(text), text);
}

TEST(Redactor, takes_long_random_words_whatever_they_are) {
    const std::string key(64, 'a');
    EXPECT_EQ(redacted("sovereign-user-key-1 " + key + " 1a2b3c4d"),
              "sovereign-user-key-1 <hex-1> 1a2b3c4d");
    EXPECT_EQ(redacted("9b1850b6f5 entered"), "<hex-1> entered") << "a short id of a node";
    EXPECT_EQ(redacted(R"("summary":"1234567890 entered",1234567890)"),
              R"("summary":"<hex-1> entered",1234567890)")
        << "an id may look like a number";
    EXPECT_EQ(redacted("token dGhpc0lzQVNlY3JldFRva2VuMTIz!"), "token <random-1>!");
    EXPECT_EQ(redacted("\"x\\n9b1850b6f5e6\""), "\"x\\n<hex-1>\"");
}

TEST(Redactor, hides_the_words_it_is_told_wherever_they_stand_alone) {
    Redactor redactor;
    redactor.hide("name", "Bob at work");
    redactor.hide("name", "bob");
    redactor.hide("name", "x");
    EXPECT_EQ(redactor.redact("BOB, \"Bob at Work\", bobsleigh, x, bob's; thebob"),
              "<name-1>, \"<name-2>\", bobsleigh, x, <name-1>'s; thebob");
    redactor.hide("network", "bob");
    EXPECT_EQ(redactor.redact("bob"), "<name-1>") << "the first kind counts";
}

TEST(IndentedJson, is_the_same_json_with_lines) {
    EXPECT_EQ(indented_json(R"({"a":[1,{"b":"x, {y}\""}],"c":{},"d":[]})"),
              "{\n  \"a\": [\n    1,\n    {\n      \"b\": \"x, {y}\\\"\"\n    }\n  ],\n  \"c\": "
              "{},\n  \"d\": []\n}");
    EXPECT_EQ(indented_json("]}"), "\n]\n}") << "no JSON does no harm";
}

}  // namespace
}  // namespace sov::ctl
