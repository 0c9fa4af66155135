#include "tests/support/virtual_pair.h"

#include <algorithm>

#include "daemon/core/base/check.h"

namespace sov::support {

namespace {

constexpr UnixMillis kWallClock = 1'700'000'000'000;

}  // namespace

VirtualPair::VirtualPair(identity::Crypto& crypto, Options options)
    : latency_(options.latency), hosts_(2) {
    const Surroundings surroundings{crypto, book_, packets_};
    hosts_[0].node = std::make_unique<Node>(surroundings, std::move(options.a), RestoredState{},
                                            kWallClock, options.seed);
    hosts_[1].node = std::make_unique<Node>(surroundings, std::move(options.b), RestoredState{},
                                            kWallClock, options.seed + 1);
    hosts_[0].endpoint = Endpoint::v4(0x0a000001, 6881);
    hosts_[1].endpoint = Endpoint::v4(0x0a000002, 6881);
}

Contact VirtualPair::contact(Side side) const {
    const Host& host = hosts_[at(side)];
    return Contact::of(host.node->node_key(), host.endpoint);
}

void VirtualPair::start() {
    for (const Side side : {Side::kA, Side::kB}) {
        with(side, [](Node& node, Instant now) { node.start(now); });
    }
    with(Side::kA, [this](Node& node, Instant now) {
        node.handle_sighting(now, {Sighting::Source::kPinned, contact(Side::kB)});
    });
}

std::vector<Sent> VirtualPair::inject(Side to, const Endpoint& from, Bytes bytes) {
    const std::size_t before = sent_.size();
    with(to, [&](Node& node, Instant now) { node.handle_datagram(now, Path{from}, bytes); });
    return {sent_.begin() + static_cast<std::ptrdiff_t>(before), sent_.end()};
}

void VirtualPair::with(Side side, const std::function<void(Node&, Instant)>& use) {
    use(node(side), now_);
    drain(side);
}

void VirtualPair::drain(Side side) {
    Host& host = hosts_[at(side)];
    while (const Transmit* packet = host.node->poll_transmit()) {
        sent_.push_back({side, now_, host.endpoint, packet->to.remote, to_bytes(packet->view())});
        Sent changed = sent_.back();
        const Fate fate = decide_ ? decide_(changed) : delivered();
        for (const Duration later : fate.deliveries) {
            flights_.push_back({now_ + latency_ + later, other(side), changed.source,
                                changed.target, changed.bytes});
        }
    }
    while (auto event = host.node->poll_event()) {
        note_ticket(side, *event);
        host.events.push_back(std::move(*event));
    }
    host.node->check_invariants();
}

// The disk of the two answers a millisecond later.
void VirtualPair::note_ticket(Side side, const Event& event) {
    std::uint64_t ticket = 0;
    if (const auto* record = std::get_if<PersistRecord>(&event)) ticket = record->ticket;
    if (const auto* names = std::get_if<OwnNamesChanged>(&event)) ticket = names->ticket;
    if (const auto* reserve = std::get_if<ReserveSequence>(&event)) ticket = reserve->ticket;
    if (const auto* over = std::get_if<OwnValueOver>(&event)) ticket = over->ticket;
    if (ticket != 0) {
        hosts_[at(side)].tickets.emplace_back(now_ + std::chrono::milliseconds{1}, ticket);
    }
}

Instant VirtualPair::next_event(Instant end) const {
    Instant next = end;
    for (const Host& host : hosts_) {
        next = std::min(next, std::max(now_, host.node->next_timeout().at));
        if (!host.tickets.empty()) next = std::min(next, host.tickets.front().first);
    }
    for (const Flight& flight : flights_) next = std::min(next, flight.at);
    return next;
}

void VirtualPair::step(Instant to) {
    now_ = to;
    // One thing at a time, the oldest first: what it causes comes in a later step of the same time.
    const auto due = [this](const Flight& flight) { return flight.at <= now_; };
    const auto arrived = std::find_if(flights_.begin(), flights_.end(), due);
    if (arrived != flights_.end()) {
        Flight flight = std::move(*arrived);
        flights_.erase(arrived);
        if (flight.target == endpoint(flight.to)) {
            inject(flight.to, flight.source, std::move(flight.bytes));
        }
        return;
    }
    for (const Side side : {Side::kA, Side::kB}) {
        Host& host = hosts_[at(side)];
        if (!host.tickets.empty() && host.tickets.front().first <= now_) {
            const std::uint64_t ticket = host.tickets.front().second;
            host.tickets.erase(host.tickets.begin());
            with(side,
                 [ticket](Node& node, Instant now) { node.handle_persisted(now, ticket, true); });
            return;
        }
        if (host.node->next_timeout().at <= now_) {
            with(side, [](Node& node, Instant now) { node.handle_timeout(now); });
        }
    }
}

void VirtualPair::run_for(Duration span) {
    const Instant end = now_ + span;
    for (std::size_t steps_without_time = 0; now_ < end;) {
        const Instant next = next_event(end);
        steps_without_time = next == now_ ? steps_without_time + 1 : 0;
        // A node whose deadline never moves would keep the clock from moving, too.
        SOV_CHECK(steps_without_time < 100'000);
        step(next);
    }
}

bool VirtualPair::run_until(const std::function<bool()>& condition, Duration most) {
    const Instant end = now_ + most;
    while (!condition()) {
        if (now_ >= end) return false;
        run_for(std::min<Duration>(end - now_, std::chrono::milliseconds{10}));
    }
    return true;
}

bool VirtualPair::acquainted() {
    const auto knows = [this](Side side) {
        const auto table = node(side).table(now_);
        return std::any_of(table.begin(), table.end(), [&](const TableEntry& entry) {
            return entry.contact.key == node(other(side)).node_key() && !entry.replacement;
        });
    };
    return knows(Side::kA) && knows(Side::kB);
}

NodeOptions numbered_node(identity::Crypto& crypto, std::uint8_t number) {
    NodeOptions options;
    options.user_key = crypto.make_signing_key(identity::Secret32{1, number});
    options.node_key = crypto.make_signing_key(identity::Secret32{2, number});
    options.network = NetworkId{{0x51}};
    options.mode = NodeMode::kServer;
    options.ipv6 = false;
    options.key_work_bits = 0;
    options.name_work_bits = 2;
    return options;
}

}  // namespace sov::support
