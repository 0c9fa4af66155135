// What one CPU second of a node serves: FIND_NODE with 20 contacts and PING over established
// sessions, beside two bare servers on the same machine in the same run. The bare ones are sticks
// to measure with: one returns what it gets, the other also opens the request and seals an answer
// of the same size as ours.
//
//   serve_bench [SECONDS]        prints a Markdown table: medians of 3 interleaved rounds
//   (min..max)

#include <poll.h>

#include <cstdlib>

#include "tests/bench/load.h"

namespace {

using namespace sov;
using namespace sov::bench;

constexpr std::size_t kClients = 64;
constexpr std::size_t kWindow = 8;
constexpr std::size_t kNeighbours = 80;
constexpr int kRounds = 3;

struct Address {
    std::atomic<bool> ready = false;
    Endpoint endpoint;
    Contact contact;
};

identity::SealKey bare_key() {
    identity::SealKey key;
    key.bytes.fill(0x11);
    return key;
}

/// Sizes of a request and an answer as they travel.
struct Sizes {
    std::size_t request = 0, answer = 0;
};

// A server that does nothing but the system calls and, when asked, the two AEAD operations.
[[noreturn]] void run_bare_server(std::optional<Sizes> sealed, Address& address) {
    Ground ground;
    io::UdpTransport transport(ground.context);
    const auto problem = transport.open(Endpoint::v4(0x7f000001, 0));
    require(!problem, problem ? problem->c_str() : "");
    address.endpoint = transport.local();
    address.ready = true;

    Transmit answer;
    answer.bytes.fill(0x2b);
    std::uint64_t counter = 0;
    std::function<void()> serve = [&] {
        for (int batch = 0; batch < 8; ++batch) {
            const auto received = transport.receive();
            for (const auto& datagram : received) {
                answer.to = datagram.from;
                if (sealed) {
                    // The tag is wrong on purpose; telling so costs what opening costs.
                    (void)ground.crypto.open(bare_key(), 7, {}, datagram.bytes);
                    answer.size = static_cast<std::uint16_t>(sealed->answer);
                    ground.crypto.seal(bare_key(), ++counter, {},
                                       MutableBytes(answer.bytes).first(answer.size));
                } else {
                    answer.size = static_cast<std::uint16_t>(datagram.bytes.size());
                    std::memcpy(answer.bytes.data(), datagram.bytes.data(), datagram.bytes.size());
                }
                transport.send(answer);
            }
            if (received.size() < io::UdpTransport::kBatch) break;
        }
        transport.flush();
        transport.wait();
    };
    transport.on_ready(serve);
    transport.wait();
    for (;;) ground.context.run_one();
}

[[noreturn]] void run_node(Address& address) {
    Ground ground;
    Host host(ground, std::nullopt);
    host.start();
    address.contact = host.contact();
    address.ready = true;
    for (;;) ground.context.run_one();
}

using Clients = std::vector<std::unique_ptr<LoadClient>>;

Clients plain_clients(Ground& ground, const Endpoint& server, std::size_t size) {
    Clients clients;
    for (std::size_t at = 0; at < kClients; ++at) {
        clients.push_back(
            std::make_unique<PlainClient>(ground, server, static_cast<std::uint16_t>(size)));
    }
    return clients;
}

// Opens the sessions one after the other and waits until FIND_NODE answers with 20 contacts.
Clients session_clients(Ground& ground, const Contact& server, std::size_t count) {
    Clients clients;
    for (std::size_t at = 0; at < count; ++at) {
        auto client = std::make_unique<SessionClient>(ground, server, wire::Kind::kFindNode);
        const auto start = Clock::now();
        Instant now{std::chrono::minutes(1)};
        while (client->contacts() < 20) {
            require(seconds_since(start) < 20, "a client got no answer with 20 contacts");
            now += std::chrono::milliseconds(20);
            client->request(now);
            client->transport().flush();
            pollfd ready{client->transport().native_handle(), POLLIN, 0};
            poll(&ready, 1, 20);
            for (auto& answer : client->transport().receive()) {
                (void)client->right_answer(now, answer);
            }
            client->transport().flush();
        }
        clients.push_back(std::move(client));
    }
    return clients;
}

void ask_for(Clients& clients, wire::Kind kind) {
    for (auto& client : clients) static_cast<SessionClient&>(*client).set_kind(kind);
}

std::string ratio(const std::vector<double>& ours, const std::vector<double>& other) {
    return text("%.2f", median(ours) / median(other));
}

}  // namespace

int main(int argc, char** argv) {
    const double length = argc > 1 ? std::atof(argv[1]) : 1.0;
    // 100 B of request and 20 contacts of 39 bytes in an answer, both as padded and sealed by a
    // session.
    const Sizes find_node{93, 861}, ping{93, 93};

    Shared<Address> echo_at, sealed_find_at, sealed_ping_at, node_at;
    Shared<FleetReport> fleet_report;
    const Child echo([&] { run_bare_server(std::nullopt, *echo_at); });
    const Child sealed_find([&] { run_bare_server(find_node, *sealed_find_at); });
    const Child sealed_ping([&] { run_bare_server(ping, *sealed_ping_at); });
    const Child node([&] { run_node(*node_at); });
    require(wait_for(
                [&] {
                    return echo_at->ready && sealed_find_at->ready && sealed_ping_at->ready &&
                           node_at->ready;
                },
                std::chrono::seconds(10)),
            "a server did not start");
    const Child fleet([&] { run_fleet(kNeighbours, node_at->contact, *fleet_report); });
    require(wait_for([&] { return fleet_report->joined == kNeighbours; }, std::chrono::seconds(60)),
            "the neighbours did not join");

    Ground ground;
    const Clients echo_clients = plain_clients(ground, echo_at->endpoint, 300);
    const Clients sealed_find_clients =
        plain_clients(ground, sealed_find_at->endpoint, find_node.request);
    const Clients sealed_ping_clients =
        plain_clients(ground, sealed_ping_at->endpoint, ping.request);
    Clients many = session_clients(ground, node_at->contact, kClients);
    Clients one = session_clients(ground, node_at->contact, 1);

    std::vector<double> echoed, bare_find, bare_ping, found, pinged, rate_many, rate_one, cost_one;
    for (int round = 0; round < kRounds; ++round) {
        echoed.push_back(run_load(echo_clients, echo, kWindow, length).per_cpu_second());
        bare_find.push_back(
            run_load(sealed_find_clients, sealed_find, kWindow, length).per_cpu_second());
        bare_ping.push_back(
            run_load(sealed_ping_clients, sealed_ping, kWindow, length).per_cpu_second());
        ask_for(many, wire::Kind::kFindNode);
        const LoadResult find = run_load(many, node, kWindow, length);
        found.push_back(find.per_cpu_second());
        rate_many.push_back(find.per_second());
        ask_for(many, wire::Kind::kPing);
        pinged.push_back(run_load(many, node, kWindow, length).per_cpu_second());
        const LoadResult alone = run_load(one, node, 128, length);
        rate_one.push_back(alone.per_second());
        cost_one.push_back(alone.per_cpu_second());
    }

    heading({"served, one core", "a CPU second", "of bare echo", "of bare encrypted", "bar"});
    row({"bare echo of 300 B, recvmmsg/sendmmsg", with_range(echoed), "1.00", "", ""});
    row({text("bare encrypted, %zu B to %zu B", find_node.request, find_node.answer),
         with_range(bare_find), ratio(bare_find, echoed), "1.00", ""});
    row({text("bare encrypted, %zu B to %zu B", ping.request, ping.answer), with_range(bare_ping),
         ratio(bare_ping, echoed), "1.00", ""});
    row({"FIND_NODE, 20 contacts, 64 sessions", with_range(found), ratio(found, echoed),
         ratio(found, bare_find), "115,000"});
    row({"PING, 64 sessions", with_range(pinged), ratio(pinged, echoed), ratio(pinged, bare_ping),
         "160,000"});
    std::puts("");
    heading({"FIND_NODE at default settings", "a second, wall clock", "a CPU second", "bar"});
    row({"to one validated peer", with_range(rate_one), with_range(cost_one), "CPU-bound"});
    row({"to 64 validated peers", with_range(rate_many), with_range(found), "CPU-bound, fair"});
}
