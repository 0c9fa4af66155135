#include "daemon/io/outside_meter.h"

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>

#include "daemon/io/udp_transport.h"

namespace sov::io {

TEST(OutsideMeter, counts_as_it_is_billed_and_stops_at_its_end) {
    OutsideMeter meter;
    const Endpoint outside = *Endpoint::parse("198.51.100.7:6881");
    const Endpoint outside6 = *Endpoint::parse("[2001:db8::1]:6881");
    EXPECT_TRUE(meter.take(outside, 100));
    EXPECT_EQ(meter.bytes, 128U);
    meter.count(outside6, 100);
    EXPECT_EQ(meter.bytes, 276U);
    meter.left = 100;
    EXPECT_TRUE(meter.take(outside, 1000)) << "the last one may be longer than what is left";
    EXPECT_EQ(meter.left, 0U);
    EXPECT_FALSE(meter.take(outside, 1));
    const std::uint64_t before = meter.bytes;
    EXPECT_TRUE(meter.take(*Endpoint::parse("192.168.1.2:6881"), 100));
    EXPECT_TRUE(meter.take(*Endpoint::parse("[fe80::1]:6881"), 100));
    EXPECT_EQ(meter.bytes, before) << "own networks cost nothing";
}

TEST(OutsideMeter, keeps_a_socket_from_sending_to_the_internet) {
    boost::asio::io_context context;
    UdpTransport transport(context);
    ASSERT_EQ(transport.open(*Endpoint::parse("127.0.0.1:0")), std::nullopt);
    OutsideMeter meter;
    meter.left = 0;
    transport.count_outside(&meter);
    Transmit transmit;
    transmit.to.remote = *Endpoint::parse("198.51.100.7:6881");
    transmit.size = 10;
    transport.send(transmit);
    transport.send_burst(transmit.to.remote, ByteView(transmit.bytes).first(10));
    transport.flush();
    EXPECT_EQ(transport.counters().withheld, 2U);
    EXPECT_EQ(transport.counters().sent, 0U);
    transmit.to.remote = transport.local();
    transport.send(transmit);
    transport.flush();
    EXPECT_EQ(transport.counters().sent, 1U);
}

}  // namespace sov::io
