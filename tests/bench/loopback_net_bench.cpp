// A network of real nodes on the loopback interface: how fast a newcomer joins it, what its lookups
// and publications cost, and what is left of both right after half of all nodes are killed.
//
//   loopback_net_bench [NODES]           prints Markdown tables; 128 nodes by default
//   loopback_net_bench --memory          prints the resident memory of one node and of each further
//   one
//   loopback_net_bench --fleet NODES     runs until it is killed; prints how to join

#include <cstdlib>
#include <cstring>
#include <thread>

#include "daemon/core/identity/peer_name.h"
#include "tests/bench/fleet.h"

namespace {

using namespace sov;
using namespace sov::bench;

constexpr int kJoins = 9;
constexpr int kLookups = 180;
constexpr int kMisses = 36;
constexpr int kPublications = 60;
constexpr int kAfterTheKill = 15;

// The node of this process, asked one thing at a time.
class Asker {
  public:
    explicit Asker(const Contact& bootstrap)
        : host_(ground_, bootstrap, [this](Instant, Event event) { take(std::move(event)); }) {
        host_.start();
    }

    bool join(std::size_t contacts, std::chrono::seconds patience) {
        const auto start = Clock::now();
        while (host_.node().status(host_.driver().now()).v4.table_nodes < contacts) {
            if (Clock::now() - start > patience) return false;
            ground_.context.run_one_for(std::chrono::milliseconds(1));
        }
        return true;
    }

    struct Answer {
        bool ok = false;
        double milliseconds = 0;
        std::size_t stored = 0;
    };
    Answer find(const PeerId& peer) {
        return ask([peer](Instant now, Node& node) { return node.find_peer(now, peer, false); });
    }
    Answer get(const Key& key) {
        return ask([key](Instant now, Node& node) { return node.get(now, key, false); });
    }
    Answer put(const identity::SigningKey& owner, std::uint64_t sequence) {
        const Key key = peer_key(owner);
        identity::PeerRecord body;
        body.head = {identity::RecordKind::kPeer, false, PeerId{owner.public_key}, sequence,
                     std::chrono::minutes(20)};
        body.nodes.push_back({host_.node().node_key(), {Endpoint::v4(0x7f000001, 6881)}});
        const Bytes record = identity::encode_record(ground_.crypto, owner, bench_network(), body);
        return ask([key, record](Instant now, Node& node) { return node.put(now, key, record); });
    }
    identity::SigningKey make_owner() {
        identity::Secret32 seed;
        ground_.crypto.fill_random(seed);
        return ground_.crypto.make_signing_key(seed);
    }
    Key peer_key(const identity::SigningKey& owner) {
        return identity::peer_key(ground_.crypto, PeerId{owner.public_key});
    }
    Key random_key() {
        Key key;
        ground_.crypto.fill_random(key.bytes);
        return key;
    }
    void run_for(std::chrono::milliseconds time) { ground_.context.run_for(time); }
    /// Says goodbye, or the network would be full of dead newcomers when the rest is measured.
    void leave() {
        host_.driver().post([](Instant now, Node& node) { node.withdraw(now); });
        const auto start = Clock::now();
        do {
            ground_.context.run_one_for(std::chrono::milliseconds(1));
        } while (!host_.node().withdrawn() && milliseconds_since(start) < 500);
    }

  private:
    Answer ask(const std::function<CommandId(Instant, Node&)>& command) {
        answer_.reset();
        const auto start = Clock::now();
        host_.driver().post(
            [this, &command](Instant now, Node& node) { asked_ = command(now, node); });
        while (!answer_) ground_.context.run_one();
        answer_->milliseconds = milliseconds_since(start);
        return *answer_;
    }

    void take(Event event) {
        if (const auto* found = std::get_if<FindFinished>(&event)) {
            finish(found->command, !found->found.error, 0);
        } else if (const auto* gotten = std::get_if<GetFinished>(&event)) {
            finish(gotten->command, !gotten->gotten.error && !gotten->gotten.records.empty(), 0);
        } else if (const auto* published = std::get_if<PublishFinished>(&event)) {
            finish(published->command, !published->published.error, published->published.stored);
        }
    }
    void finish(CommandId command, bool ok, std::size_t stored) {
        if (command == asked_) answer_ = Answer{ok, 0, stored};
    }

    Ground ground_;
    Host host_;
    CommandId asked_{};
    std::optional<Answer> answer_;
};

struct Series {
    std::vector<double> times;
    int ok = 0, asked = 0;

    void add(const Asker::Answer& answer) {
        times.push_back(answer.milliseconds);
        ok += answer.ok ? 1 : 0;
        ++asked;
    }
    std::string quantiles() const {
        return text("%.2f / %.2f / %.2f", quantile(times, 0.5), quantile(times, 0.9),
                    quantile(times, 0.99));
    }
    std::string success() const { return text("%d/%d", ok, asked); }
};

struct Network {
    Shared<FleetReport> stays, dies;
    Child staying, dying;

    explicit Network(std::size_t nodes) {
        const std::size_t half = nodes / 2;
        staying = Child([&] { run_fleet(half, std::nullopt, *stays); });
        require(wait_for([&] { return stays->first_ready == 1; }, std::chrono::seconds(10)),
                "the first node did not start");
        dying = Child([&] { run_fleet(nodes - half - 1, stays->contacts[0], *dies); });
        require(wait_for([&] { return stays->joined == half && dies->joined == nodes - half - 1; },
                         std::chrono::seconds(120)),
                "the network did not form");
    }
};

// From the program's start to 20 good contacts, in a process of its own.
int join_and_leave(const char* bootstrap_hex, const char* port, const char* started_at) {
    Contact bootstrap;
    bootstrap.key = NodeKey::from(*from_hex(bootstrap_hex));
    bootstrap = Contact::of(bootstrap.key,
                            Endpoint::v4(0x7f000001, static_cast<std::uint16_t>(std::atoi(port))));
    Asker asker(bootstrap);
    if (!asker.join(20, std::chrono::seconds(30))) return 1;
    timespec now{};
    clock_gettime(CLOCK_MONOTONIC, &now);
    const double ended =
        static_cast<double>(now.tv_sec) * 1e3 + static_cast<double>(now.tv_nsec) / 1e6;
    std::printf("%.3f\n", ended - std::atof(started_at));
    asker.leave();
    return 0;
}

double time_to_join(const char* program, const Contact& bootstrap) {
    timespec now{};
    clock_gettime(CLOCK_MONOTONIC, &now);
    const double started =
        static_cast<double>(now.tv_sec) * 1e3 + static_cast<double>(now.tv_nsec) / 1e6;
    const std::string command = text("%s --join %s %u %.3f", program, bootstrap.key.hex().c_str(),
                                     unsigned{bootstrap.v4.port}, started);
    FILE* pipe = popen(command.c_str(), "r");
    double took = 0;
    const bool read = pipe != nullptr && std::fscanf(pipe, "%lf", &took) == 1;
    if (pipe != nullptr) pclose(pipe);
    return read ? took : -1;
}

void measure_network(const char* program, std::size_t nodes) {
    const auto forming = Clock::now();
    Network network(nodes);
    const double formed_ms = milliseconds_since(forming);

    std::vector<double> joins;
    int joined = 0;
    for (int at = 0; at < kJoins; ++at) {
        const double took = time_to_join(program, network.stays->contacts[0]);
        if (took >= 0) joins.push_back(took), ++joined;
    }

    Asker asker(network.stays->contacts[0]);
    require(asker.join(20, std::chrono::seconds(30)), "the asker did not join");
    asker.run_for(std::chrono::milliseconds(500));

    Series found, missed, published, older, published_after, found_after;
    const auto half = network.stays->nodes.load();
    for (int at = 0; at < kLookups; ++at) {
        const auto index = static_cast<std::size_t>(at * 7);
        const bool other = at % 2 == 1;
        const PeerId& peer = other ? network.dies->peers[index % network.dies->nodes]
                                   : network.stays->peers[index % half];
        found.add(asker.find(peer));
    }
    for (int at = 0; at < kMisses; ++at) missed.add(asker.get(asker.random_key()));

    std::vector<identity::SigningKey> owners;
    for (int at = 0; at < kPublications; ++at) {
        owners.push_back(asker.make_owner());
        published.add(asker.put(owners.back(), 1));
    }
    const auto key_of = [&](const identity::SigningKey& owner) { return asker.peer_key(owner); };
    Series before;
    for (const auto& owner : owners) before.add(asker.get(key_of(owner)));

    network.dying.end(SIGKILL);
    std::vector<identity::SigningKey> late;
    for (int at = 0; at < kAfterTheKill; ++at) {
        late.push_back(asker.make_owner());
        published_after.add(asker.put(late.back(), 1));
    }
    for (const auto& owner : owners) older.add(asker.get(key_of(owner)));
    for (const auto& owner : late) found_after.add(asker.get(key_of(owner)));

    heading(
        {text("%zu nodes on loopback", nodes), "p50 / p90 / p99 ms", "succeeded", "bar, p50 ms"});
    row({"process start to 20 good contacts",
         text("%.1f / %.1f / %.1f", quantile(joins, 0.5), quantile(joins, 0.9),
              quantile(joins, 0.99)),
         text("%d/%d", joined, kJoins), "60"});
    row({"find a peer, warm", found.quantiles(), found.success(), "0.3"});
    row({"full miss", missed.quantiles(), text("%d/%d", missed.asked - missed.ok, missed.asked),
         "0.8"});
    row({"publish", published.quantiles(), published.success(), "2.0"});
    row({"get what was published", before.quantiles(), before.success(), ""});
    row({"publish right after half of the nodes were killed", published_after.quantiles(),
         published_after.success(), "230"});
    row({"older records after the kill", older.quantiles(), older.success(), "all found"});
    row({"records published after the kill", found_after.quantiles(), found_after.success(),
         "all found"});
    std::printf(
        "\nThe whole network of %zu nodes, two processes, had 20 good contacts each after %.0f "
        "ms.\n",
        nodes, formed_ms);
}

double settled_kilobytes(std::size_t nodes) {
    Shared<FleetReport> report;
    const Child fleet([&] { run_fleet(nodes, std::nullopt, *report); });
    require(wait_for([&] { return report->joined == nodes; }, std::chrono::seconds(120)),
            "the network did not form");
    sleep(3);
    return fleet.resident_kilobytes();
}

void measure_memory() {
    const double one = settled_kilobytes(1);
    const double few = settled_kilobytes(32);
    const double many = settled_kilobytes(128);
    heading({"resident memory in one process", "kB", "bar"});
    row({"of one node", thousands(one), ""});
    row({"of each further node, 32 to 128", text("%.0f", (many - few) / 96), "73"});
}

[[noreturn]] void be_a_fleet(std::size_t nodes) {
    require(nodes >= 2 && nodes <= FleetReport::kNodesMax, "NODES must be 2 to 1024");
    static FleetReport report;
    std::thread([] {
        while (report.first_ready == 0) usleep(1000);
        const Contact& first = report.contacts[0];
        std::puts(identity::bootstrap_text(first.key, {first.v4}).c_str());
        std::fflush(stdout);
    }).detach();
    run_fleet(nodes, std::nullopt, report);
}

}  // namespace

int main(int argc, char** argv) {
    if (argc == 5 && std::strcmp(argv[1], "--join") == 0) {
        return join_and_leave(argv[2], argv[3], argv[4]);
    }
    if (argc == 2 && std::strcmp(argv[1], "--memory") == 0) {
        measure_memory();
        return 0;
    }
    if (argc == 3 && std::strcmp(argv[1], "--fleet") == 0)
        be_a_fleet(static_cast<std::size_t>(std::atoi(argv[2])));
    const int nodes = argc > 1 ? std::atoi(argv[1]) : 128;
    require(nodes >= 44 && nodes <= static_cast<int>(FleetReport::kNodesMax),
            "NODES must be 44 to 1024");
    measure_network(argv[0], static_cast<std::size_t>(nodes));
}
