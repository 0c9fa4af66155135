// What the first exchange with a stranger costs each side: handshake, FIND_NODE riding in its first
// packet, the answer in its second, and the confirmation.
//
//   handshake_bench              prints a Markdown table: medians of 3 rounds of 400 strangers
//   (min..max)

#include <sys/resource.h>

#include "tests/bench/load.h"

namespace {

using namespace sov;
using namespace sov::bench;

constexpr std::size_t kStrangers = 400;
constexpr std::size_t kAtOnce = 16;
constexpr std::size_t kNeighbours = 40;
constexpr int kRounds = 3;

struct Address {
    std::atomic<bool> ready = false;
    Contact contact;
};

[[noreturn]] void run_node(Address& address) {
    Ground ground;
    Host host(ground, std::nullopt);
    host.start();
    address.contact = host.contact();
    address.ready = true;
    for (;;) ground.context.run_one();
}

double thread_cpu_seconds() {
    timespec used{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
    return static_cast<double>(used.tv_sec) + static_cast<double>(used.tv_nsec) * 1e-9;
}

struct Round {
    double server_us = 0, client_us = 0;
};

// Everything that a client does is inside the measured time, except making its own key and socket.
Round meet_strangers(Ground& ground, const Contact& server, const Child& node) {
    std::vector<std::unique_ptr<SessionClient>> clients;
    for (std::size_t at = 0; at < kStrangers; ++at) {
        clients.push_back(std::make_unique<SessionClient>(ground, server, wire::Kind::kFindNode));
        clients.back()->ride_in_first_packet();
    }
    const Instant now{std::chrono::minutes(5)};
    const double server_before = node.cpu_seconds();
    const double client_before = thread_cpu_seconds();
    double waiting = 0;
    for (std::size_t first = 0; first < kStrangers; first += kAtOnce) {
        for (std::size_t at = first; at < first + kAtOnce; ++at) {
            clients[at]->request(now);
            clients[at]->transport().flush();
        }
        for (std::size_t at = first; at < first + kAtOnce; ++at) {
            SessionClient& client = *clients[at];
            const auto asked = Clock::now();
            while (!client.connected()) {
                require(seconds_since(asked) < 5, "a stranger got no answer");
                const double before = thread_cpu_seconds();
                auto received = client.transport().receive();
                if (received.empty()) waiting += thread_cpu_seconds() - before;
                for (auto& answer : received) (void)client.right_answer(now, answer);
            }
            client.transport().flush();
        }
    }
    const double count = kStrangers;
    return {(node.cpu_seconds() - server_before) / count * 1e6,
            (thread_cpu_seconds() - client_before - waiting) / count * 1e6};
}

}  // namespace

int main() {
    // A socket for each stranger.
    rlimit files{};
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);

    Shared<Address> node_at;
    Shared<FleetReport> fleet_report;
    const Child node([&] { run_node(*node_at); });
    require(wait_for([&] { return node_at->ready.load(); }, std::chrono::seconds(10)),
            "the node did not start");
    const Child fleet([&] { run_fleet(kNeighbours, node_at->contact, *fleet_report); });
    require(wait_for([&] { return fleet_report->joined == kNeighbours; }, std::chrono::seconds(60)),
            "the neighbours did not join");

    Ground ground;
    std::vector<double> server, client;
    for (int round = 0; round < kRounds; ++round) {
        const Round result = meet_strangers(ground, node_at->contact, node);
        server.push_back(result.server_us);
        client.push_back(result.client_us);
    }
    heading({"first exchange with a stranger, round trips 1", "CPU us", "bar"});
    row({"whoever is asked", with_range(server), "200"});
    row({"whoever asks", with_range(client), "200"});
}
