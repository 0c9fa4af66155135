#include "tests/sim/world.h"

#include <utility>

#include "daemon/core/base/check.h"

namespace sov::sim {

namespace {

constexpr UnixMillis kWallClockAtStart = 1'700'000'000'000;
constexpr std::chrono::milliseconds kDiskLatency{1};

// The command that an event answers, if it answers one.
CommandId command_of(const Event& event) {
    if (const auto* found = std::get_if<FindFinished>(&event)) return found->command;
    if (const auto* published = std::get_if<PublishFinished>(&event)) return published->command;
    if (const auto* gotten = std::get_if<GetFinished>(&event)) return gotten->command;
    if (const auto* put = std::get_if<ValuePutFinished>(&event)) return put->command;
    if (const auto* value = std::get_if<ValueGetFinished>(&event)) return value->command;
    return kNoCommand;
}

std::uint64_t ticket_of(const Event& event) {
    if (const auto* record = std::get_if<PersistRecord>(&event)) return record->ticket;
    if (const auto* names = std::get_if<OwnNamesChanged>(&event)) return names->ticket;
    if (const auto* reserve = std::get_if<ReserveSequence>(&event)) return reserve->ticket;
    if (const auto* over = std::get_if<OwnValueOver>(&event)) return over->ticket;
    return 0;
}

}  // namespace

Limits World::small_limits() {
    Limits limits;
    limits.sessions_max = 96;
    limits.half_open_max = 48;
    limits.handshakes_out_max = 96;
    limits.requests_max = 512;
    limits.lookups_max = 32;
    limits.records_max = 4096;
    limits.sources_tracked_max = 64;
    limits.silent_addresses_max = 64;
    limits.reputation_max = 64;
    limits.proximity_max = 512;
    limits.events_max = 256;
    return limits;
}

World::World(Options options)
    : options_(std::move(options)),
      rng_(options_.seed),
      crypto_(options_.seed + 1),
      net_(options_.net, options_.seed + 2) {}

NodeIndex World::add(const NodePlan& plan) {
    const auto index = static_cast<NodeIndex>(hosts_.size());
    Host& host = hosts_.emplace_back();
    host.v6.family = Family::kIpv6;
    if (plan.ipv4) host.v4 = plan.address.value_or(host_v4(index));
    if (plan.ipv6) host.v6 = host_v6(index);
    for (const Endpoint& endpoint : {host.v4, host.v6}) {
        if (endpoint.port == 0) continue;
        by_endpoint_[endpoint] = index;
        net_.set_filtering(endpoint, plan.filtering);
    }
    NodeOptions options;
    identity::Secret32 seed;
    crypto_.fill_random(seed);
    options.user_key = plan.user_key ? *plan.user_key : crypto_.make_signing_key(seed);
    options.local = plan.local;
    options.mdns = plan.mdns;
    options.ble = plan.ble;
    options.udp_port = plan.ipv4 ? host.v4.port : host.v6.port;
    options.node_key =
        plan.node_key ? *plan.node_key
                      : identity::make_node_key(
                            crypto_, plan.mode == NodeMode::kClient ? 0 : options_.key_work_bits);
    options.network = plan.network;
    options.mode = plan.mode;
    options.ipv4 = plan.ipv4;
    options.ipv6 = plan.ipv6;
    options.key_work_bits = options_.key_work_bits;
    options.name_work_bits = options_.name_work_bits;
    options.routine_events = false;
    if (plan.limits)
        options.limits = *plan.limits;
    else
        options.shared_limits = &options_.limits;
    options.bootstrap_layer = options.dht_layer = !plan.quiet;
    RestoredState restored;
    restored.table = plan.table;
    restored.anchors = plan.anchors;
    restored.cached_peers = plan.cached_peers;
    restored.records = plan.records;
    restored.own_values = plan.own_values;
    restored.hand_overs = plan.hand_overs;
    restored.friends = plan.friends;
    options.post_quantum = plan.post_quantum;
    identity::Crypto& crypto = plan.crypto != nullptr ? *plan.crypto : crypto_;
    host.node = std::make_unique<Node>(Surroundings{crypto, book_, packets_}, options,
                                       std::move(restored), kWallClockAtStart, rng_.next());
    for (const NodeIndex bootstrap : plan.bootstraps) {
        host.node->handle_sighting(now_, {Sighting::Source::kPinned, contact(bootstrap)});
        drain(index);
    }
    hosts_[index].node->start(now_);
    drain(index);
    return index;
}

NodeIndex World::add(std::unique_ptr<Actor> actor, const Endpoint& endpoint) {
    const auto index = static_cast<NodeIndex>(hosts_.size());
    Host& host = hosts_.emplace_back();
    host.v6.family = Family::kIpv6;
    (endpoint.family == Family::kIpv4 ? host.v4 : host.v6) = endpoint;
    host.actor = std::move(actor);
    by_endpoint_[endpoint] = index;
    act(index, [](Actor&, Outbox&) {});
    return index;
}

void World::kill(NodeIndex index) {
    Host& host = hosts_[index];
    for (const Endpoint& endpoint : {host.v4, host.v6}) {
        by_endpoint_.erase(endpoint);
        net_.forget(endpoint);
    }
    host.node.reset();
    host.actor.reset();
    waiting_.erase(waiting_.lower_bound({index, CommandId{0}}),
                   waiting_.lower_bound({index + 1, CommandId{0}}));
}

void World::move(NodeIndex index, const Endpoint& to) {
    Host& host = hosts_[index];
    Endpoint& here = to.family == Family::kIpv4 ? host.v4 : host.v6;
    by_endpoint_.erase(here);
    net_.forget(here);
    here = to;
    by_endpoint_[to] = index;
}

void World::set_asleep(NodeIndex index, bool asleep) {
    hosts_[index].asleep = asleep;
    if (!asleep) arm(index);
}

std::vector<NodeIndex> World::living() const {
    std::vector<NodeIndex> indices;
    for (NodeIndex index = 0; index < hosts_.size(); ++index) {
        if (alive(index)) indices.push_back(index);
    }
    return indices;
}

Contact World::contact(NodeIndex index) const {
    const Host& host = hosts_[index];
    return {host.actor ? host.actor->node_key() : host.node->node_key(), host.v4, host.v6};
}

const Endpoint& World::endpoint(NodeIndex index, Family family) const {
    return family == Family::kIpv4 ? hosts_[index].v4 : hosts_[index].v6;
}

void World::with(NodeIndex index, const std::function<void(Node&, Instant)>& use) {
    ++totals_.inputs;
    use(*hosts_[index].node, now_);
    drain(index);
}

void World::await(NodeIndex index, CommandId command, Answered done) {
    waiting_[{index, command}] = std::move(done);
    drain(index);
}

void World::find_name(NodeIndex index, std::string_view query, Answered done) {
    await(index, hosts_[index].node->find_name(now_, query, false), std::move(done));
}
void World::find_peer(NodeIndex index, const PeerId& peer, Answered done) {
    await(index, hosts_[index].node->find_peer(now_, peer, false), std::move(done));
}
void World::claim_name(NodeIndex index, std::string_view name, Answered done) {
    await(index, hosts_[index].node->claim_name(now_, name), std::move(done));
}
void World::get(NodeIndex index, const Key& key, Answered done) {
    await(index, hosts_[index].node->get(now_, key, false), std::move(done));
}
void World::put(NodeIndex index, const Key& key, Bytes record, Answered done) {
    await(index, hosts_[index].node->put(now_, key, std::move(record)), std::move(done));
}

void World::put_value(NodeIndex index, dht::ValuePut put, Answered done) {
    await(index, hosts_[index].node->put_value(now_, std::move(put)), std::move(done));
}
void World::get_value(NodeIndex index, const Key& key, dht::Level level, Answered done) {
    await(index, hosts_[index].node->get_value(now_, key, level), std::move(done));
}

void World::schedule(Instant at, std::function<void()> task) {
    queue_.push(at, EventQueue::Kind::kTask, tasks_.put(std::move(task)));
}

void World::run_until(Instant end) {
    while (!queue_.empty() && queue_.next().at <= end) {
        const EventQueue::Entry entry = queue_.pop();
        now_ = entry.at;
        switch (entry.kind) {
            case EventQueue::Kind::kTimer: fire_timer(entry.subject, entry.at); break;
            case EventQueue::Kind::kDatagram: deliver(flights_.take(entry.subject)); break;
            case EventQueue::Kind::kTask: tasks_.take(entry.subject)(); break;
        }
    }
    now_ = end;
}

bool World::run_while_not(const std::function<bool()>& condition, Duration most, Duration step) {
    const Instant end = now_ + most;
    while (!condition()) {
        if (now_ >= end) return false;
        run_until(std::min(end, now_ + step));
    }
    return true;
}

void World::deliver(Flight flight) {
    const auto receiver = by_endpoint_.find(flight.to);
    if (receiver == by_endpoint_.end() || hosts_[receiver->second].asleep ||
        !net_.arrives(now_, flight.from, flight.to)) {
        ++totals_.lost;
        return;
    }
    ++totals_.inputs;
    if (hosts_[receiver->second].actor) {
        return act(receiver->second, [&](Actor& actor, Outbox& outbox) {
            actor.handle_datagram(now_, Path{flight.from}, flight.bytes, outbox);
        });
    }
    if (see_delivery_) see_delivery_(receiver->second, flight.from, flight.bytes.size());
    hosts_[receiver->second].node->handle_datagram(now_, Path{flight.from}, flight.bytes);
    drain(receiver->second);
}

void World::fire_timer(NodeIndex index, Instant at) {
    Host& host = hosts_[index];
    // An entry that was overtaken by an earlier one, or that belongs to a node that left.
    if ((host.node == nullptr && host.actor == nullptr) || host.armed != at) return;
    host.armed = kNever;
    if (host.asleep) return;
    ++totals_.inputs;
    if (host.actor) {
        return act(index,
                   [this](Actor& actor, Outbox& outbox) { actor.handle_timeout(now_, outbox); });
    }
    host.node->handle_timeout(now_);
    drain(index);
}

void World::drain(NodeIndex index) {
    Node& node = *hosts_[index].node;
    while (const Transmit* packet = node.poll_transmit()) transmit(index, *packet);
    std::vector<Event> events;
    while (auto event = node.poll_event()) events.push_back(std::move(*event));
    arm(index);
    if (options_.check_invariants_every > 0 &&
        totals_.inputs % options_.check_invariants_every == 0) {
        node.check_invariants();
    }
    // Last, because whoever waits for an answer may act on this node again.
    for (const Event& event : events) take_event(index, event);
}

void World::act(NodeIndex index, const std::function<void(Actor&, Outbox&)>& input) {
    Outbox outbox(packets_, outgoing_);
    input(*hosts_[index].actor, outbox);
    for (auto& packet : outgoing_) {
        transmit(index, *packet);
        packets_.give_back(std::move(packet));
    }
    outgoing_.clear();
    arm(index);
}

void World::transmit(NodeIndex from, const Transmit& packet) {
    const Endpoint& to = packet.to.remote;
    const Endpoint& source = endpoint(from, to.family);
    SOV_CHECK(source.port != 0);
    ++totals_.datagrams;
    totals_.bytes += packet.size;
    trace_.add(static_cast<std::uint64_t>(now_.time_since_epoch().count()));
    trace_.add(source.address).add(to.address).add(packet.view());
    if (see_) see_(from, packet);
    const auto fate = net_.send(now_, source, to);
    if (!fate) {
        ++totals_.lost;
        return;
    }
    for (const auto& delay : {std::optional(fate->delay), fate->duplicate_delay}) {
        if (!delay) continue;
        const auto view = packet.view();
        queue_.push(now_ + *delay, EventQueue::Kind::kDatagram,
                    flights_.put({source, to, {view.begin(), view.end()}}));
    }
}

void World::forge(const Endpoint& from, const Endpoint& to, ByteView bytes, Duration delay) {
    queue_.push(now_ + delay, EventQueue::Kind::kDatagram,
                flights_.put({from, to, {bytes.begin(), bytes.end()}}));
}

void World::take_event(NodeIndex index, const Event& event) {
    trace_.add(index).add(event.index());
    if (see_event_) see_event_(index, event);
    if (!alive(index)) return;
    if (const std::uint64_t ticket = ticket_of(event)) persist(index, ticket);
    const CommandId command = command_of(event);
    if (command == kNoCommand) return;
    const auto waiter = waiting_.find({index, command});
    if (waiter == waiting_.end()) return;
    const Answered done = std::move(waiter->second);
    waiting_.erase(waiter);
    done(event);
}

void World::arm(NodeIndex index) {
    Host& host = hosts_[index];
    const Instant wanted = host.actor ? host.actor->next_timeout() : host.node->next_timeout().at;
    if (wanted == kNever || host.armed <= wanted) return;
    host.armed = std::max(wanted, now_);
    queue_.push(host.armed, EventQueue::Kind::kTimer, index);
}

void World::persist(NodeIndex index, std::uint64_t ticket) {
    schedule(now_ + kDiskLatency, [this, index, ticket] {
        if (!alive(index)) return;
        with(index,
             [ticket](Node& node, Instant now) { node.handle_persisted(now, ticket, true); });
    });
}

void World::check_all_invariants() const {
    for (const Host& host : hosts_) {
        if (host.node) host.node->check_invariants();
    }
}

}  // namespace sov::sim
