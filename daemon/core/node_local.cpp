#include "daemon/core/node_local.h"

#include <algorithm>

#include "daemon/core/node_parts.h"

namespace sov {

namespace {

/// Above the tags of the DHT, whose askers count from 1.
constexpr std::uint64_t kIntroductionTag = 0x40ULL << 56;

/// Behind what is listed already, as far as one node of a peer may have addresses.
void add_endpoint(std::vector<identity::PeerNode>& nodes, const NodeKey& key,
                  const Endpoint& endpoint) {
    const auto known =
        std::find_if(nodes.begin(), nodes.end(),
                     [&](const identity::PeerNode& node) { return node.key == key; });
    identity::PeerNode& node = known == nodes.end() ? nodes.emplace_back() : *known;
    node.key = key;
    const bool listed =
        std::find(node.endpoints.begin(), node.endpoints.end(), endpoint) != node.endpoints.end();
    if (!listed && node.endpoints.size() < identity::kEndpointsPerNodeMax)
        node.endpoints.push_back(endpoint);
}

// What is known of a friend's second key, though no record was met since the start.
identity::SecondKey second_key_state(const discovery::Friends::View& view) {
    using identity::SecondKey;
    if (!view.second_key) return SecondKey::kNone;
    if (view.second_key_seen != SecondKey::kNone) return view.second_key_seen;
    return *view.second_key == identity::kAwaitedSecondKey ? SecondKey::kAwaited
                                                           : SecondKey::kUnchecked;
}

}  // namespace

LocalDiscovery::LocalDiscovery(identity::Crypto& crypto, Rng& rng, const NodeTraits& options,
                               UnixMillis wall_clock, const RestoredState& restored)
    : recognition(crypto, wall_clock),
      friends(crypto, rng, recognition,
              {options.user_key, NodeKey{options.node_key.public_key}, options.network}) {
    friends.restore(restored.presence_key, restored.friends);
}

void LocalDiscovery::add_layers(discovery::Coordinator& coordinator, identity::Crypto& crypto,
                                Rng& rng, Counters& counters, const NodeTraits& options) {
    const discovery::LanSelf self{options.user_key, NodeKey{options.node_key.public_key},
                                  options.network, options.udp_port};
    auto mdns_layer = std::make_unique<discovery::MdnsLayer>(options.mdns, self, crypto, rng,
                                                             recognition, counters);
    mdns = mdns_layer.get();
    coordinator.add(std::move(mdns_layer), options.mdns.on);
    const discovery::BleSettings settings{options.ble, options.user_key, options.network};
    auto ble_layer = std::make_unique<discovery::BleLayer>(settings, crypto, rng, recognition);
    ble = ble_layer.get();
    coordinator.add(std::move(ble_layer), options.ble.on);
}

std::vector<identity::PeerNode> LocalDiscovery::nodes_near(const PeerId& peer) const {
    std::vector<identity::PeerNode> nodes;
    for (const discovery::NearAddress& address : neighbours.endpoints_of(peer)) {
        if (!address.node || address.trust != discovery::Trust::kVerified) continue;
        add_endpoint(nodes, *address.node, address.endpoint);
    }
    return nodes;
}

void LocalDiscovery::add_near(dht::Found& found, const std::optional<PeerId>& wanted) const {
    // The DHT may know nothing of a peer that is right beside us.
    if (found.error && wanted && !nodes_near(*wanted).empty()) {
        found.error.reset();
        found.peers.clear();
        found.peers.emplace_back().peer = *wanted;
    }
    if (found.error) return;
    for (dht::FoundPeer& peer : found.peers) {
        auto nodes = nodes_near(peer.peer);
        if (nodes.empty()) continue;
        if (&peer == &found.peers.front()) found.source = "near";
        for (const identity::PeerNode& node : peer.nodes) {
            for (const Endpoint& endpoint : node.endpoints) add_endpoint(nodes, node.key, endpoint);
        }
        peer.located = true;
        peer.nodes = std::move(nodes);
    }
}

bool LocalDiscovery::owns(std::uint64_t tag) { return tag >> 56 == kIntroductionTag >> 56; }

std::optional<wire::Request> LocalDiscovery::poll_request() {
    auto outgoing = friends.poll_introduction();
    if (!outgoing) return std::nullopt;
    const Family family = outgoing->to.has(Family::kIpv4) ? Family::kIpv4 : Family::kIpv6;
    return wire::Request{outgoing->to, family, wire::Kind::kIntroduce, std::move(outgoing->body),
                         kIntroductionTag | outgoing->tag};
}

void LocalDiscovery::on_answer(Instant now, const wire::Answer& answer) {
    const std::uint64_t tag = answer.tag & ~kIntroductionTag;
    if (answer.kind == wire::Kind::kIntroduced) {
        friends.on_introduced(now, tag, answer.key, answer.body);
    } else {
        friends.on_failed(now, tag);
    }
}

void LocalDiscovery::on_notice(Instant now, const wire::Notice& notice) {
    if (notice.what == wire::Notice::What::kFailed)
        friends.on_failed(now, notice.tag & ~kIntroductionTag);
}

// --- the verbs of Node that need it ---

Result<void> Node::add_friend(Instant now, const PeerId& peer, std::string_view note) {
    if (!parts_->local) return Errc::kUnsupported;
    parts_->begin_input(now);
    const auto added = parts_->local->friends.add(now, peer, note);
    parts_->unsettled = true;
    parts_->end_input(now);
    return added;
}

bool Node::remove_friend(Instant now, const PeerId& peer) {
    if (!parts_->local) return false;
    parts_->begin_input(now);
    const bool removed = parts_->local->friends.remove(now, peer);
    parts_->unsettled = true;
    parts_->end_input(now);
    return removed;
}

bool Node::forget_second_key(Instant now, const PeerId& peer) {
    if (!parts_->local) return false;
    parts_->begin_input(now);
    const bool forgotten = parts_->local->friends.forget_second_key(peer);
    parts_->unsettled = true;
    parts_->end_input(now);
    return forgotten;
}

std::vector<FriendStatus> Node::friends(Instant now) const {
    std::vector<FriendStatus> all;
    if (!parts_->local) return all;
    for (const auto& view : parts_->local->friends.views()) {
        all.push_back({view.peer, view.note, view.recognisable, view.told, view.met.has_value(),
                       view.met ? now - *view.met : Duration{0}, view.moved_from, view.second_key,
                       second_key_state(view)});
    }
    return all;
}

bool Node::is_friend(const PeerId& peer) const {
    return parts_->local && parts_->local->friends.contains(peer);
}

std::vector<LayerStatus> Node::layers() const { return parts_->layers(); }

std::vector<discovery::Neighbour> Node::neighbours() const {
    return parts_->local ? parts_->local->neighbours.list() : std::vector<discovery::Neighbour>{};
}

std::vector<discovery::NearAddress> Node::near_addresses(const PeerId& peer) const {
    return parts_->local ? parts_->local->neighbours.endpoints_of(peer)
                         : std::vector<discovery::NearAddress>{};
}

// --- what one input caused ---

bool Node::Parts::settle_local(Instant now) {
    bool busy = false;
    while (const auto wanted = local->friends.poll_find(now)) {
        const CommandId command = next_command();
        local->finds.emplace(command, *wanted);
        dht.find_peer(now, command, *wanted, false);
        busy = true;
    }
    while (auto request = local->poll_request()) {
        dht.context().requests.push_back(std::move(*request));
        busy = true;
    }
    for (const auto& [peer, node] : local->friends.take_proven())
        coordinator.on_proven(now, peer, node);
    while (const auto evidence = coordinator.poll_evidence(now)) note_evidence(now, *evidence);
    return busy;
}

void Node::Parts::note_evidence(Instant now, const discovery::Evidence& evidence) {
    local->neighbours.note(now, evidence);
    const bool seems_friend = evidence.peer && local->friends.contains(*evidence.peer) &&
                              evidence.trust >= discovery::Trust::kRecognised;
    if (seems_friend && evidence.presence == discovery::Presence::kPresent && evidence.node &&
        evidence.endpoint.port != 0) {
        local->friends.on_near(now, *evidence.peer, Contact::of(*evidence.node, evidence.endpoint));
    }
}

void Node::Parts::renew_shown_record(Instant now) {
    if (!coordinator.layer_on(local->ble->name())) return;
    const auto& addresses = dht.publisher().addresses();
    if (now < local->sign_at && addresses == local->signed_addresses) return;
    auto record = dht.sign_own_peer(now);
    if (!record) return;  // the reservation's answer brings us back
    local->sign_at = now + limits.peer_record_ttl / 2;
    local->signed_addresses = addresses;
    if (const auto decoded = identity::decode_peer(*record))
        local->ble->set_own_capabilities(decoded->capabilities);
    local->ble->set_own_record(std::move(*record));
}

void Node::Parts::tell_local(Instant now) {
    renew_shown_record(now);
    const bool serves =
        std::any_of(std::begin(dht::kFamilies), std::end(dht::kFamilies),
                    [&](Family family) { return dht.reachability().serving(family); });
    local->mdns->set_capabilities(now, serves ? identity::kCapabilityServes : 0);
    while (auto changed = local->neighbours.poll_event(now)) push_event(std::move(*changed), true);
    if (local->friends.take_changed()) {
        local->mdns->friends_changed(now);
        local->ble->handle_friends_changed(now);
        dht.context().second_keys = local->friends.second_keys();
        push_event(FriendsChanged{local->friends.own_key(), local->friends.records()}, false);
    }
    while (auto request = local->mdns->poll_request(now)) push_event(std::move(*request), false);
    while (auto request = local->ble->poll_request(now)) push_event(std::move(*request), false);
    for (const LayerStatus& layer : layers()) {
        discovery::LayerReport& told = local->told[layer.name];
        if (told == layer.report) continue;
        told = layer.report;
        push_event(LayerChanged{layer.name, layer.report}, false);
    }
}

std::vector<LayerStatus> Node::Parts::layers() const {
    std::vector<LayerStatus> all;
    coordinator.for_each([&](const discovery::DiscoveryLayer& layer, bool on) {
        all.push_back(
            {std::string(layer.name()), on,
             on ? layer.report() : discovery::LayerReport{discovery::LayerState::kOff, {}}});
    });
    return all;
}

void Node::Parts::layer_off(Instant now, std::string_view layer) {
    if (layer == "mdns") local->neighbours.forget(now, discovery::Medium::kMdns);
    if (layer == "ble") local->neighbours.forget(now, discovery::Medium::kBle);
}

// Whoever is no friend has moved for the find alone, whose answer says so.
bool Node::Parts::take_friend_event(dht::Event& event) {
    if (auto* moved = std::get_if<PeerMoved>(&event)) {
        if (!local) return true;
        moved->note = local->friends.note_of(moved->from);
        const bool known = local->friends.move(last_input, moved->from, moved->to);
        // The find goes on to the new key.
        if (known) dht.context().second_keys = local->friends.second_keys();
        unsettled = true;
        return !known;
    }
    auto* broken = std::get_if<SecondKeyBroken>(&event);
    if (broken == nullptr) return false;
    if (!local || !local->friends.on_second_key_broken(broken->peer, broken->missing)) return true;
    broken->note = local->friends.note_of(broken->peer);
    return false;
}

bool Node::Parts::take_local_event(dht::Event& event) {
    if (take_friend_event(event)) return true;
    if (!local) return false;
    auto* finished = std::get_if<FindFinished>(&event);
    if (finished == nullptr) return false;
    const auto wanted = local->finds.find(finished->command);
    if (wanted == local->finds.end()) {
        const auto asked = local->asked.find(finished->command);
        const auto peer = asked == local->asked.end() ? std::nullopt : std::optional(asked->second);
        if (peer) local->asked.erase(asked);
        local->add_near(finished->found, peer);
        if (peer && finished->found.peers.size() == 1 && finished->found.peers[0].tag.empty())
            finished->found.peers[0].tag = identity::peer_tag(surroundings.crypto, *peer);
        return false;
    }
    std::vector<Contact> nodes;
    for (const dht::FoundPeer& found : finished->found.peers) {
        for (const identity::PeerNode& node : found.nodes) {
            // One contact an address: which of them answers is not known yet.
            for (const Endpoint& endpoint : node.endpoints)
                nodes.push_back(Contact::of(node.key, endpoint));
        }
    }
    const auto& found = finished->found.peers;
    // A friend who has moved is known under the new key by now.
    const PeerId who = found.size() == 1 && local->friends.contains(found.front().peer)
                           ? found.front().peer
                           : wanted->second;
    local->friends.on_found(last_input, who, nodes);
    local->finds.erase(wanted);
    unsettled = true;
    return true;
}

bool Node::Parts::answer_introduction(Instant now, const session::Received& received,
                                      const wire::Head& head, ByteReader body, ByteWriter& answer) {
    const auto introduction = wire::read_introduction(body);
    if (!introduction || received.first || !received.validated) {
        wire::write_error(answer, head.request_id,
                          introduction ? Errc::kUnauthorized : Errc::kMalformed);
        return true;
    }
    const auto introduced = local->friends.answer(now, received.key, introduction->view());
    if (!introduced) {
        wire::write_error(answer, head.request_id, introduced.error());
        return true;
    }
    wire::write_head(answer, wire::Kind::kIntroduced, head.request_id);
    answer.bytes(*introduced);
    unsettled = true;
    return true;
}

}  // namespace sov
