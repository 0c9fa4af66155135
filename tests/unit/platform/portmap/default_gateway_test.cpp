#include "platform/portmap/default_gateway.h"

#include <gtest/gtest.h>

#include <fstream>
#include <limits>
#include <sstream>
#include <string>

namespace sov::portmap {
namespace {

/// The same from /proc, which a test may read: the gateway in host order, as the kernel prints it.
std::optional<std::uint32_t> from_proc() {
    std::ifstream routes("/proc/net/route");
    std::string line;
    std::optional<std::uint32_t> best;
    unsigned best_metric = std::numeric_limits<unsigned>::max();
    std::getline(routes, line);
    while (std::getline(routes, line)) {
        std::istringstream words(line);
        std::string interface, destination, gateway, flags, references, use, mask;
        unsigned metric = 0;
        words >> interface >> destination >> gateway >> flags >> references >> use >> metric >>
            mask;
        if (destination != "00000000" || mask != "00000000" || gateway == "00000000") continue;
        if (!best || metric < best_metric) {
            best = static_cast<std::uint32_t>(std::stoul(gateway, nullptr, 16));
            best_metric = metric;
        }
    }
    return best;
}

TEST(DefaultGateway, is_what_proc_says) {
    const auto asked = default_gateway();
    const auto read = from_proc();
    ASSERT_EQ(asked.has_value(), read.has_value());
    if (!asked) return;
    EXPECT_EQ(asked->port, 0);
    const auto word = __builtin_bswap32(*read);  // printed as it lies in memory, least byte first
    EXPECT_EQ(asked->address_text(), Endpoint::v4(word, 0).address_text());
}

}  // namespace
}  // namespace sov::portmap
