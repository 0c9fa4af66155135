#include "daemon/core/guard/diversity.h"

#include <gtest/gtest.h>

namespace sov::guard {

namespace {

Endpoint somewhere(std::string_view text) { return *Endpoint::parse(text); }

}  // namespace

TEST(SubnetCount, stops_at_its_caps_and_counts_down_again) {
    SubnetCount counts;
    counts.add(somewhere("8.8.8.1:1"));
    EXPECT_TRUE(counts.fits(somewhere("8.8.8.2:1"), 2, 4));
    counts.add(somewhere("8.8.8.2:1"));
    EXPECT_FALSE(counts.fits(somewhere("8.8.8.3:1"), 2, 4)) << "two of one /24";
    EXPECT_TRUE(counts.fits(somewhere("8.8.9.1:1"), 2, 4));
    counts.add(somewhere("8.8.9.1:1"));
    counts.add(somewhere("8.8.10.1:1"));
    EXPECT_FALSE(counts.fits(somewhere("8.8.11.1:1"), 2, 4)) << "four of one /16";
    EXPECT_TRUE(counts.fits(somewhere("8.9.0.1:1"), 2, 4));
    counts.remove(somewhere("8.8.8.1:1"));
    EXPECT_TRUE(counts.fits(somewhere("8.8.8.3:1"), 2, 4));
}

TEST(SubnetCount, exempts_addresses_of_the_lan_and_of_this_host) {
    SubnetCount counts;
    for (int number = 1; number < 50; ++number) {
        for (const std::string net : {"192.168.0.", "127.0.0."}) {
            const Endpoint endpoint = somewhere(net + std::to_string(number) + ":1");
            EXPECT_TRUE(counts.fits(endpoint, 1, 1));
            counts.add(endpoint);
        }
    }
}

// docs/protocol.md, "Scope".
TEST(Scopes, decide_who_is_told_what) {
    const Endpoint loop = somewhere("127.0.0.1:1"), lan = somewhere("192.168.1.1:1"),
                   global = somewhere("8.8.8.8:1"), link = somewhere("[fe80::1]:1"),
                   bogon = somewhere("0.0.0.0:1");
    for (const Endpoint& asker : {loop, lan, global, link}) {
        EXPECT_TRUE(may_tell(asker, global));
        EXPECT_FALSE(may_tell(asker, link));
        EXPECT_FALSE(may_tell(asker, bogon));
    }
    EXPECT_TRUE(may_tell(loop, loop));
    EXPECT_FALSE(may_tell(lan, loop));
    EXPECT_FALSE(may_tell(global, loop));
    EXPECT_TRUE(may_tell(loop, lan));
    EXPECT_TRUE(may_tell(lan, lan));
    EXPECT_FALSE(may_tell(global, lan));
    EXPECT_FALSE(may_believe(global, lan)) << "a stranger can't aim us at a printer in the LAN";
}

}  // namespace sov::guard
