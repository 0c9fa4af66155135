#include "daemon/core/dht/context.h"
#include "tests/sim/pairs.h"
#include "tests/sim/reflection.h"
#include "tests/sim/scenarios/scenario.h"
#include "tests/sim/settlement.h"

// Datagrams that say that they come from somebody else.

namespace sov::sim {

namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

// Makes inits that are right in everything but where they come from.
class Forger {
  public:
    explicit Forger(World& world)
        : world_(world),
          limits_(without_pace(world.limits())),
          sessions_(world.crypto(), world.book(), rng_, counters_, limits_,
                    identity::make_node_key(world.crypto(), 0), NodePlan{}.network) {
        sessions_.set_serving(Family::kIpv4, true);
    }

    Bytes init(const Contact& to, wire::Kind kind, ByteView body, std::size_t size) {
        std::array<std::uint8_t, wire::kInitMessageMax> bytes;
        ByteWriter message(bytes);
        wire::write_head(message, kind, static_cast<std::uint32_t>(rng_.next()));
        message.bytes(body);
        sessions_.send(world_.now(), to, Family::kIpv4, message.written(), true, size, true,
                       outbox_);
        sessions_.handle_timeout(world_.now());
        Bytes datagram = to_bytes(queue_.back()->view());
        queue_.clear();
        return datagram;
    }

  private:
    static Limits without_pace(Limits limits) {
        limits.unproven_per_second = limits.unproven_per_prefix_per_minute = 1'000'000;
        limits.handshakes_out_max = 16'384;
        return limits;
    }

    World& world_;
    Rng rng_{99};
    Counters counters_;
    Limits limits_;
    session::SessionTable sessions_;
    PacketPool pool_;
    std::vector<std::unique_ptr<Transmit>> queue_;
    Outbox outbox_{pool_, queue_};
};

// Every node gets every kind of first packet, short and long, twice and damaged, each kind as if it
// came from somebody else; and one node gets more of them from one address than it looks at.
void forge_inits(World& world, const std::vector<NodeIndex>& nodes, Reflection& watch) {
    Forger forger(world);
    std::uint32_t number = 3'000'000;
    Key place;
    world.crypto().fill_random(place.bytes);
    const Bytes find = dht::body_bytes(wire::FindNode{place, wire::kWantIpv4});
    const Bytes get = dht::body_bytes(wire::Get{place, wire::kWantIpv4 | wire::kWantToken, 0});
    const auto send = [&](NodeIndex node, const Endpoint& victim, ByteView bytes) {
        watch.add_forged(victim);
        world.forge(victim, world.endpoint(node, Family::kIpv4), bytes, milliseconds{30});
    };
    for (const NodeIndex node : nodes) {
        const Contact contact = world.contact(node);
        for (const std::size_t size :
             {std::size_t{0}, std::size_t{640}, Limits::kDatagramBytesMax}) {
            for (const auto& [kind, body] :
                 {std::pair{wire::Kind::kPing, Bytes{}}, std::pair{wire::Kind::kFindNode, find},
                  std::pair{wire::Kind::kGet, get}}) {
                Bytes datagram = forger.init(contact, kind, body, size);
                const Endpoint victim = host_v4(number++);
                send(node, victim, datagram);
                send(node, victim, datagram);
                datagram[datagram.size() / 2] ^= 1;
                send(node, victim, datagram);
            }
        }
        world.run_for(milliseconds{10});
    }
    const Endpoint victim = host_v4(number);
    const Contact flooded = world.contact(nodes.front());
    for (std::uint32_t at = 0; at < 2 * world.limits().source_burst; ++at) {
        send(nodes.front(), victim, forger.init(flooded, wire::Kind::kPing, {}, 0));
        world.run_for(milliseconds{1});
    }
}

}  // namespace

// Somebody sends every node first packets with forged sources, and sends what honest nodes say to
// each other on from forged sources before the true datagram is there.
void run_reflection(const RunOptions& options, RunReport& report) {
    World world(seeded(options));
    Settlement settlement(world);
    settlement.active(std::min<std::size_t>(kAskers, options.nodes / 2));
    settlement.quiet(options.nodes - std::min<std::size_t>(kAskers, options.nodes / 2));
    Reflection watch(world);
    settlement.found();
    std::uint64_t seen = 0, captured = 0;
    watch.on_transmit([&](NodeIndex, const Transmit& packet) {
        if (++seen % 20 != 0) return;
        const Endpoint victim = host_v4(4'000'000 + static_cast<std::uint32_t>(++captured));
        watch.add_forged(victim);
        world.forge(victim, packet.to.remote, packet.view(), milliseconds{1});
    });
    Pairs pairs(world);
    for (std::uint32_t number = 0; number < options.lookups; ++number) {
        pairs.publish_and_get(make_person(world), settlement.asker(), {settlement.asker()});
        world.run_for(milliseconds{200});
    }
    pairs.finish(minutes{1});
    forge_inits(world, settlement.honest_nodes(), watch);
    world.run_for(seconds{30});
    report.passed = true;
    report.lookups = pairs.gotten;
    report.lookups_right = pairs.right;
    Figure sent = Figure::share("bytes to forged sources, of those from there", watch.forged_out(),
                                watch.forged_in());
    report.figures.push_back(std::move(sent).at_most(10'000));
    report.figures.push_back(
        Figure::count("unproven addresses sent more than came from there", watch.exceeded(), "")
            .at_most(0));
    report.figures.push_back(Figure::count("addresses that spoke first", watch.pairs(), ""));
    report.figures.push_back(
        Figure::share("published and found", pairs.right, options.lookups).at_least(9900));
    world.check_all_invariants();
    report.take_totals(world);
}

}  // namespace sov::sim
