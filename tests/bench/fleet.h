#pragma once

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <ctime>
#include <memory>
#include <optional>
#include <vector>

#include "daemon/core/base/contact_book.h"
#include "daemon/core/node.h"
#include "daemon/io/node_driver.h"
#include "platform/openssl/host_crypto.h"
#include "tests/bench/measure.h"

// Real nodes with real sockets, many in one process.

namespace sov::bench {

inline NetworkId bench_network() {
    NetworkId network;
    network.bytes.fill(0x5e);
    return network;
}

/// What all nodes of one process share: one thread, one loop, one cryptography.
struct Ground {
    boost::asio::io_context context{1};
    openssl::HostCrypto crypto;
    ContactBook book;
    PacketPool packets;
};

/// One node on the loopback interface.
class Host {
  public:
    using Sink = io::NodeDriver::EventSink;

    Host(
        Ground& ground, std::optional<Contact> bootstrap, Sink sink = [](Instant, Event) {})
        : bootstrap_(bootstrap) {
        NodeOptions options;
        identity::Secret32 seed;
        ground.crypto.fill_random(seed);
        options.user_key = ground.crypto.make_signing_key(seed);
        ground.crypto.fill_random(seed);
        options.node_key = ground.crypto.make_signing_key(seed);
        options.network = bench_network();
        options.mode = NodeMode::kServer;
        options.ipv6 = false;
        // The time to make a key is no part of any figure here.
        options.key_work_bits = 0;
        options.name_work_bits = 0;
        options.routine_events = false;

        std::array<std::uint8_t, 8> node_seed{};
        ground.crypto.fill_random(node_seed);
        node_ = std::make_unique<Node>(
            Surroundings{ground.crypto, ground.book, ground.packets}, options, RestoredState{},
            static_cast<UnixMillis>(std::time(nullptr)) * 1000, load_u64(node_seed.data()));
        auto transport = std::make_unique<io::UdpTransport>(ground.context);
        const auto problem = transport->open(Endpoint::v4(0x7f000001, 0));
        require(!problem, problem ? problem->c_str() : "");
        endpoint_ = transport->local();
        io::NodeDriver::Transports transports;
        transports.push_back(std::move(transport));
        driver_ = std::make_unique<io::NodeDriver>(ground.context, *node_, std::move(transports),
                                                   std::move(sink));
    }

    void start() {
        driver_->start();
        if (bootstrap_) {
            driver_->post([contact = *bootstrap_](Instant now, Node& node) {
                node.handle_sighting(now, {Sighting::Source::kPinned, contact});
            });
        }
    }

    Node& node() { return *node_; }
    io::NodeDriver& driver() { return *driver_; }
    Contact contact() const { return Contact::of(node_->node_key(), endpoint_); }

  private:
    std::optional<Contact> bootstrap_;
    Endpoint endpoint_;
    std::unique_ptr<Node> node_;
    std::unique_ptr<io::NodeDriver> driver_;
};

/// What a fleet tells its parent.
struct FleetReport {
    static constexpr std::size_t kNodesMax = 1024;
    std::atomic<std::uint32_t> first_ready = 0;  ///< `contacts[0]` may be read
    std::atomic<std::uint32_t> nodes = 0;        ///< started so far
    std::atomic<std::uint32_t> joined = 0;       ///< with 20 good contacts
    std::array<Contact, kNodesMax> contacts;
    std::array<PeerId, kNodesMax> peers;
};

/// Runs `count` nodes on this thread for ever. The first one takes `bootstrap`, the others join
/// through it, or through the first when there is none.
[[noreturn]] inline void run_fleet(std::size_t count, std::optional<Contact> bootstrap,
                                   FleetReport& report) {
    Ground ground;
    std::vector<std::unique_ptr<Host>> hosts;
    hosts.reserve(count);
    for (std::size_t at = 0; at < count; ++at) {
        hosts.push_back(std::make_unique<Host>(ground, bootstrap));
        if (!bootstrap) bootstrap = hosts.front()->contact();
        report.contacts[at] = hosts.back()->contact();
        report.peers[at] = hosts.back()->node().peer_id();
        hosts.back()->start();
        report.nodes = static_cast<std::uint32_t>(at + 1);
        report.first_ready = 1;
        ground.context.poll();
    }
    const std::size_t wanted = std::min<std::size_t>(20, count - 1);
    boost::asio::steady_timer timer(ground.context);
    std::function<void()> look = [&] {
        std::uint32_t joined = 0;
        for (const auto& host : hosts) {
            const NodeStatus status = host->node().status(host->driver().now());
            if (status.v4.table_nodes >= wanted) ++joined;
        }
        report.joined = joined;
        if (joined == count) return;
        timer.expires_after(std::chrono::milliseconds(20));
        timer.async_wait([&](const boost::system::error_code&) { look(); });
    };
    look();
    for (;;) ground.context.run_one();
}

}  // namespace sov::bench
