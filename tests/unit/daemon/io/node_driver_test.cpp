#include "daemon/io/node_driver.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <thread>

#include "daemon/core/base/contact_book.h"
#include "platform/openssl/host_crypto.h"

namespace sov::io {
namespace {

constexpr std::chrono::seconds kMeetingPatience{10};

struct Ground {
    boost::asio::io_context context;
    openssl::HostCrypto crypto;
    ContactBook book;
    PacketPool packets;
};

/// A node that serves, with a real socket on loopback.
struct Driven {
    explicit Driven(Ground& ground)
        : node({ground.crypto, ground.book, ground.packets}, options(ground.crypto), {}, 0, 1) {
        auto transport = std::make_unique<UdpTransport>(ground.context);
        EXPECT_EQ(transport->open(Endpoint::v4(0x7f000001, 0)), std::nullopt);
        endpoint = transport->local();
        NodeDriver::Transports transports;
        transports.push_back(std::move(transport));
        driver = std::make_unique<NodeDriver>(
            ground.context, node, std::move(transports),
            [this](Instant, Event event) { events.push_back(std::move(event)); });
    }

    static NodeOptions options(identity::Crypto& crypto) {
        NodeOptions options;
        identity::Secret32 seed;
        crypto.fill_random(seed);
        options.user_key = crypto.make_signing_key(seed);
        crypto.fill_random(seed);
        options.node_key = crypto.make_signing_key(seed);
        options.mode = NodeMode::kServer;
        options.ipv6 = false;
        options.key_work_bits = 0;
        return options;
    }

    template <typename Wanted>
    const Wanted* event() const {
        for (const Event& seen : events) {
            if (const auto* found = std::get_if<Wanted>(&seen)) return found;
        }
        return nullptr;
    }

    Node node;
    Endpoint endpoint;
    std::vector<Event> events;
    std::unique_ptr<NodeDriver> driver;
};

void run_until(Ground& ground, const std::function<bool()>& done) {
    const auto end = std::chrono::steady_clock::now() + kMeetingPatience;
    while (!done() && std::chrono::steady_clock::now() < end) {
        ground.context.restart();
        ground.context.run_one_for(std::chrono::milliseconds(50));
    }
    ASSERT_TRUE(done());
}

TEST(NodeDriver, two_nodes_meet_and_find_each_other_over_real_sockets) {
    Ground ground;
    Driven a(ground), b(ground);
    a.driver->start();
    b.driver->start();
    const Contact contact = Contact::of(a.node.node_key(), a.endpoint);
    b.driver->post([&](Instant now, Node& node) {
        node.handle_sighting(now, {Sighting::Source::kPinned, contact});
    });
    const auto joined = [&] { return b.node.status(b.driver->now()).v4.table_nodes == 1; };
    run_until(ground, joined);

    // The newcomer stores its record at the other, which then knows where it is.
    run_until(ground, [&] { return !a.node.held_records(a.driver->now()).empty(); });
    a.driver->post([&](Instant now, Node& node) { node.find_peer(now, b.node.peer_id(), false); });
    run_until(ground, [&] { return a.event<FindFinished>() != nullptr; });
    EXPECT_EQ(a.event<FindFinished>()->found.error, std::nullopt);
}

TEST(NodeDriver, runs_posted_work_on_its_own_thread_in_order) {
    Ground ground;
    Driven driven(ground);
    driven.driver->start();
    std::vector<int> order;
    std::thread::id worker;
    const auto home = std::this_thread::get_id();
    std::thread other([&] {
        for (int at = 0; at < 100; ++at) {
            driven.driver->post([&order, &worker, at](Instant, Node&) {
                order.push_back(at);
                worker = std::this_thread::get_id();
            });
        }
    });
    other.join();
    run_until(ground, [&] { return order.size() == 100; });
    EXPECT_TRUE(std::is_sorted(order.begin(), order.end()));
    EXPECT_EQ(worker, home);
}

TEST(NodeDriver, does_not_touch_the_node_after_stop) {
    Ground ground;
    Driven driven(ground);
    driven.driver->start();
    int ran = 0;
    driven.driver->post([&](Instant, Node&) { ++ran; });
    driven.driver->stop();
    driven.driver->post([&](Instant, Node&) { ++ran; });
    ground.context.restart();
    ground.context.run_for(kMeetingPatience);  // ends at once: nothing is left to wait for
    EXPECT_EQ(ran, 0);
}

TEST(NodeDriver, work_that_outlives_the_driver_is_dropped) {
    Ground ground;
    int ran = 0;
    {
        Driven driven(ground);
        driven.driver->start();
        driven.driver->post([&](Instant, Node&) { ++ran; });
    }
    ground.context.restart();
    ground.context.run_for(kMeetingPatience);
    EXPECT_EQ(ran, 0);
}

/// Takes what begins with 0xff.
class Neighbour final : public Companion {
  public:
    std::vector<Bytes> taken;
    int settled = 0, timeouts = 0;
    Instant due = kNever;

    bool claims(ByteView datagram) const override { return datagram[0] == 0xff; }
    void handle_datagram(Instant, UdpTransport&, const Endpoint&, ByteView datagram) override {
        taken.push_back(to_bytes(datagram));
    }
    void handle_timeout(Instant) override {
        ++timeouts;
        due = kNever;
    }
    void settle(Instant) override { ++settled; }
    Instant next_timeout() const override { return due; }
};

TEST(NodeDriver, what_was_posted_together_is_one_turn_up_to_a_bound) {
    Ground ground;
    Driven driven(ground);
    Neighbour neighbour;
    driven.driver->share_with(neighbour);
    driven.driver->start();
    const int settled = neighbour.settled;
    std::vector<int> order;
    for (int at = 0; at < 100; ++at)
        driven.driver->post([&order, at](Instant, Node&) { order.push_back(at); });
    run_until(ground, [&] { return order.size() == 100; });
    EXPECT_TRUE(std::is_sorted(order.begin(), order.end()));
    EXPECT_LE(neighbour.settled - settled, 10) << "not a turn for each";
    EXPECT_GE(neighbour.settled - settled, 2) << "others get theirs in between";
}

TEST(NodeDriver, nothing_runs_behind_work_that_stops_it) {
    Ground ground;
    Driven driven(ground);
    driven.driver->start();
    int ran = 0;
    driven.driver->post([&](Instant, Node&) { driven.driver->stop(); });
    driven.driver->post([&](Instant, Node&) { ++ran; });
    ground.context.restart();
    ground.context.run_for(kMeetingPatience);
    EXPECT_EQ(ran, 0);
}

TEST(NodeDriver, shares_its_sockets_and_its_timer_with_a_companion) {
    Ground ground;
    Driven driven(ground);
    Neighbour neighbour;
    driven.driver->share_with(neighbour);
    driven.driver->start();
    UdpTransport other(ground.context);
    ASSERT_EQ(other.open(Endpoint::v4(0x7f000001, 0)), std::nullopt);
    other.send_burst(driven.endpoint, Bytes(100, 0xff));
    other.send_burst(driven.endpoint, Bytes(100, 0x00));
    other.flush();
    run_until(ground, [&] { return driven.node.counters().datagrams_in > 0; });
    ASSERT_EQ(neighbour.taken.size(), 1U);
    EXPECT_EQ(neighbour.taken[0], Bytes(100, 0xff));
    EXPECT_EQ(driven.node.counters().datagrams_in, 1U) << "the node sees the rest, and only that";

    const int settled = neighbour.settled;
    neighbour.due = driven.driver->now() + std::chrono::milliseconds{1};
    driven.driver->post([](Instant, Node&) {});
    run_until(ground, [&] { return neighbour.timeouts == 1; });
    EXPECT_GE(neighbour.settled, settled + 2) << "after posted work and after a time-out";
}

}  // namespace
}  // namespace sov::io
