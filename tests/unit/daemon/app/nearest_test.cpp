#include "daemon/app/nearest.h"

#include <gtest/gtest.h>

namespace sov::app {

TEST(Nearest, finds_small_mistakes_and_no_others) {
    const std::vector<std::string> known{"udp.port", "udp.ipv4", "dht.k"};
    EXPECT_EQ(nearest("udp.prot", known), "udp.port");
    EXPECT_EQ(nearest("udp.ipv", known), "udp.ipv4");
    EXPECT_EQ(nearest("completely.different", known), std::nullopt);
    EXPECT_EQ(nearest(std::string(100'000, 'x'), known), std::nullopt);
}

}  // namespace sov::app
