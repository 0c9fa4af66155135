// Our part of the comparison with other distributed hash tables: tests/bench/comparison.h says what
// is done, tests/bench/compare does it.

#include "tests/bench/comparison.h"

#include "daemon/core/identity/values.h"
#include "tests/bench/fleet.h"

namespace {

using namespace sov;
using namespace sov::bench;

Door door_to(const Contact& contact) {
    Door door{};
    std::copy(contact.key.bytes.begin(), contact.key.bytes.end(), door.begin());
    store_u16(&door[32], contact.v4.port);
    return door;
}
Contact contact_of(const Door& door) {
    NodeKey key;
    std::copy_n(door.begin(), 32, key.bytes.begin());
    return Contact::of(key, Endpoint::v4(0x7f000001, load_u16(&door[32])));
}

class OurClient final : public Client {
  public:
    OurClient(Ground& ground, const Contact& bootstrap)
        : ground_(ground),
          host_(ground, bootstrap, [this](Instant, Event event) { take(std::move(event)); }) {
        host_.start();
    }

    std::size_t good_contacts() override {
        return host_.node().status(host_.driver().now()).v4.table_nodes;
    }
    // At the default level: three replicas have signed for it.
    Outcome put(const Item& item) override {
        return ask(item, [&](Instant now, Node& node) {
            dht::ValuePut put;
            put.content = to_bytes(item);
            return node.put_value(now, std::move(put));
        });
    }
    Outcome get(const Item& item) override {
        const Key key = identity::content_key(ground_.crypto, item);
        return ask(item, [&](Instant now, Node& node) {
            return node.get_value(now, key, dht::Level::kFast);
        });
    }

  private:
    Outcome ask(const Item& item, const std::function<CommandId(Instant, Node&)>& command) {
        answer_.reset();
        item_ = &item;
        const auto start = Clock::now();
        host_.driver().post(
            [this, &command](Instant now, Node& node) { asked_ = command(now, node); });
        while (!answer_) ground_.context.run_one();
        return {*answer_, milliseconds_since(start)};
    }
    void take(Event event) {
        if (const auto* put = std::get_if<ValuePutFinished>(&event)) {
            if (put->command == asked_) answer_ = !put->published.error;
        } else if (const auto* get = std::get_if<ValueGetFinished>(&event)) {
            if (get->command != asked_) return;
            const Bytes& content = get->gotten.value.content;
            answer_ = !get->gotten.error &&
                      std::equal(content.begin(), content.end(), item_->begin(), item_->end());
        }
    }

    Ground& ground_;
    Host host_;
    CommandId asked_{};
    const Item* item_ = nullptr;
    std::optional<bool> answer_;
};

class Sovereign final : public System {
  public:
    const char* version() override { return "Sovereign"; }

    [[noreturn]] void run_fleet(std::size_t count, const Door* door, Board& board) override {
        Ground ground;
        std::optional<Contact> bootstrap;
        if (door != nullptr) bootstrap = contact_of(*door);
        std::vector<std::unique_ptr<Host>> hosts;
        for (std::size_t at = 0; at < count; ++at) {
            hosts.push_back(std::make_unique<Host>(ground, bootstrap));
            if (!bootstrap) bootstrap = hosts.front()->contact();
            hosts.back()->start();
            board.door = door_to(hosts.front()->contact());
            board.open = 1;
            ground.context.poll();
        }
        for (;;) {
            std::uint32_t joined = 0;
            for (const auto& host : hosts) {
                const NodeStatus status = host->node().status(host->driver().now());
                joined += status.v4.table_nodes >= kContactsWanted ? 1U : 0U;
            }
            board.joined = joined;
            if (joined == count) break;
            ground.context.run_for(std::chrono::milliseconds(20));
        }
        for (;;) ground.context.run_one();
    }

    std::unique_ptr<Client> make_client(const Door& door) override {
        if (!ground_) ground_ = std::make_unique<Ground>();
        return std::make_unique<OurClient>(*ground_, contact_of(door));
    }
    void rest(std::chrono::milliseconds time) override { ground_->context.run_for(time); }

  private:
    std::unique_ptr<Ground> ground_;  ///< of the clients
};

}  // namespace

int main(int argc, char** argv) {
    Sovereign system;
    return run_comparison(argc, argv, system);
}
