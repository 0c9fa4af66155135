#include "daemon/core/base/endpoint.h"

#include <gtest/gtest.h>

namespace sov {

namespace {

std::string reparsed(std::string_view text) {
    const auto endpoint = Endpoint::parse(text);
    return endpoint ? endpoint->text() : "refused";
}

Scope scope_of(std::string_view text) {
    const auto endpoint = Endpoint::parse(text);
    EXPECT_TRUE(endpoint.has_value()) << text;
    return endpoint.value_or(Endpoint{}).scope();
}

}  // namespace

TEST(Endpoint, is_written_as_rfc_5952_recommends) {
    EXPECT_EQ(reparsed("[2001:0DB8:0:0:0:0:2:1]:1"), "[2001:db8::2:1]:1");  // s4.1, s4.2.1, s4.3
    EXPECT_EQ(reparsed("[2001:db8:0:1:1:1:1:1]:1"), "[2001:db8:0:1:1:1:1:1]:1");  // s4.2.2
    EXPECT_EQ(reparsed("[2001:0:0:1:0:0:0:1]:1"), "[2001:0:0:1::1]:1");           // s4.2.3 longest
    EXPECT_EQ(reparsed("[2001:db8:0:0:1:0:0:1]:1"), "[2001:db8::1:0:0:1]:1");     // s4.2.3 first
    EXPECT_EQ(reparsed("[::]:1"), "[::]:1");
    EXPECT_EQ(reparsed("[::1]:1"), "[::1]:1");
    EXPECT_EQ(reparsed("[1::]:1"), "[1::]:1");
    EXPECT_EQ(reparsed("[1:2:3:4:5:6:7::]:65535"), "[1:2:3:4:5:6:7:0]:65535");
    EXPECT_EQ(reparsed("[64:ff9b::192.0.2.33]:80"), "[64:ff9b::c000:221]:80");
    EXPECT_EQ(reparsed("192.0.2.1:6881"), "192.0.2.1:6881");
    EXPECT_EQ(reparsed("0.0.0.0:0"), "0.0.0.0:0");
}

TEST(Endpoint, treats_a_mapped_address_as_the_ipv4_address_it_is) {
    EXPECT_EQ(reparsed("[::ffff:192.0.2.1]:80"), "192.0.2.1:80");
    const Bytes mapped = *from_hex("00000000000000000000ffffc0000201");
    const auto endpoint = Endpoint::from_address(mapped, 80);
    ASSERT_TRUE(endpoint.has_value());
    EXPECT_EQ(*endpoint, Endpoint::v4(0xc0000201, 80));
}

TEST(Endpoint, refuses_whatever_is_not_an_address_and_a_port) {
    const char* const wrong[] = {"",
                                 ":",
                                 "1.2.3.4",
                                 "1.2.3.4:",
                                 "1.2.3:1",
                                 "1.2.3.4.5:1",
                                 "1.2.3.256:1",
                                 "01.2.3.4:1",
                                 "1.2.3.4:65536",
                                 "1.2.3.4:-1",
                                 "1.2.3.4:+1",
                                 "1.2.3.4: 1",
                                 " 1.2.3.4:1",
                                 "1..3.4:1",
                                 "1.2.3.4:1x",
                                 "a.b.c.d:1",
                                 "::1:1",
                                 "[::1]",
                                 "[::1]:",
                                 "[::1:1",
                                 "[]:1",
                                 "[:]:1",
                                 "[:::]:1",
                                 "[1::2::3]:1",
                                 "[1:2:3:4:5:6:7]:1",
                                 "[1:2:3:4:5:6:7:8:9]:1",
                                 "[1:2:3:4:5:6:7:8::]:1",
                                 "[12345::]:1",
                                 "[g::]:1",
                                 "[1:2:]:1",
                                 "[:1:2]:1",
                                 "[1.2.3.4::1]:1",
                                 "[::1.2.3.4:5]:1",
                                 "[::1.2.3]:1",
                                 "[fe80::1%eth0]:1",
                                 "[192.0.2.1]:1",
                                 "[1:2:3:4:5:6:7:1.2.3.4]:1"};
    for (const char* text : wrong) EXPECT_EQ(reparsed(text), "refused") << text;
}

TEST(Endpoint, takes_four_or_sixteen_bytes_from_the_wire_and_no_other_number) {
    for (std::size_t size = 0; size <= 17; ++size) {
        const Bytes address(size, 1);
        EXPECT_EQ(Endpoint::from_address(address, 1).has_value(), size == 4 || size == 16);
    }
}

TEST(Endpoint, keeps_equal_link_local_addresses_on_two_links_apart) {
    const auto first = Endpoint::parse("[fe80::1%2]:6881");
    const auto second = Endpoint::parse("[fe80::1%70000]:6881");
    ASSERT_TRUE(first && second);
    EXPECT_NE(*first, *second);
    EXPECT_EQ(first->zone(), 2U);
    EXPECT_EQ(second->zone(), 70000U);
    EXPECT_EQ(second->text(), "[fe80::1%70000]:6881");
    EXPECT_EQ(first->scope(), Scope::kLinkLocal);
    EXPECT_EQ(first->without_zone(), second->without_zone());
    EXPECT_EQ(first->without_zone().text(), "[fe80::1]:6881");
    for (const char* wrong : {"[fe80::1%]:1", "[fe80::1%0]:1", "[fe80::1%x]:1", "[fe80::1%-1]:1",
                              "[2001:db8::1%2]:1", "[fe80::1%4294967296]:1", "192.0.2.1%2:1"})
        EXPECT_FALSE(Endpoint::parse(wrong)) << wrong;
}

TEST(Endpoint, refuses_a_zone_that_somebody_else_wrote) {
    std::array<std::uint8_t, 16> address{0xfe, 0x80, 0, 7, 0, 9};
    address[15] = 1;
    EXPECT_FALSE(Endpoint::from_address(address, 6881));
    EXPECT_FALSE(Endpoint::parse("[fe80:7:9::1]:6881"));
    address[3] = address[5] = 0;
    EXPECT_EQ(Endpoint::from_address(address, 6881), Endpoint::parse("[fe80::1]:6881"));
    Endpoint global = *Endpoint::parse("[2001:db8::1]:1");
    global.set_zone(3);
    EXPECT_EQ(global, *Endpoint::parse("[2001:db8::1]:1"));
}

TEST(Endpoint, knows_how_far_an_address_reaches) {
    for (const char* text : {"127.0.0.1:1", "127.255.0.1:1", "[::1]:1"}) {
        EXPECT_EQ(scope_of(text), Scope::kLoopback) << text;
    }
    for (const char* text : {"169.254.0.1:1", "[fe80::1]:1", "[febf::1]:1"}) {
        EXPECT_EQ(scope_of(text), Scope::kLinkLocal) << text;
    }
    for (const char* text : {"10.0.0.1:1", "172.16.0.1:1", "172.31.255.255:1", "192.168.0.1:1",
                             "100.64.0.1:1", "100.127.0.1:1", "[fc00::1]:1", "[fdff::1]:1"}) {
        EXPECT_EQ(scope_of(text), Scope::kLan) << text;
    }
    for (const char* text :
         {"9.255.0.1:1", "172.15.0.1:1", "172.32.0.1:1", "100.63.0.1:1", "100.128.0.1:1",
          "223.255.255.1:1", "[2001:db8::1]:1", "[fec0::1]:1"}) {
        EXPECT_EQ(scope_of(text), Scope::kGlobal) << text;
    }
    for (const char* text : {"0.0.0.0:1", "0.1.2.3:1", "224.0.0.1:1", "255.255.255.255:1",
                             "240.0.0.1:1", "[::]:1", "[::2]:1", "[ff02::1]:1", "8.8.8.8:0"}) {
        EXPECT_EQ(scope_of(text), Scope::kBogon) << text;
    }
}

TEST(Endpoint, groups_addresses_that_one_party_is_likely_to_control) {
    const auto at = [](std::string_view text) { return *Endpoint::parse(text); };
    EXPECT_EQ(near_prefix(at("192.0.2.1:1")), near_prefix(at("192.0.2.255:9")));
    EXPECT_NE(near_prefix(at("192.0.2.1:1")), near_prefix(at("192.0.3.1:1")));
    EXPECT_EQ(far_prefix(at("192.0.2.1:1")), far_prefix(at("192.0.3.1:1")));
    EXPECT_NE(far_prefix(at("192.0.2.1:1")), far_prefix(at("192.1.2.1:1")));
    EXPECT_EQ(near_prefix(at("[2001:db8:1:100::1]:1")), near_prefix(at("[2001:db8:1:1ff::2]:1")));
    EXPECT_NE(near_prefix(at("[2001:db8:1:100::1]:1")), near_prefix(at("[2001:db8:1:200::1]:1")));
    EXPECT_EQ(far_prefix(at("[2001:db8:1ff::1]:1")), far_prefix(at("[2001:db8:100::1]:1")));
    EXPECT_NE(far_prefix(at("[2001:db8:1ff::1]:1")), far_prefix(at("[2001:db8:200::1]:1")));
    EXPECT_NE(far_prefix(at("32.1.0.1:1")), far_prefix(at("[2001::1]:1")));
}

}  // namespace sov
