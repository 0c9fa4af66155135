#include "daemon/app/connection_plane.h"

#include <algorithm>
#include <array>
#include <utility>

#include "daemon/core/identity/peer_name.h"

namespace sov::app {

using api::LogLevel;

namespace {

hub::HubOptions hub_options(const identity::SigningKey& user, const Config& config) {
    hub::HubOptions options;
    options.self = PeerId::from(user.public_key);
    options.admission = config.connect_from;
    options.agent = std::string("sovereignd/") + SOV_VERSION;
    options.limits.connections_max = static_cast<std::size_t>(config.connections_max);
    options.limits.streams_per_peer_max = static_cast<std::size_t>(config.streams_per_peer_max);
    options.limits.idle_time = std::chrono::seconds(config.connect_idle_seconds);
    return options;
}

quic::QuicTransport::Options quic_options(const Config& config) {
    quic::QuicTransport::Options options;
    // Those that are being made, and those that others are about to be refused, count as well.
    options.limits.connections_max = 2 * static_cast<std::size_t>(config.connections_max);
    options.congestion = config.connect_congestion == CongestionControl::kBbr2
                             ? quic::Congestion::kBbr2
                             : quic::Congestion::kCubic;
    return options;
}

/// So that the detour's questions have other ids than the hub's.
constexpr std::uint64_t kDetourSeed = 0x9d2c5680;

}  // namespace

std::unique_ptr<ConnectionPlane> ConnectionPlane::make(boost::asio::io_context& context,
                                                       identity::Crypto& crypto,
                                                       const identity::SigningKey& user,
                                                       const Config& config, LogSink& log) {
    auto quic = quic::QuicTransport::make(crypto, user, quic_options(config));
    if (!quic) return nullptr;
    std::array<std::uint8_t, 8> seed{};
    crypto.fill_random(seed);
    auto plane = std::unique_ptr<ConnectionPlane>(new ConnectionPlane(
        context, std::move(quic), hub_options(user, config), load_u64(seed.data()), crypto, log));
    plane->servers_ = std::make_unique<IceServerList>(context, log, [plane = plane.get()] {
        if (plane->calls_) plane->calls_->set_servers(plane->servers_->usable());
        plane->detour_->set_servers(plane->servers_->servers());
    });
    if (!plane->servers_->start(config)) return nullptr;
    plane->detour_->set_servers(plane->servers_->servers());
    if (config.connect_ice) {
        plane->calls_ = std::make_unique<PeerCalls>(context, log, plane->servers_->usable());
    }
    return plane;
}

ConnectionPlane::ConnectionPlane(boost::asio::io_context& context,
                                 std::unique_ptr<quic::QuicTransport> quic, hub::HubOptions options,
                                 std::uint64_t seed, identity::Crypto& crypto, LogSink& log)
    : log_(log),
      quic_(std::move(quic)),
      hub_(std::make_unique<hub::StreamHub>(*quic_, options, seed)),
      detour_(std::make_unique<UdpDetour>(
          context, log, seed ^ kDetourSeed, [this] { return driver_->now(); },
          [this](bool relayed) { take_another_way(relayed); })),
      crypto_(crypto),
      admission_(options.admission) {}

void ConnectionPlane::join(io::NodeDriver& driver, const Node& node, EventSink sink) {
    driver_ = &driver;
    node_ = &node;
    sink_ = std::move(sink);
    for (const auto& transport : driver.transports()) {
        auto path = std::make_unique<io::UdpPath>(*transport);
        hub_->set_path(transport->local().family, path.get());
        paths_.push_back(std::move(path));
    }
    hub_->set_is_friend([this](const PeerId& peer) { return is_friend(peer); });
    if (calls_) calls_->join(driver, node, *hub_);
    check_ =
        std::make_unique<NetworkCheck>(driver, node, paths_, calls_ ? &calls_->agents() : nullptr);
    driver.share_with(*this);
    std::vector<io::UdpTransport*> transports;
    for (const auto& path : paths_) transports.push_back(&path->transport());
    detour_->start(transports);
}

// Others see this host elsewhere now, as after a change of addresses.
void ConnectionPlane::take_another_way(bool relayed) {
    if (told_relayed_) told_relayed_(relayed);
    driver_->post([](Instant now, Node& node) { node.handle_network_change(now); });
    driver_->post([this](Instant now, Node&) { hub_->handle_network_change(now); });
}

void ConnectionPlane::carry_messages(identity::Crypto& crypto, ports::Store& store,
                                     UnixMillis wall_clock, const ports::StoredState& stored,
                                     PostOffice::EventSink sink) {
    std::array<std::uint8_t, 16> random{};
    crypto.fill_random(random);
    PostOffice::Options options;
    options.wall_clock = wall_clock;
    options.line = load_u64(random.data());
    options.seed = load_u64(random.data() + 8);
    options.is_friend = [this](const PeerId& peer) { return is_friend(peer); };
    options.is_welcome = [this](const PeerId& peer) {
        return admission_ == hub::Admission::kAnyone || is_friend(peer);
    };
    post_ = std::make_unique<PostOffice>(*hub_, *driver_, store, log_, std::move(options), stored,
                                         std::move(sink));
}

void ConnectionPlane::set_admission(hub::Admission admission) {
    admission_ = admission;
    hub_->set_admission(admission);
}

bool ConnectionPlane::is_friend(const PeerId& peer) const { return node_->is_friend(peer); }

void ConnectionPlane::handle_timeout(Instant now) {
    hub_->handle_timeout(now);
    if (post_) post_->handle_timeout(now);
}

Instant ConnectionPlane::next_timeout() const {
    Instant next = hub_->next_timeout();
    if (post_) next = earliest(next, post_->next_timeout());
    next = earliest(next, check_->next_timeout());
    return calls_ ? earliest(next, calls_->next_timeout()) : next;
}

void ConnectionPlane::set_wall_clock(Instant now, UnixMillis time) {
    const UnixMillis at_start =
        time - static_cast<UnixMillis>(now.time_since_epoch() / std::chrono::milliseconds(1));
    hub_->set_wall_clock(at_start);
    if (post_) post_->courier().set_wall_clock(at_start);
}

ConnectionPlane::OutsideUse ConnectionPlane::take_outside_use() {
    OutsideUse use;
    std::map<ports::ConnectionId, std::uint64_t> seen;
    for (const hub::ConnectionView& one : hub_->connections()) {
        if (one.path == PathClass::kLan) continue;
        ++use.flows;
        if (one.carrier != "ice") continue;
        const std::uint64_t bytes = one.bytes_in + one.bytes_out;
        const auto before = counted_.find(one.id);
        use.bytes += bytes - (before == counted_.end() ? 0 : std::min(before->second, bytes));
        seen.emplace(one.id, bytes);
    }
    counted_ = std::move(seen);
    return use;
}

void ConnectionPlane::close_outside(Instant now) {
    for (const hub::ConnectionView& one : hub_->connections()) {
        if (one.path != PathClass::kLan) (void)hub_->disconnect(now, one.peer);
    }
}

void ConnectionPlane::look_around(Instant now, std::vector<Endpoint> addresses, Look look) {
    hub_->set_own_addresses(std::move(addresses));
    if (look.paths) hub_->handle_network_change(now);
    if (!look.all) return;
    servers_->look_again();
    detour_->look_again();
    if (post_) post_->handle_network_change(now);
}

void ConnectionPlane::handle_datagram(Instant now, io::UdpTransport& via, const Endpoint& from,
                                      ByteView datagram) {
    if (check_->claims(datagram)) return check_->handle_datagram(now, from, datagram);
    if (detour_->claims(datagram)) return detour_->handle_datagram(datagram);
    for (const auto& path : paths_) {
        if (&path->transport() == &via) quic_->handle_datagram(now, *path, from, datagram);
    }
}

void ConnectionPlane::settle(Instant now) {
    hub_->run(now);
    while (const auto event = hub_->poll_event()) {
        if (const auto* wanted = std::get_if<hub::AddressesWanted>(&*event)) look_for(wanted->peer);
        if (const auto* words = std::get_if<hub::SignalWanted>(&*event)) calls_->carry(*words);
        log_event(*event);
        sink_(now, *event);
    }
    // What is under way to others goes first: the post wakes apps and the disk.
    for (const auto& path : paths_) path->transport().flush();
    if (post_) post_->settle(now);
    if (calls_) calls_->update(now);
    check_->step(now);
}

bool ConnectionPlane::check_network(Instant now, Node& node, std::vector<Endpoint> own,
                                    api::NetSink sink) {
    std::array<std::uint8_t, 8> seed{};
    crypto_.fill_random(seed);
    return check_->begin(now, node, servers_->servers(), std::move(own), load_u64(seed.data()),
                         std::move(sink));
}

// What local discovery knows is told at once, what the DHT finds when it has.
void ConnectionPlane::look_for(const PeerId& peer) {
    driver_->post([this, peer](Instant now, Node& node) {
        std::vector<hub::DialAddress> near;
        for (const auto& address : node.near_addresses(peer)) {
            near.push_back({address.endpoint, hub::DialAddress::Source::kNear});
        }
        hub_->handle_addresses(now, peer, near, false);
        finds_[node.find_peer(now, peer, false)] = peer;
    });
}

void ConnectionPlane::handle_event(Instant now, const Event& event) {
    if (post_) post_->handle_event(event);
    if (calls_) calls_->handle_event(now, event);
    if (const auto* moved = std::get_if<PeerMoved>(&event); moved != nullptr && post_) {
        driver_->post([this, from = moved->from, to = moved->to](Instant at, Node&) {
            post_->courier().peer_moved(at, from, to);
        });
    }
    const auto* finished = std::get_if<FindFinished>(&event);
    if (finished == nullptr) return;
    const auto asked = finds_.find(finished->command);
    if (asked == finds_.end()) return;
    std::vector<hub::DialAddress> found;
    for (const dht::FoundPeer& one : finished->found.peers) {
        if (one.peer != asked->second) continue;
        for (const identity::PeerNode& node : one.nodes) {
            for (const Endpoint& endpoint : node.endpoints) {
                found.push_back({endpoint, hub::DialAddress::Source::kRecord});
            }
        }
    }
    const PeerId peer = asked->second;
    finds_.erase(asked);
    driver_->post([this, peer, found = std::move(found)](Instant at, Node&) {
        hub_->handle_addresses(at, peer, found, true);
    });
}

void ConnectionPlane::shut_down(Instant now) {
    if (post_) post_->courier().shut_down(now);
    hub_->shut_down(now);
    settle(now);
    servers_->stop();
    detour_->stop();
    if (calls_) calls_->stop();
    for (const auto& path : paths_) path->transport().flush();
}

// Whom its user talks to is not for everybody who reads logs.
void ConnectionPlane::log_event(const hub::HubEvent& event) {
    if (!log_.wants("connect", LogLevel::kDebug)) return;
    if (const auto* opened = std::get_if<hub::ConnectionOpened>(&event)) {
        log_.write(LogLevel::kDebug, "connect", "connect.opened", "a connection to a peer is open",
                   {{"peer", identity::peer_text(opened->connection.peer)},
                    {"path", std::string(hub::path_class_name(opened->connection.path))},
                    {"by", opened->connection.inbound ? "peer" : "us"}});
    } else if (const auto* closed = std::get_if<hub::ConnectionClosed>(&event)) {
        log_.write(LogLevel::kDebug, "connect", "connect.closed", "a connection to a peer is over",
                   {{"peer", identity::peer_text(closed->connection.peer)},
                    {"reason", std::string(ports::close_reason_name(closed->reason))},
                    {"words", closed->words}});
    } else if (const auto* changed = std::get_if<hub::PathChanged>(&event)) {
        log_.write(LogLevel::kDebug, "connect", "connect.path",
                   "a connection goes on over another path",
                   {{"peer", identity::peer_text(changed->connection.peer)},
                    {"from", std::string(hub::path_class_name(changed->before))},
                    {"to", std::string(hub::path_class_name(changed->connection.path))}});
    }
}

}  // namespace sov::app
