#include "daemon/core/guard/diversity.h"

#include <gtest/gtest.h>

namespace sov::guard {

namespace {

Endpoint somewhere(std::string_view text) { return *Endpoint::parse(text); }

}  // namespace

TEST(Diversity, counts_only_for_addresses_that_everybody_can_dial) {
    EXPECT_TRUE(counts_for_diversity(somewhere("8.8.8.8:1")));
    EXPECT_TRUE(counts_for_diversity(somewhere("[2a00::1]:1")));
    for (const std::string_view local : {"192.168.0.1:1", "127.0.0.1:1", "[fd00::1]:1"})
        EXPECT_FALSE(counts_for_diversity(somewhere(local))) << local;
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
