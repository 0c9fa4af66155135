// OpenDHT's part of the comparison: tests/bench/comparison.h says what is done.

#include <arpa/inet.h>
#include <opendht.h>

#include <future>
#include <thread>

#include "tests/bench/comparison.h"

namespace {

using namespace sov::bench;

// Everything as shipped, but without its limits of requests a second: one address is all it sees.
std::unique_ptr<dht::DhtRunner> start_node() {
    auto node = std::make_unique<dht::DhtRunner>();
    dht::DhtRunner::Config config;
    config.dht_config.node_config.network = 0x5e;
    config.dht_config.node_config.max_req_per_sec = -1;
    config.dht_config.node_config.max_peer_req_per_sec = -1;
    config.threaded = true;
    config.bind4.setFamily(AF_INET);
    config.bind4.setAddress("127.0.0.1");
    config.bind4.setPort(0);
    node->run(config, {});
    return node;
}

void bootstrap(dht::DhtRunner& node, const Door& door) {
    in_port_t port = 0;
    std::memcpy(&port, door.data(), sizeof port);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(port);
    node.bootstrap(dht::SockAddr(reinterpret_cast<const sockaddr*>(&address), sizeof address));
}

Door door_to(const dht::DhtRunner& node) {
    Door door{};
    const in_port_t port = node.getBoundPort(AF_INET);
    std::memcpy(door.data(), &port, sizeof port);
    return door;
}

std::size_t good_contacts_of(const dht::DhtRunner& node) {
    return node.getNodesStats(AF_INET).good_nodes;
}

class OpenDhtClient final : public Client {
  public:
    explicit OpenDhtClient(const Door& door) : node_(start_node()) { bootstrap(*node_, door); }

    std::size_t good_contacts() override { return good_contacts_of(*node_); }
    Outcome put(const Item& item) override {
        std::promise<bool> done;
        const auto start = Clock::now();
        node_->put(key_of(item), dht::Value(item.data(), item.size()),
                   [&](bool success) { done.set_value(success); });
        const bool ok = done.get_future().get();
        return {ok, milliseconds_since(start)};
    }
    Outcome get(const Item& item) override {
        // The first copy is what counts; the callbacks go on after it, so they own what they touch.
        struct Answer {
            std::promise<bool> first;
            std::atomic<bool> told = false;
            void tell(bool found) {
                if (!told.exchange(true)) first.set_value(found);
            }
        };
        const auto answer = std::make_shared<Answer>();
        const auto start = Clock::now();
        node_->get(
            key_of(item),
            [answer, item](const std::shared_ptr<dht::Value>& value) {
                const bool same =
                    std::equal(value->data.begin(), value->data.end(), item.begin(), item.end());
                if (same) answer->tell(true);
                return !same;
            },
            [answer](bool) { answer->tell(false); });
        const bool found = answer->first.get_future().get();
        return {found, milliseconds_since(start)};
    }

  private:
    static dht::InfoHash key_of(const Item& item) {
        return dht::InfoHash::get(item.data(), item.size());
    }

    std::unique_ptr<dht::DhtRunner> node_;
};

class OpenDht final : public System {
  public:
    const char* version() override { return "OpenDHT " SOV_OTHER_VERSION; }

    [[noreturn]] void run_fleet(std::size_t count, const Door* door, Board& board) override {
        std::vector<std::unique_ptr<dht::DhtRunner>> nodes;
        for (std::size_t at = 0; at < count; ++at) {
            nodes.push_back(start_node());
            if (at == 0) {
                board.door = door_to(*nodes.front());
                board.open = 1;
            }
            if (door != nullptr || at > 0) bootstrap(*nodes.back(), door ? *door : board.door);
        }
        for (;;) {
            std::uint32_t joined = 0;
            for (const auto& node : nodes) joined += good_contacts_of(*node) >= kContactsWanted;
            board.joined = joined;
            if (joined == count) break;
            usleep(100'000);
        }
        for (;;) pause();
    }
    std::unique_ptr<Client> make_client(const Door& door) override {
        return std::make_unique<OpenDhtClient>(door);
    }
};

}  // namespace

int main(int argc, char** argv) {
    OpenDht system;
    return run_comparison(argc, argv, system);
}
