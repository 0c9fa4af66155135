#include "daemon/core/node.h"

#include "daemon/core/node_parts.h"

namespace sov {

Node::Node(Surroundings surroundings, NodeOptions options, RestoredState restored,
           UnixMillis wall_clock, std::uint64_t seed)
    : parts_(std::make_unique<Parts>(surroundings, options, restored, wall_clock, seed)) {}

Node::~Node() {
    for (auto& packet : parts_->outgoing) parts_->surroundings.packets.give_back(std::move(packet));
}

// --- inputs
// -----------------------------------------------------------------------------------------

void Node::start(Instant now) {
    parts_->begin_input(now);
    parts_->started = parts_->unsettled = true;
    parts_->dht.start(now);
    parts_->coordinator.start(now);
    parts_->end_input(now);
}

void Node::handle_datagram(Instant now, const Path& from, MutableBytes bytes) {
    parts_->begin_input(now);
    // What a stranger begins costs datagrams and a flow; who is known keeps what it has.
    if (parts_->shaper.bounded() && !parts_->shaper.listens_to(now, from.remote)) {
        ++parts_->counters.drop_shaped;
        return parts_->end_input(now);
    }
    Outbox outbox(parts_->surroundings.packets, parts_->outgoing);
    if (const auto received = parts_->sessions.handle_datagram(now, from, bytes, outbox)) {
        parts_->route(now, *received);
    }
    // A datagram that was dropped leaves nothing to settle; one that confirmed a session does.
    parts_->unsettled = parts_->unsettled || parts_->sessions.has_newcomers();
    parts_->end_input(now);
}

void Node::handle_timeout(Instant now) {
    parts_->begin_input(now);
    Outbox outbox(parts_->surroundings.packets, parts_->outgoing);
    parts_->sessions.handle_timeout(now);
    parts_->exchange.handle_timeout(now, outbox);
    if (parts_->started && !parts_->withdrawing) {
        parts_->dht.handle_timeout(now);
        parts_->coordinator.handle_timeout(now);
        if (parts_->eclipse.due(now)) parts_->look_around(now);
    }
    parts_->unsettled = true;
    parts_->end_input(now);
}

void Node::handle_sighting(Instant now, const Sighting& sighting) {
    parts_->begin_input(now);
    const auto source = sighting.source == Sighting::Source::kPinned ? discovery::Source::kPinned
                        : sighting.source == Sighting::Source::kDns  ? discovery::Source::kDns
                                                                     : discovery::Source::kCache;
    parts_->bootstrap->add(now, sighting.contact, source);
    parts_->unsettled = true;
    parts_->end_input(now);
}

void Node::handle_unreachable(Instant now, const Endpoint& endpoint) {
    parts_->begin_input(now);
    parts_->exchange.handle_unreachable(endpoint);
    parts_->unsettled = true;
    parts_->end_input(now);
}

void Node::handle_network_change(Instant now) {
    parts_->begin_input(now);
    parts_->shaper.calm(now);
    parts_->dht.handle_network_change(now);
    parts_->coordinator.handle_network_change(now);
    parts_->unsettled = true;
    parts_->end_input(now);
}

void Node::handle_report(Instant now, const BrowserReport& report) {
    if (!parts_->local) return;
    parts_->begin_input(now);
    parts_->local->mdns->handle_report(now, report);
    parts_->unsettled = true;
    parts_->end_input(now);
}

void Node::handle_report(Instant now, const RadioReport& report) {
    if (!parts_->local) return;
    parts_->begin_input(now);
    parts_->local->ble->handle_report(now, report);
    parts_->unsettled = true;
    parts_->end_input(now);
}

void Node::set_own_addresses(Instant now, const std::vector<Endpoint>& addresses) {
    parts_->begin_input(now);
    if (parts_->local) {
        const NodeKey self{parts_->options.node_key.public_key};
        parts_->local->ble->set_own_addresses(self, addresses);
    }
    parts_->dht.handle_new_address(now, addresses);
    parts_->unsettled = true;
    parts_->end_input(now);
}

void Node::set_mapped_endpoint(Instant now, const std::optional<Endpoint>& outside) {
    parts_->begin_input(now);
    parts_->dht.set_mapped(outside);
    parts_->unsettled = true;
    parts_->end_input(now);
}

void Node::set_economy(Instant now, const Economy& economy) {
    parts_->begin_input(now);
    parts_->shaper.set_silent(economy.silent);
    parts_->dht.set_economy(now, economy);
    if (parts_->local) parts_->local->ble->set_on_battery(now, economy.on_battery);
    parts_->unsettled = true;
    parts_->end_input(now);
}

void Node::set_wall_clock(Instant now, UnixMillis time) {
    parts_->begin_input(now);
    const UnixMillis at_start =
        time - static_cast<UnixMillis>(now.time_since_epoch() / std::chrono::milliseconds(1));
    parts_->dht.set_wall_clock(at_start);
    if (parts_->local) parts_->local->recognition.set_wall_clock(at_start);
    parts_->unsettled = true;
    parts_->end_input(now);
}

void Node::set_flows_elsewhere(std::size_t flows) { parts_->shaper.set_flows_elsewhere(flows); }

void Node::handle_persisted(Instant now, std::uint64_t ticket, bool ok) {
    parts_->begin_input(now);
    parts_->dht.handle_persisted(now, ticket, ok);
    parts_->unsettled = true;
    parts_->end_input(now);
}

void Node::withdraw(Instant now) {
    parts_->begin_input(now);
    parts_->withdrawing = parts_->unsettled = true;
    parts_->dht.withdraw(now);
    // Neighbours are told too: what the adapters have to take back comes as events.
    if (parts_->local) {
        parts_->coordinator.set_layer(now, parts_->local->mdns->name(), false);
        parts_->coordinator.set_layer(now, parts_->local->ble->name(), false);
    }
    Outbox outbox(parts_->surroundings.packets, parts_->outgoing);
    constexpr std::size_t kGoodbyesMax = 512;
    parts_->end_input(now);
    parts_->sessions.say_goodbye(now, kGoodbyesMax, outbox);
}

bool Node::withdrawn() const { return parts_->dht.withdrawn(); }

// --- commands
// ---------------------------------------------------------------------------------------

CommandId Node::find_peer(Instant now, const PeerId& peer, bool trace, dht::Level level) {
    parts_->begin_input(now);
    const CommandId command = parts_->next_command();
    if (parts_->local) parts_->local->asked.emplace(command, peer);
    parts_->dht.find_peer(now, command, peer, trace, level);
    parts_->unsettled = true;
    parts_->end_input(now);
    return command;
}

CommandId Node::find_name(Instant now, std::string_view query, bool trace, dht::Level level) {
    parts_->begin_input(now);
    const CommandId command = parts_->next_command();
    parts_->dht.find_name(now, command, query, trace, level);
    parts_->unsettled = true;
    parts_->end_input(now);
    return command;
}

CommandId Node::claim_name(Instant now, std::string_view name) {
    parts_->begin_input(now);
    const CommandId command = parts_->next_command();
    parts_->dht.claim(now, command, name);
    parts_->unsettled = true;
    parts_->end_input(now);
    return command;
}

CommandId Node::release_name(Instant now, std::string_view name) {
    parts_->begin_input(now);
    const CommandId command = parts_->next_command();
    parts_->dht.release(now, command, name);
    parts_->unsettled = true;
    parts_->end_input(now);
    return command;
}

CommandId Node::put(Instant now, const Key& key, Bytes record) {
    parts_->begin_input(now);
    const CommandId command = parts_->next_command();
    parts_->dht.put(now, command, key, std::move(record));
    parts_->unsettled = true;
    parts_->end_input(now);
    return command;
}

CommandId Node::get(Instant now, const Key& key, bool trace) {
    parts_->begin_input(now);
    const CommandId command = parts_->next_command();
    parts_->dht.get(now, command, key, trace);
    parts_->unsettled = true;
    parts_->end_input(now);
    return command;
}

void Node::cancel(Instant now, CommandId command) {
    parts_->begin_input(now);
    parts_->dht.cancel(now, command);
    parts_->unsettled = true;
    parts_->end_input(now);
}

bool Node::set_layer(Instant now, std::string_view layer, bool on) {
    parts_->begin_input(now);
    const bool known = parts_->coordinator.set_layer(now, layer, on);
    if (known && layer == parts_->dht_layer->name()) parts_->dht.set_enabled(on);
    if (known && !on && parts_->local) parts_->layer_off(now, layer);
    parts_->unsettled = true;
    parts_->end_input(now);
    return known;
}

std::size_t Node::ask_addresses(Instant now) {
    parts_->begin_input(now);
    const std::size_t asked = parts_->dht.ask_addresses();
    parts_->unsettled = true;
    parts_->end_input(now);
    return asked;
}

bool Node::unpin_name(std::string_view name) { return parts_->dht.unpin(name); }

Result<void> Node::block(Instant now, const guard::Block& block) {
    parts_->begin_input(now);
    dht::Context& context = parts_->dht.context();
    const bool added = context.blocks.add(block);
    if (added) {
        if (block.kind == guard::Block::Kind::kNode) {
            const NodeKey node{block.key.bytes};
            parts_->sessions.drop(node);
            context.expel(node);
        } else if (block.kind == guard::Block::Kind::kAddresses) {
            for (const TableEntry& entry : table(now)) {
                const Contact& contact = entry.contact;
                const bool there =
                    (contact.has(Family::kIpv4) && context.blocks.blocks(contact.v4)) ||
                    (contact.has(Family::kIpv6) && context.blocks.blocks(contact.v6));
                if (there) context.expel(contact.key);
            }
        }
        parts_->push_event(BlocksChanged{context.blocks.all()}, false);
    }
    parts_->unsettled = true;
    parts_->end_input(now);
    if (!added) return Errc::kOverQuota;
    return {};
}

bool Node::unblock(Instant now, const guard::Block& block) {
    parts_->begin_input(now);
    dht::Context& context = parts_->dht.context();
    const bool removed = context.blocks.remove(block);
    if (block.kind != guard::Block::Kind::kAddresses)
        context.reputation.forget(guard::Subject{block.key.bytes});
    if (removed) parts_->push_event(BlocksChanged{context.blocks.all()}, false);
    parts_->end_input(now);
    return removed;
}

// --- outputs
// ----------------------------------------------------------------------------------------

const Transmit* Node::poll_transmit() {
    const Transmit* next = nullptr;
    while (next == nullptr) {
        if (parts_->outgoing_head == parts_->outgoing.size()) {
            parts_->shaper.drained();
            return nullptr;
        }
        next = parts_->outgoing[parts_->outgoing_head++].get();
        if (parts_->shaper.admit(parts_->last_input, next->to.remote)) continue;
        ++parts_->counters.shaped_dropped;
        next = nullptr;
    }
    ++parts_->counters.datagrams_out;
    parts_->counters.bytes_out += next->size;
    return next;
}

std::optional<Event> Node::poll_event() {
    if (parts_->event_head == parts_->event_queue.size()) return std::nullopt;
    return std::move(parts_->event_queue[parts_->event_head++]);
}

Deadline Node::next_timeout() const {
    Deadline next{parts_->sessions.next_timeout(), "sessions"};
    const auto consider = [&](Instant at, std::string_view timer) {
        if (at < next.at) next = {at, timer};
    };
    consider(parts_->exchange.next_timeout(), "requests");
    if (!parts_->started || parts_->withdrawing) return next;
    const auto dht = parts_->dht.next_timeout();
    consider(dht.at, dht.timer);
    consider(parts_->coordinator.next_timeout(), "discovery layers");
    if (parts_->local) {
        consider(parts_->local->friends.next_timeout(), "friends");
        consider(parts_->local->neighbours.next_timeout(), "neighbours");
    }
    return next;
}

}  // namespace sov
