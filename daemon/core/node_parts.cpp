#include "daemon/core/node_parts.h"

#include <algorithm>

#include "daemon/core/base/check.h"

namespace sov {

namespace {

dht::Context make_context(const Surroundings& surroundings, const NodeTraits& options,
                          const Limits& limits, Counters& counters, Rng& rng) {
    const NodeKey node_key{options.node_key.public_key};
    const NodeId id = identity::node_id(surroundings.crypto, node_key);
    dht::Context context{
        surroundings.crypto,
        surroundings.book,
        rng,
        counters,
        limits,
        options.user_key,
        options.node_key,
        node_key,
        id,
        options.network,
        options.mode,
        {options.ipv4, options.ipv6},
        options.key_work_bits,
        options.name_work_bits,
        options.durable_acknowledgement,
        options.routine_events,
        {std::make_unique<dht::RoutingTable>(surroundings.book, id, Family::kIpv4, limits),
         std::make_unique<dht::RoutingTable>(surroundings.book, id, Family::kIpv6, limits)},
        dht::ValueStore(id, limits, counters),
        dht::Tokens(surroundings.crypto),
        false,
        1,
        {},
        {},
        {},
        {},
        {}};
    context.post_quantum_policy = options.post_quantum;
    return context;
}

bool is_routine(const dht::Event& event) {
    return std::holds_alternative<NodeDiscovered>(event) ||
           std::holds_alternative<NodeLost>(event) || std::holds_alternative<RecordStored>(event) ||
           std::holds_alternative<EquivocationSeen>(event) ||
           std::holds_alternative<OwnRecordPublished>(event) ||
           std::holds_alternative<RegionCrowded>(event);
}

}  // namespace

Node::Parts::Parts(Surroundings given, const NodeOptions& chosen, const RestoredState& restored,
                   UnixMillis wall_clock, std::uint64_t seed)
    : surroundings(given),
      options(chosen),
      own_limits(chosen.shared_limits == nullptr ? std::make_unique<const Limits>(chosen.limits)
                                                 : nullptr),
      limits(own_limits ? *own_limits : *chosen.shared_limits),
      peer_id{options.user_key.public_key},
      rng(seed),
      shaper(limits),
      sessions(given.crypto, given.book, rng, counters, limits, options.node_key, options.network),
      exchange(sessions, rng, counters, limits),
      dht(make_context(given, options, limits, counters, rng), wall_clock,
          restored.sequence_reserved, restored.own_names, restored.name_pins) {
    auto bootstrap_layer = std::make_unique<discovery::BootstrapLayer>(rng);
    bootstrap = bootstrap_layer.get();
    coordinator.add(std::move(bootstrap_layer), options.bootstrap_layer);
    auto layer = std::make_unique<discovery::DhtLayer>(rng);
    dht_layer = layer.get();
    coordinator.add(std::move(layer), options.dht_layer);
    if (options.local) {
        local = std::make_unique<LocalDiscovery>(given.crypto, rng, options, wall_clock, restored);
        local->add_layers(coordinator, given.crypto, rng, counters, options);
        dht.context().second_keys = local->friends.second_keys();
    }
    dht.set_enabled(options.dht_layer);
    dht.restore_hand_overs(restored.hand_overs);
    for (const guard::Block& block : restored.blocks) dht.context().blocks.add(block);
    sessions.set_blocklist(&dht.context().blocks);
    sessions.set_shaper(&shaper);
    for (const Contact& anchor : restored.anchors)
        bootstrap->add({}, anchor, discovery::Source::kAnchor);
    for (const Contact& peer : restored.cached_peers)
        bootstrap->add({}, peer, discovery::Source::kCache);
    dht.context().has_past = !restored.anchors.empty() || !restored.cached_peers.empty();
    if (!restored.table.empty()) dht.believe(restored.table);
    for (const RestoredRecord& record : restored.records) {
        dht.restore({}, record.key, record.record, record.expires_in);
    }
    for (const RestoredOwnValue& own : restored.own_values)
        dht.restore_own({}, own.key, own.record, own.app, own.ends_in);
}

void Node::Parts::begin_input(Instant now) {
    SOV_CHECK(now >= last_input);
    SOV_CHECK(outgoing_head == outgoing.size() && event_head == event_queue.size());
    last_input = now;
    for (auto& packet : outgoing) surroundings.packets.give_back(std::move(packet));
    outgoing.clear();
    outgoing_head = 0;
    event_queue.clear();
    event_head = 0;
    // A burst's queue is given back: most nodes of a simulation have nothing to say most of the
    // time.
    if (event_queue.capacity() > 4) std::vector<Event>().swap(event_queue);
    if (outgoing.capacity() > 64) std::vector<std::unique_ptr<Transmit>>().swap(outgoing);
}

void Node::Parts::look_around(Instant now) {
    const dht::Context& context = dht.context();
    guard::Surround around;
    std::vector<std::uint64_t> subnets;
    for (const Family family : dht::kFamilies) {
        const dht::RoutingTable& table = context.table(family);
        const std::uint64_t near = table.size() == 0 ? 0 : table.estimate_network_size();
        const std::uint64_t far = context.sizes[static_cast<std::size_t>(family)].elsewhere();
        // The family where more is known speaks for both.
        if (table.size() > around.nodes || around.nodes == 0) {
            around.size_near = near;
            around.size_far = far;
        }
        around.nodes += table.size();
        around.inbound += table.inbound();
        table.for_each([&](const dht::RoutingTable::View& view) {
            const Endpoint& there = view.contact.contact.endpoint(family);
            if (view.replacement || there.scope() != Scope::kGlobal) return;
            ++around.public_nodes;
            subnets.push_back(far_prefix(there));
        });
    }
    std::sort(subnets.begin(), subnets.end());
    subnets.erase(std::unique(subnets.begin(), subnets.end()), subnets.end());
    around.subnets = subnets.size();
    around.small = std::max(around.size_near, around.size_far) < limits.small_network;
    for (const auto& entry : bootstrap->entries()) {
        if (entry.source != discovery::Source::kAnchor) continue;
        ++around.anchors;
        around.anchors_answering += entry.answered ? 1U : 0U;
    }
    if (eclipse.look(now, around))
        push_event(EclipseSuspected{eclipse.alarmed(), eclipse.signs()}, false);
}

// --- from the network to the parts
// ------------------------------------------------------------------

void Node::Parts::route(Instant now, const session::Received& received) {
    if (dht.context().blocks.blocks(received.key)) {
        ++counters.drop_blocked;
        return;
    }
    ByteReader reader(received.message);
    const auto head = wire::read_head(reader);
    if (!head) {
        ++counters.drop_malformed;
        return;
    }
    if (static_cast<wire::Kind>(head->kind) == wire::Kind::kGoodbye) {
        if (!received.first) dht.on_goodbye(received.key, received.from);
        unsettled = true;
        return;
    }
    if ((head->kind & wire::kAnswerBit) == 0) return route_request(now, received, *head, reader);
    unsettled = true;
    if (const auto answer = exchange.match(now, received, *head, reader.rest())) {
        dht.on_answer(now, *answer);
        if (local && LocalDiscovery::owns(answer->tag)) local->on_answer(now, *answer);
    } else {
        ++counters.drop_unexpected;
    }
}

void Node::Parts::route_request(Instant now, const session::Received& received,
                                const wire::Head& head, ByteReader body) {
    Outbox out = outbox();
    const bool stranger = received.first &&
                          !sessions.has_session({received.key, received.from.family}) &&
                          !dht.reachability().contacted_lately(now, received.from);
    ByteWriter answer(sessions.begin_reply(received, out));
    bool answered = true;
    if (!shaper.room_for_others(now, received.from) && !dht.awaits(received.key, head)) {
        ++counters.drop_shaped;
        answered = false;
    } else if (received.first || sessions.allow_request(now, received.session)) {
        const dht::Requester requester{received.key, received.from, received.first,
                                       received.validated};
        if (local && head.kind == static_cast<std::uint8_t>(wire::Kind::kIntroduce)) {
            answered = answer_introduction(now, received, head, body, answer);
        } else {
            answered = dht.answer(now, requester, stranger, head, body, answer);
        }
    } else {
        ++counters.served_busy;
        dht.context().note_deed(now, received.key, guard::Deed::kFlooded);
        wire::write_error(answer, head.request_id, Errc::kBusy);
    }
    // An answer that would be longer than an unproven asker's request is not given at all.
    if (answered && answer.ok()) {
        sessions.finish_reply(now, received, answer.size(), out);
    } else {
        sessions.cancel_reply(out);
    }
}

// --- between the parts
// ------------------------------------------------------------------------------

void Node::Parts::push_event(Event event, bool routine) {
    if (routine && event_queue.size() >= limits.events_max) {
        ++counters.events_dropped;
        return;
    }
    event_queue.push_back(std::move(event));
}

void Node::Parts::take_events() {
    for (const auto& [peer, key] : std::exchange(dht.context().second_keys_proven, {})) {
        if (local) local->friends.on_second_key(peer, key);
    }
    for (dht::Event& event : std::exchange(dht.context().events, {})) {
        if (take_local_event(event)) continue;
        const bool routine = is_routine(event);
        std::visit([&](auto& kind) { push_event(std::move(kind), routine); }, event);
    }
}

bool Node::Parts::settle_round(Instant now) {
    Outbox out = outbox();
    bool busy = false;
    for (const auto& newcomer : sessions.take_newcomers()) {
        if (dht.context().blocks.blocks(newcomer.key)) continue;
        dht.on_newcomer(now, newcomer.key, newcomer.from, newcomer.serves);
        busy = true;
    }
    for (const wire::Notice& notice : exchange.take_notices()) {
        dht.on_notice(now, notice);
        if (local && LocalDiscovery::owns(notice.tag)) local->on_notice(now, notice);
        busy = true;
    }
    for (const auto& probed : dht.maintenance().take_probed()) {
        const discovery::Probed outcome{probed.key, probed.endpoint, probed.answered};
        coordinator.on_probed(now, outcome);
        if (local) local->neighbours.on_probed(now, outcome);
        busy = true;
    }
    busy = dht.settle(now) || busy;
    for (const Family family : dht::kFamilies)
        sessions.set_serving(family, dht.reachability().serving(family));
    if (local) busy = settle_local(now) || busy;
    coordinator.update(now, dht.connected(now) ? dht.table_size() : 0, dht.joined());
    while (const auto contact = coordinator.poll_probe(now)) dht.probe(now, *contact);
    while (const auto contact = coordinator.poll_check(now)) dht.check(*contact);
    for (wire::Request& request : std::exchange(dht.context().requests, {})) {
        dht.note_contacted(now, request.to.endpoint(request.family));
        exchange.ask(now, std::move(request), out);
        busy = true;
    }
    for (const dht::LateAnswer& late : dht.server().take_late_answers()) {
        sessions.send(now, Contact::of(late.to, late.endpoint), late.endpoint.family, late.message,
                      false, 0, false, out);
    }
    return busy;
}

void Node::Parts::update_progress() {
    const discovery::Progress progress = coordinator.progress();
    if (progress == told_progress_) return;
    push_event(StateChanged{static_cast<DiscoveryState>(told_progress_),
                            static_cast<DiscoveryState>(progress)},
               false);
    told_progress_ = progress;
}

void Node::Parts::end_input(Instant now) {
    // Answering a request leaves nothing to settle, except what the answer itself caused.
    if (!unsettled && dht.context().requests.empty() && dht.context().events.empty()) return;
    unsettled = false;
    if (started) {
        while (settle_round(now)) {
        }
    }
    // Nodes that proved themselves tell the layers which pins are wrong and whom to remember.
    for (const auto& [key, endpoint] : std::exchange(dht.context().newly_proven, {})) {
        bootstrap->note_node(key, endpoint);
        dht_layer->note_node(key, endpoint);
    }
    for (auto& [pinned, reason] : bootstrap->take_problems())
        push_event(BootstrapProblem{pinned, reason}, false);
    take_events();
    // What a finished look-up of ours began.
    if (unsettled) return end_input(now);
    if (local && started) tell_local(now);
    update_progress();
}

}  // namespace sov
