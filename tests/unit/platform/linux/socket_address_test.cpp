#include "platform/linux/socket_address.h"

#include <gtest/gtest.h>

namespace sov::host {
namespace {

TEST(SocketAddress, gives_an_endpoint_back_unchanged) {
    for (const char* text : {"192.0.2.7:6881", "[2001:db8::7]:6881"}) {
        const Endpoint endpoint = *Endpoint::parse(text);
        SocketAddress address;
        to_socket_address(endpoint, address);
        EXPECT_EQ(to_endpoint(address), endpoint);
    }
}

TEST(SocketAddress, of_another_family_is_no_endpoint) {
    SocketAddress address{};
    address.any.sa_family = AF_UNIX;
    EXPECT_EQ(to_endpoint(address), std::nullopt);
}

}  // namespace
}  // namespace sov::host
