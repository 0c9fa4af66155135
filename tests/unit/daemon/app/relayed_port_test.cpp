#include "daemon/app/relayed_port.h"

#include <gtest/gtest.h>

#include <boost/asio/ip/tcp.hpp>
#include <optional>

#include "daemon/io/udp_transport.h"
#include "tests/unit/daemon/app/loopback_relay.h"

namespace sov::app {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;

constexpr std::chrono::seconds kRelayPatience{10};

class RelayedPortTest : public testing::Test {
  protected:
    std::unique_ptr<RelayedPort> port_at(const Endpoint& server,
                                         const std::string& password = "secret") {
        RelayedPort::Sinks sinks;
        sinks.datagram = [this](const Endpoint& from, ByteView datagram) {
            came.push_back({from, to_bytes(datagram)});
        };
        sinks.read_over = [this] { ++reads; };
        sinks.closed = [this](const std::string& words) { closed = words; };
        sinks.now = [] { return Instant{} + std::chrono::steady_clock::now().time_since_epoch(); };
        return std::make_unique<RelayedPort>(context, server,
                                             connect::TurnLogin{"lab", password, Family::kIpv4}, 3,
                                             std::move(sinks));
    }
    template <typename Condition>
    [[nodiscard]] bool run_until(Condition condition) {
        const auto end = std::chrono::steady_clock::now() + kRelayPatience;
        while (!condition() && std::chrono::steady_clock::now() < end) {
            context.restart();
            context.run_one_for(std::chrono::milliseconds(100));
        }
        return condition();
    }

    asio::io_context context;
    test::LoopbackRelay relay{context};
    std::size_t reads = 0;
    std::optional<std::string> closed;
    std::vector<test::TurnServer::Sent> came;
};

TEST_F(RelayedPortTest, carries_datagrams_both_ways_and_is_given_back) {
    auto port = port_at(relay.endpoint());
    ASSERT_TRUE(run_until([&] { return port->local().port != 0; }));
    EXPECT_EQ(port->local(), relay.turn.lends);
    const Endpoint peer = *Endpoint::parse("198.51.100.7:6881");
    const Bytes datagram(1452, 7);
    for (int at = 0; at < 20; ++at) port->send(peer, datagram);
    ASSERT_TRUE(run_until([&] { return relay.turn.sent.size() == 20; }));
    EXPECT_EQ(relay.turn.sent[0].datagram, datagram);
    relay.write(relay.turn.deliver(peer, datagram));
    ASSERT_TRUE(run_until([&] { return reads > 0 && !came.empty(); }));
    EXPECT_EQ(came[0].to, peer);
    EXPECT_EQ(came[0].datagram, datagram);
    port.reset();
    ASSERT_TRUE(run_until([&] { return relay.gone; }));
    EXPECT_EQ(relay.turn.returned, 1u);
    EXPECT_EQ(closed, std::nullopt);
}

TEST_F(RelayedPortTest, says_why_it_is_over) {
    const auto wrong = port_at(relay.endpoint(), "other");
    ASSERT_TRUE(run_until([&] { return closed.has_value(); }));
    EXPECT_EQ(*closed, "it refuses our user and password");
}

TEST_F(RelayedPortTest, says_that_nobody_is_there) {
    tcp::acceptor nobody(context, tcp::endpoint(asio::ip::address_v4::loopback(), 0));
    const Endpoint place = Endpoint::v4(0x7f000001, nobody.local_endpoint().port());
    nobody.close();
    const auto port = port_at(place);
    ASSERT_TRUE(run_until([&] { return closed.has_value(); }));
    EXPECT_TRUE(closed->starts_with("it can't be reached: ")) << *closed;
    EXPECT_EQ(port->local(), Endpoint{});
}

TEST_F(RelayedPortTest, says_that_the_relay_went) {
    const auto port = port_at(relay.endpoint());
    ASSERT_TRUE(run_until([&] { return port->local().port != 0; }));
    relay.hang_up();
    ASSERT_TRUE(run_until([&] { return closed.has_value(); }));
    EXPECT_TRUE(closed->starts_with("it closed the connection")) << *closed;
    port->send(*Endpoint::parse("198.51.100.7:6881"), Bytes{1});  // dropped
    EXPECT_EQ(port->local(), Endpoint{});
}

TEST_F(RelayedPortTest, a_relay_that_does_not_read_costs_bounded_memory) {
    relay.reads = false;
    relay.turn.refuses_with = 0;
    auto port = port_at(relay.endpoint());
    relay.reads = true;
    ASSERT_TRUE(run_until([&] { return port->local().port != 0; }));
    relay.reads = false;
    const Endpoint peer = *Endpoint::parse("198.51.100.7:6881");
    const Bytes datagram(1400, 1);
    for (int at = 0; at < 20'000; ++at) {
        port->send(peer, datagram);
        if (at % 64 == 0) context.poll();
    }
    EXPECT_GT(port->dropped(), 0u);
    EXPECT_EQ(closed, std::nullopt);
}

TEST_F(RelayedPortTest, a_socket_sends_through_it_what_leaves_the_site_and_nothing_else) {
    const auto port = port_at(relay.endpoint());
    ASSERT_TRUE(run_until([&] { return port->local().port != 0; }));
    io::UdpTransport socket(context), neighbour(context);
    ASSERT_EQ(socket.open(Endpoint::v4(0x7f000001, 0)), std::nullopt);
    ASSERT_EQ(neighbour.open(Endpoint::v4(0x7f000001, 0)), std::nullopt);
    socket.go_through(port.get());
    Transmit transmit;
    transmit.size = 5;
    transmit.to.remote = *Endpoint::parse("198.51.100.7:6881");
    socket.send(transmit);
    socket.send_burst(transmit.to.remote, Bytes{1, 2, 3});
    transmit.to.remote = neighbour.local();
    socket.send(transmit);
    socket.flush();
    ASSERT_TRUE(run_until([&] { return relay.turn.sent.size() == 2; }));
    EXPECT_EQ(socket.counters().sent, 1u);
    EXPECT_EQ(socket.counters().outside_sent, 0u);

    bool ready = false;
    neighbour.on_ready([&] { ready = true; });
    neighbour.wait();
    ASSERT_TRUE(run_until([&] { return ready; }));
    EXPECT_EQ(neighbour.receive().size(), 1u);

    std::size_t turns = 0;
    std::vector<Endpoint> from;
    socket.on_ready([&] {
        ++turns;
        for (bool more = true; more;) {
            const auto received = socket.receive();
            for (const auto& one : received) from.push_back(one.from.remote);
            more = received.size() == io::UdpTransport::kBatch;
        }
        socket.wait();
    });
    socket.wait();
    const Endpoint peer = *Endpoint::parse("198.51.100.9:1");
    for (std::size_t at = 0; at < io::UdpTransport::kBatch + 3; ++at)
        socket.take_relayed(peer, Bytes{1});
    socket.relayed_ready();
    EXPECT_EQ(turns, 1u);
    EXPECT_EQ(from.size(), io::UdpTransport::kBatch + 3);
    // The socket's own datagrams still come, and more than may wait are dropped.
    transmit.to.remote = socket.local();
    neighbour.send(transmit);
    neighbour.flush();
    ASSERT_TRUE(run_until([&] { return from.size() == io::UdpTransport::kBatch + 4; }));
    for (std::size_t at = 0; at < io::UdpTransport::kRelayedMax + 10; ++at)
        socket.take_relayed(peer, Bytes{1});
    EXPECT_EQ(socket.counters().dropped_relayed, 10u);
    socket.go_through(nullptr);
    EXPECT_FALSE(socket.relayed());
}

// A relay says who sent something. Neighbours get more than strangers, and they are not behind it.
TEST_F(RelayedPortTest, a_socket_takes_nothing_from_it_that_can_not_have_come_over_the_internet) {
    io::UdpTransport socket(context);
    ASSERT_EQ(socket.open(Endpoint::v4(0x7f000001, 0)), std::nullopt);
    for (const char* from : {"127.0.0.1:1", "192.168.1.7:6881", "169.254.0.1:1", "224.0.0.1:1",
                             "[2001:db8::1]:1", "198.51.100.7:0"}) {
        const Endpoint said = Endpoint::parse(from).value_or(Endpoint::v4(0xc6336407, 0));
        socket.take_relayed(said, Bytes{1});
    }
    socket.take_relayed(*Endpoint::parse("198.51.100.7:1"),
                        Bytes(io::UdpTransport::kDatagramBytesMax + 1, 1));
    EXPECT_EQ(socket.counters().dropped_relayed, 7u);
    EXPECT_TRUE(socket.receive().empty());
}

}  // namespace
}  // namespace sov::app
