#include "daemon/core/guard/blocklist.h"

#include <gtest/gtest.h>

namespace sov::guard {

TEST(Blocklist, reads_prefixes_and_addresses_and_nothing_that_is_more_likely_a_slip) {
    for (const char* text : {"198.51.100.0/24", "192.0.2.7", "2001:db8::/32", "2001:db8::1",
                             "10.0.0.0/8", "128.0.0.0/1"}) {
        const auto block = Block::addresses(text);
        ASSERT_TRUE(block.has_value()) << text;
        EXPECT_EQ(block->address_text(), text);
    }
    EXPECT_EQ(Block::addresses("192.0.2.7/32")->address_text(), "192.0.2.7");
    for (const char* text : {"", "bob", "0.0.0.0/0", "192.0.2.7/24", "192.0.2.0/33", "192.0.2.0/",
                             "192.0.2.0/x", "192.0.2.0/-1", "192.0.2.0:6881", "::/0",
                             "2001:db8::1/32", "2001:db8::/129", "192.0.2.0/24/24", "192.0.2"}) {
        EXPECT_FALSE(Block::addresses(text).has_value()) << text;
    }
}

TEST(Blocklist, blocks_every_address_of_a_prefix_and_none_beside_it) {
    Blocklist list(8);
    ASSERT_TRUE(list.add(*Block::addresses("198.51.100.128/25")));
    EXPECT_TRUE(list.blocks(Endpoint::v4(0xc6336480, 1)));
    EXPECT_TRUE(list.blocks(Endpoint::v4(0xc63364ff, 6881)));
    EXPECT_FALSE(list.blocks(Endpoint::v4(0xc633647f, 1)));
    EXPECT_FALSE(list.blocks(*Endpoint::parse("[c633:6480::]:1")));
    ASSERT_TRUE(list.add(*Block::addresses("2001:db8::/33")));
    EXPECT_TRUE(list.blocks(*Endpoint::parse("[2001:db8:7fff::1]:1")));
    EXPECT_FALSE(list.blocks(*Endpoint::parse("[2001:db8:8000::1]:1")));
}

TEST(Blocklist, tells_nodes_from_peers_and_takes_no_more_than_it_is_made_for) {
    Blocklist list(2);
    const NodeKey node{{1}};
    const PeerId peer{{1}};
    ASSERT_TRUE(list.add(Block::of(node)));
    ASSERT_TRUE(list.add(Block::of(node))) << "twice is once";
    EXPECT_TRUE(list.blocks(node));
    EXPECT_FALSE(list.blocks(peer));
    ASSERT_TRUE(list.add(Block::of(peer)));
    EXPECT_FALSE(list.add(Block::of(NodeKey{{2}})));
    EXPECT_TRUE(list.remove(Block::of(node)));
    EXPECT_FALSE(list.remove(Block::of(node)));
    EXPECT_FALSE(list.blocks(node));
    EXPECT_EQ(list.all().size(), 1U);
}

}  // namespace sov::guard
