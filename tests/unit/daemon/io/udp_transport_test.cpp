#include "daemon/io/udp_transport.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <set>
#include <string>

namespace sov::io {

using host::family_name;
using host::SocketAddress;
using host::to_socket_address;

namespace {

constexpr std::chrono::seconds kPatience{5};

Endpoint loopback(Family family, std::uint16_t port = 0) {
    const char* address = family == Family::kIpv4 ? "127.0.0.1:1" : "[::1]:1";
    Endpoint endpoint = *Endpoint::parse(address);
    endpoint.port = port;
    return endpoint;
}

Transmit datagram(const Endpoint& to, std::size_t size, std::uint8_t fill) {
    Transmit transmit;
    transmit.to.remote = to;
    transmit.size = static_cast<std::uint16_t>(size);
    std::fill_n(transmit.bytes.begin(), size, fill);
    return transmit;
}

/// Runs the loop until the socket has something to say.
void wait_ready(boost::asio::io_context& context, UdpTransport& transport) {
    bool ready = false;
    transport.on_ready([&] { ready = true; });
    transport.wait();
    context.restart();
    while (!ready && context.run_one_for(kPatience) > 0) {
    }
    ASSERT_TRUE(ready);
}

class UdpPair : public testing::TestWithParam<Family> {
  protected:
    void SetUp() override {
        ASSERT_EQ(a.open(loopback(GetParam())), std::nullopt);
        ASSERT_EQ(b.open(loopback(GetParam())), std::nullopt);
    }

    boost::asio::io_context context;
    UdpTransport a{context}, b{context};
};

TEST_P(UdpPair, an_adopted_socket_goes_on_with_what_came_in_meanwhile) {
    const int kept = dup(b.native_handle());
    const Endpoint place = b.local();
    b.close();
    a.send(datagram(place, 100, 3));
    a.flush();
    UdpTransport next(context);
    ASSERT_EQ(next.adopt(kept, loopback(GetParam())), std::nullopt) << "any port will do for 0";
    EXPECT_EQ(next.local(), place);
    wait_ready(context, next);
    EXPECT_EQ(next.receive().size(), 1u);
    next.send(datagram(a.local(), 50, 1));
    next.flush();
    wait_ready(context, a);
    ASSERT_EQ(a.receive().size(), 1u);
}

TEST_P(UdpPair, a_socket_that_is_bound_elsewhere_is_refused_and_closed) {
    const int other_port = dup(b.native_handle());
    UdpTransport next(context);
    EXPECT_NE(next.adopt(other_port, loopback(GetParam(), 1)), std::nullopt);
    EXPECT_EQ(fcntl(other_port, F_GETFD), -1) << "a refused socket is still open";

    Endpoint elsewhere = loopback(GetParam());
    elsewhere.address[elsewhere.address_size() - 1] ^= 2;
    EXPECT_NE(next.adopt(dup(b.native_handle()), elsewhere), std::nullopt);
    const Family other = GetParam() == Family::kIpv4 ? Family::kIpv6 : Family::kIpv4;
    EXPECT_NE(next.adopt(dup(b.native_handle()), loopback(other)), std::nullopt);
    EXPECT_NE(next.adopt(open("/dev/null", O_RDONLY), loopback(GetParam())), std::nullopt);
    EXPECT_NE(next.adopt(socket(AF_UNIX, SOCK_DGRAM, 0), loopback(GetParam())), std::nullopt);
    // Nothing of that keeps it from being opened.
    EXPECT_EQ(next.open(loopback(GetParam())), std::nullopt);
}

TEST_P(UdpPair, carries_a_datagram_and_tells_its_sender) {
    a.send(datagram(b.local(), 300, 7));
    a.flush();
    wait_ready(context, b);
    const auto received = b.receive();
    ASSERT_EQ(received.size(), 1u);
    EXPECT_EQ(received[0].from.remote, a.local());
    EXPECT_EQ(received[0].bytes.size(), 300u);
    EXPECT_TRUE(std::ranges::all_of(received[0].bytes, [](auto byte) { return byte == 7; }));
}

TEST_P(UdpPair, the_largest_datagram_passes_and_a_longer_one_is_recognisable) {
    a.send(datagram(b.local(), Limits::kDatagramBytesMax, 1));
    a.flush();
    wait_ready(context, b);
    EXPECT_EQ(b.receive()[0].bytes.size(), Limits::kDatagramBytesMax);

    SocketAddress address;
    const socklen_t size = to_socket_address(b.local(), address);
    const int fd = socket(address.any.sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    const std::string longer(UdpTransport::kDatagramBytesMax + 200, 'x');
    ASSERT_GT(sendto(fd, longer.data(), longer.size(), 0, &address.any, size), 0);
    ::close(fd);
    wait_ready(context, b);
    EXPECT_EQ(b.receive()[0].bytes.size(), UdpTransport::kDatagramBytesMax + 1);
}

TEST_P(UdpPair, a_burst_arrives_as_the_datagrams_that_it_was_made_of) {
    // Sizes that begin bursts, end them, and fill more than one.
    std::vector<std::size_t> sizes(60, UdpTransport::kDatagramBytesMax);
    for (const std::size_t size : {1200U, 1200U, 700U, 900U, 31U, 1452U, 1200U}) {
        sizes.push_back(size);
    }
    for (std::size_t at = 0; at < sizes.size(); ++at) {
        a.send_burst(b.local(), Bytes(sizes[at], static_cast<std::uint8_t>(at)));
    }
    a.flush();
    std::size_t count = 0;
    while (count < sizes.size()) {
        wait_ready(context, b);
        for (const auto& received : b.receive()) {
            ASSERT_LT(count, sizes.size());
            EXPECT_EQ(received.bytes.size(), sizes[count]);
            EXPECT_EQ(received.bytes[0], static_cast<std::uint8_t>(count));
            EXPECT_EQ(received.bytes.back(), static_cast<std::uint8_t>(count));
            ++count;
        }
    }
    EXPECT_EQ(a.counters().sent, sizes.size());
}

TEST_P(UdpPair, a_burst_keeps_destinations_apart) {
    UdpTransport c{context};
    ASSERT_EQ(c.open(loopback(GetParam())), std::nullopt);
    for (std::uint8_t at = 1; at <= 3; ++at) {
        a.send_burst(b.local(), Bytes(500, at));
        a.send_burst(c.local(), Bytes(500, static_cast<std::uint8_t>(at + 10)));
    }
    a.flush();
    wait_ready(context, b);
    EXPECT_EQ(b.receive().size(), 3U);
    wait_ready(context, c);
    EXPECT_EQ(c.receive()[0].bytes[0], 11);
}

TEST_P(UdpPair, receives_no_more_than_a_batch_at_once_and_loses_nothing) {
    constexpr std::size_t kCount = UdpTransport::kBatch + UdpTransport::kBatch / 2;
    for (std::size_t at = 0; at < kCount; ++at) {
        a.send(datagram(b.local(), 100 + at, static_cast<std::uint8_t>(at)));
    }
    a.flush();
    EXPECT_EQ(a.counters().sent, kCount);
    wait_ready(context, b);
    EXPECT_EQ(b.receive().size(), UdpTransport::kBatch);
    EXPECT_EQ(b.receive().size(), kCount - UdpTransport::kBatch);
    EXPECT_EQ(b.receive().size(), 0u);
}

TEST_P(UdpPair, a_full_batch_leaves_without_a_flush) {
    for (std::size_t at = 0; at < UdpTransport::kBatch - 1; ++at) {
        a.send(datagram(b.local(), 50, 1));
    }
    EXPECT_EQ(a.counters().sent, 0u);
    a.send(datagram(b.local(), 50, 1));
    EXPECT_EQ(a.counters().sent, UdpTransport::kBatch);
}

TEST_P(UdpPair, a_closed_port_is_reported_as_unreachable) {
    const Endpoint gone = b.local();
    b.close();
    a.send(datagram(gone, 100, 1));
    a.flush();
    wait_ready(context, a);
    EXPECT_EQ(a.receive().size(), 0u);
    const auto unreachable = a.unreachable();
    ASSERT_EQ(unreachable.size(), 1u);
    EXPECT_EQ(unreachable[0], gone);
    EXPECT_EQ(a.unreachable().size(), 0u);
}

TEST_P(UdpPair, an_error_that_a_send_ran_into_is_reported_too) {
    UdpTransport c{context};
    ASSERT_EQ(c.open(loopback(GetParam())), std::nullopt);
    const Endpoint gone = b.local();
    b.close();
    a.send(datagram(gone, 100, 1));
    a.flush();
    a.send(datagram(c.local(), 100, 2));
    a.flush();
    const auto unreachable = a.unreachable();
    ASSERT_EQ(unreachable.size(), 1u);
    EXPECT_EQ(unreachable[0], gone);
}

TEST_P(UdpPair, an_earlier_unreachable_peer_costs_no_datagram_to_another) {
    UdpTransport c{context};
    ASSERT_EQ(c.open(loopback(GetParam())), std::nullopt);
    const Endpoint gone = b.local();
    b.close();
    a.send(datagram(gone, 100, 1));
    a.flush();
    a.send(datagram(c.local(), 100, 2));
    a.flush();
    wait_ready(context, c);
    EXPECT_EQ(c.receive().size(), 1u);
    EXPECT_EQ(a.counters().refused, 0u);
}

TEST_P(UdpPair, what_the_kernel_refuses_is_counted_and_does_not_block_the_rest) {
    // Port 0 can't be sent to.
    a.send(datagram(loopback(GetParam(), 0), 100, 1));
    a.send(datagram(b.local(), 100, 2));
    a.flush();
    EXPECT_EQ(a.counters().refused, 1u);
    EXPECT_EQ(a.counters().last_refusal, EINVAL);
    wait_ready(context, b);
    EXPECT_EQ(b.receive().size(), 1u);
}

TEST_P(UdpPair, a_busy_port_is_refused_with_its_name) {
    UdpTransport second{context};
    const auto problem = second.open(loopback(GetParam(), a.local().port));
    ASSERT_TRUE(problem);
    EXPECT_NE(problem->find(std::to_string(a.local().port)), std::string::npos) << *problem;
    EXPECT_NE(problem->find(family_name(GetParam())), std::string::npos) << *problem;
    EXPECT_NE(problem->find("already uses it"), std::string::npos) << *problem;
}

INSTANTIATE_TEST_SUITE_P(BothFamilies, UdpPair, testing::Values(Family::kIpv4, Family::kIpv6),
                         [](const auto& tested) { return family_name(tested.param); });

TEST(UdpTransport, both_families_share_a_port_number) {
    boost::asio::io_context context;
    UdpTransport v4{context}, v6{context};
    ASSERT_EQ(v6.open(*Endpoint::parse("[::]:0")), std::nullopt);
    Endpoint any = Endpoint::v4(0, v6.local().port);
    EXPECT_EQ(v4.open(any), std::nullopt);
}

}  // namespace
}  // namespace sov::io
