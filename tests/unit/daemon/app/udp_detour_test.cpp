#include "daemon/app/udp_detour.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

#include "tests/unit/daemon/app/loopback_relay.h"

namespace sov::app {
namespace {

namespace asio = boost::asio;

constexpr std::chrono::seconds kDetourPatience{15};
const Endpoint kStranger = *Endpoint::parse("198.51.100.7:6881");

/// A socket on loopback, from where the kernel lets nothing out to the Internet: to whoever uses it
/// that looks as where UDP is blocked.
class UdpDetourTest : public testing::Test {
  protected:
    UdpDetourTest() {
        EXPECT_EQ(socket.open(Endpoint::v4(0x7f000001, 0)), std::nullopt);
        socket.on_ready([] {});
        NamedServer server;
        server.server.kind = ports::IceServer::Kind::kTurnTcp;
        server.server.endpoint = server.at = relay.endpoint();
        server.server.user = "lab";
        server.server.password = "secret";
        server.name = "the relay";
        detour.set_servers({server});
        detour.start({&socket});
    }
    void send_some() {
        for (int at = 0; at < 4; ++at) socket.send_burst(kStranger, Bytes{1, 2, 3});
        socket.flush();
    }
    template <typename Condition>
    [[nodiscard]] bool run_until(Condition condition) {
        const auto end = std::chrono::steady_clock::now() + kDetourPatience;
        while (!condition() && std::chrono::steady_clock::now() < end) {
            context.restart();
            context.run_one_for(std::chrono::milliseconds(100));
        }
        return condition();
    }
    bool logged(const std::string& event) const {
        return std::any_of(lines.begin(), lines.end(), [&](const std::string& line) {
            return line.find(event) != std::string::npos;
        });
    }

    asio::io_context context;
    std::vector<std::string> lines;
    LogSink log{{}, {[this](const std::string& line) { lines.push_back(line); }, nullptr}, [] {
                    return LogSink::Clock::time_point{};
                }};
    std::vector<bool> told;
    test::LoopbackRelay relay{context};
    io::UdpTransport socket{context};
    UdpDetour detour{context, log, 5,
                     [] { return Instant{} + std::chrono::steady_clock::now().time_since_epoch(); },
                     [this](bool relayed) { told.push_back(relayed); }};
};

TEST_F(UdpDetourTest, is_made_where_nothing_comes_back_and_ends_with_its_relay) {
    // Within this site: that it would answer over UDP says nothing about the way out.
    io::UdpTransport stun(context);
    ASSERT_EQ(stun.open(relay.endpoint()), std::nullopt);
    bool asked = false;
    stun.on_ready([&] { asked = true; });
    stun.wait();

    send_some();
    ASSERT_TRUE(run_until([&] { return socket.relayed(); }));
    EXPECT_EQ(detour.relay(), "the relay");
    EXPECT_EQ(told, std::vector<bool>{true});
    EXPECT_TRUE(logged("udp.relayed"));
    EXPECT_FALSE(asked);
    socket.send_burst(kStranger, Bytes{9});
    ASSERT_TRUE(run_until([&] { return relay.turn.sent.size() == 1; }));
    EXPECT_EQ(relay.turn.sent[0].to, kStranger);

    relay.hang_up();
    ASSERT_TRUE(run_until([&] { return !socket.relayed(); }));
    EXPECT_EQ(detour.relay(), "");
    EXPECT_EQ(told, (std::vector<bool>{true, false}));
    EXPECT_TRUE(logged("udp.relay_failed"));
}

TEST_F(UdpDetourTest, is_not_made_while_nothing_is_sent) {
    for (int at = 0; at < 30; ++at) {
        context.restart();
        context.run_one_for(std::chrono::milliseconds(100));
    }
    EXPECT_EQ(relay.turn.allocations, 0u) << "nobody asked for anything";
    EXPECT_FALSE(socket.relayed());
}

TEST_F(UdpDetourTest, a_relay_that_refuses_us_is_told_of_and_left_alone_for_a_while) {
    relay.turn.password = "another";
    send_some();
    ASSERT_TRUE(run_until([&] { return logged("udp.relay_failed"); }));
    EXPECT_FALSE(socket.relayed());
    EXPECT_TRUE(told.empty());
    EXPECT_FALSE(std::any_of(lines.begin(), lines.end(), [](const std::string& line) {
        return line.find("secret") != std::string::npos;
    }));
}

}  // namespace
}  // namespace sov::app
