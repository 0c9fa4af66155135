#include "daemon/app/daemon.h"

#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/post.hpp>
#include <csignal>
#include <utility>

#include "daemon/app/event_log.h"
#include "daemon/app/groups.h"
#include "daemon/app/machine_facts.h"
#include "daemon/app/own_addresses.h"
#include "platform/linux/login_sessions.h"
#include "platform/linux/spare_memory.h"

namespace sov::app {
namespace {

using api::LogLevel;

/// Withdrawing may take this long, the rest of leaving as long again and a half: under 3 s
/// together.
constexpr std::chrono::milliseconds kWithdrawalPatience{1500};
constexpr std::chrono::milliseconds kWithdrawalLook{5};
constexpr std::chrono::milliseconds kCallsGrace{500};
/// Peers are remembered soon after joining, since that is when a first run may be ended, then often
/// enough that a crash costs little.
constexpr std::chrono::seconds kFirstSave{5}, kSaveEach{60};
/// What a disk did not take is tried again this often.
constexpr std::chrono::seconds kMendEach{3};

UnixMillis unix_now() {
    const auto since = std::chrono::system_clock::now().time_since_epoch();
    return static_cast<UnixMillis>(
        std::chrono::duration_cast<std::chrono::milliseconds>(since).count());
}

api::ConfiguredMode mode_of(NodeMode mode) {
    switch (mode) {
        case NodeMode::kAuto: return api::ConfiguredMode::kAuto;
        case NodeMode::kServer: return api::ConfiguredMode::kServer;
        case NodeMode::kClient: return api::ConfiguredMode::kClient;
    }
    return api::ConfiguredMode::kAuto;
}

Limits limits_of(const Config& config) {
    Limits limits;
    limits.bucket_size = static_cast<std::size_t>(config.bucket_size);
    limits.value_bytes_max = static_cast<std::size_t>(config.value_bytes_max);
    limits.sessions_max = static_cast<std::size_t>(config.sessions_max);
    limits.lookups_max = static_cast<std::size_t>(config.lookups_max);
    limits.records_max = static_cast<std::size_t>(config.records_max);
    limits.record_bytes_total_max = static_cast<std::size_t>(config.record_megabytes_max) << 20;
    limits.session_requests_per_second =
        static_cast<std::uint32_t>(config.session_requests_per_second);
    const ProfileBounds bounds = bounds_of(config);
    limits.flows_max = bounds.flows_max;
    limits.datagrams_per_second = bounds.datagrams_per_second;
    return limits;
}

api::QuotaLimits quotas_of(const Config& config) {
    api::QuotaLimits limits;
    limits.calls = static_cast<std::size_t>(config.quota_calls);
    limits.watches = static_cast<std::size_t>(config.quota_watches);
    limits.lookups = static_cast<std::size_t>(config.quota_lookups);
    limits.listens = static_cast<std::size_t>(config.quota_listens);
    limits.mails_per_hour = static_cast<std::size_t>(config.quota_mails_per_hour);
    limits.values = static_cast<std::size_t>(config.quota_values);
    limits.value_bytes = static_cast<std::size_t>(config.quota_value_bytes);
    limits.app_percent = static_cast<std::size_t>(config.quota_app_percent);
    return limits;
}

/// A kernel without this family can't have a socket of it, which is no mistake of the operator.
bool family_exists(Family family) {
    const int probe =
        socket(family == Family::kIpv4 ? AF_INET : AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (probe < 0) return false;
    close(probe);
    return true;
}

}  // namespace

Daemon::Daemon(Config config, ConfigSource source, LogSink& log)
    : config_(std::move(config)),
      source_(std::move(source)),
      log_(log),
      service_(context_, log),
      signals_(context_),
      save_timer_(context_),
      mend_timer_(context_),
      leave_timer_(context_),
      layers_{{"bootstrap", config_.bootstrap_layer},
              {"dht", config_.dht_layer},
              {"mdns", config_.mdns_layer},
              {"ble", config_.ble_layer}} {}

Daemon::~Daemon() = default;

std::optional<StartFailure> Daemon::prepare() {
    service_.starting(config_.node_work_bits);
    auto failure = make_parts();
    if (failure) service_.failed(failure->message);
    return failure;
}

std::optional<StartFailure> Daemon::make_parts() {
    if (config_.post_quantum == identity::PostQuantumPolicy::kRequire &&
        !crypto_.has_post_quantum())
        return StartFailure{
            kExitUnusable,
            "identity.post_quantum = require, and " + openssl::MlDsa::library() +
                " has no ML-DSA-65: nobody could be found\n  do   use OpenSSL 3.5 or later, or a "
                "provider that adds ML-DSA-65 to this one,\n       or set identity.post_quantum = "
                "prefer"};
    auto keys = load_keys(config_.state_dir, config_.mode, config_.node_work_bits, crypto_, log_);
    if (auto* failure = std::get_if<StartFailure>(&keys)) return *failure;
    RestoredState restored;
    if (auto failure = open_store(restored)) return failure;
    const NetworkId network = network_id(config_.network, crypto_);
    restored.hand_overs =
        load_hand_overs(config_.state_dir, network, std::get<Keys>(keys).user, crypto_);
    keeper_ =
        std::make_unique<IdentityKeeper>(config_.state_dir, network, std::get<Keys>(keys), log_);
    auto socket = service_.listen(config_.api_socket, config_.api_socket_mode, false);
    if (auto* failure = std::get_if<StartFailure>(&socket)) return *failure;
    io::NodeDriver::Transports transports;
    if (auto failure = open_sockets(transports)) return failure;
    make_node(std::get<Keys>(keys), std::move(restored), std::move(transports));
    if (auto failure = make_plane(std::get<Keys>(keys))) return failure;
    return make_api(std::move(std::get<api::ApiSocket>(socket)));
}

std::optional<StartFailure> Daemon::open_store(RestoredState& restored) {
    store_ =
        std::make_unique<sqlite::SqliteStore>(sqlite::StoreOptions{.directory = config_.state_dir});
    clock_.emplace(Instant{}, unix_now(), program_time());
    const UnixMillis now = clock_->time(Instant{});
    auto stored = store_->load(now);
    if (!stored.has_value()) {
        const bool second = stored.error() == Errc::kBusy;
        return StartFailure{second ? kExitSecondInstance : kExitUnusable, store_->problem()};
    }
    start_notice_ = stored->notice;
    for (const std::string& words : {start_notice_, store_->health()}) {
        if (!words.empty()) log_.write(LogLevel::kWarning, "store", "store.notice", words);
    }
    restored = restored_from(*stored, now);
    stored_messages_.outgoing = std::move(stored->outgoing);
    stored_messages_.incoming = std::move(stored->incoming);
    stored_messages_.taken_numbers = std::move(stored->taken_numbers);
    persistence_ =
        std::make_unique<Persistence>(*store_, log_, [this](std::uint64_t ticket, bool ok) {
            driver_->post(
                [ticket, ok](Instant at, Node& node) { node.handle_persisted(at, ticket, ok); });
        });
    return std::nullopt;
}

std::optional<StartFailure> Daemon::open_sockets(io::NodeDriver::Transports& transports) {
    auto port = static_cast<std::uint16_t>(config_.udp_port);
    for (const Family family : {Family::kIpv4, Family::kIpv6}) {
        bool& wanted = family == Family::kIpv4 ? config_.ipv4 : config_.ipv6;
        if (!wanted) continue;
        if (!family_exists(family)) {
            log_.write(LogLevel::kWarning, "app", "app.family_missing",
                       "this host has no such address family",
                       {{"family", family == Family::kIpv4 ? "ipv4" : "ipv6"}});
            wanted = false;
            continue;
        }
        Endpoint local;
        local.family = family;
        for (const Endpoint& bind : config_.bind) {
            if (bind.family == family) local = bind;
        }
        if (local.port == 0) local.port = port;
        auto transport = std::make_unique<io::UdpTransport>(context_);
        if (const auto problem = service_.open(*transport, local)) {
            return StartFailure{
                kExitFailed,
                *problem + "\n  see  ss -ulpn 'sport = :" + std::to_string(local.port) +
                    "'   shows which program uses it\n  do   end that program, or change udp.port"};
        }
        // A port that the system chose is the same in both families, as a configured one is.
        if (port == 0) port = transport->local().port;
        transport->count_outside(&outside_);
        transports.push_back(std::move(transport));
    }
    if (transports.empty())
        return StartFailure{kExitUnusable, "this host has neither IPv4 nor IPv6"};
    return std::nullopt;
}

void Daemon::make_node(const Keys& keys, RestoredState restored,
                       io::NodeDriver::Transports transports) {
    NodeOptions options;
    options.user_key = keys.user;
    options.node_key = keys.node;
    options.network = network_id(config_.network, crypto_);
    options.mode = config_.mode;
    options.ipv4 = config_.ipv4;
    options.ipv6 = config_.ipv6;
    options.post_quantum = config_.post_quantum;
    options.key_work_bits = config_.node_work_bits;
    options.name_work_bits = config_.name_work_bits;
    options.durable_acknowledgement = true;
    options.bootstrap_layer = config_.bootstrap_layer;
    options.dht_layer = config_.dht_layer;
    options.local = true;
    options.mdns = {config_.mdns_layer, config_.mdns_visibility, config_.mdns_service_type};
    options.ble.on = config_.ble_layer;
    options.ble.visibility = config_.ble_visibility;
    options.ble.scan_interval = std::chrono::seconds(config_.ble_scan_seconds);
    options.ble.power_at_one_metre = static_cast<std::int8_t>(config_.ble_power_at_one_metre);
    options.udp_port = transports.front()->local().port;
    options.limits = limits_of(config_);

    facts_.version = SOV_VERSION;
    facts_.peer = PeerId::from(keys.user.public_key);
    facts_.node = NodeKey::from(keys.node.public_key);
    facts_.network = options.network;
    facts_.crypto_library = openssl::MlDsa::library();
    facts_.post_quantum_policy = config_.values["identity.post_quantum"];
    facts_.network_name = is_network_id(config_.network) ? "" : config_.network;
    facts_.mode = mode_of(config_.mode);
    facts_.node_key_persistent = keys.node_key_persistent;

    // Keys may have taken their time since.
    clock_.emplace(Instant{}, unix_now(), program_time());
    std::array<std::uint8_t, 8> seed{};
    crypto_.fill_random(seed);
    node_ =
        std::make_unique<Node>(Surroundings{crypto_, book_, packets_}, options, std::move(restored),
                               clock_->time(Instant{}), load_u64(seed.data()));
    driver_ = std::make_unique<io::NodeDriver>(
        context_, *node_, std::move(transports),
        [this](Instant now, const Event& event) { handle_event(now, event); });
}

std::optional<StartFailure> Daemon::make_plane(const Keys& keys) {
    if (!config_.connect_enabled) return std::nullopt;
    plane_ = ConnectionPlane::make(context_, crypto_, keys.user, config_, log_);
    if (!plane_) {
        return StartFailure{kExitFailed,
                            "cannot make the certificate for connections\n  do   set "
                            "connect.enabled = no to run without them, and report this"};
    }
    plane_->join(*driver_, *node_, [this](Instant now, const hub::HubEvent& event) {
        api_->handle_event(now, event);
    });
    plane_->carry_messages(
        crypto_, *store_, clock_->time(Instant{}), stored_messages_,
        [this](Instant, const hub::PostEvent& event) { api_->handle_event(event); });
    stored_messages_ = {};
    plane_->set_wall_clock(Instant{}, clock_->time(Instant{}));
    return std::nullopt;
}

std::optional<StartFailure> Daemon::make_api(api::ApiSocket socket) {
    api::ApiServer::Options options;
    if (plane_) {
        auto door = service_.listen(config_.api_socket + ".streams", config_.api_socket_mode, true);
        if (auto* failure = std::get_if<StartFailure>(&door)) return *failure;
        options.hub = &plane_->hub();
        options.courier = &plane_->post().courier();
        options.loop = &context_;
        options.stream_socket.emplace(std::move(std::get<api::ApiSocket>(door)));
    }
    options.rules = access_rules(config_);
    options.limits.connections.total = static_cast<std::size_t>(config_.api_connections_max);
    options.limits.connections.per_uid = static_cast<std::size_t>(config_.api_connections_per_user);
    options.limits.idle = std::chrono::seconds(config_.api_idle_seconds);
    options.limits.quotas = quotas_of(config_);
    options.sessions = host::has_active_session;
    options.journal = [this](const sovereign::v1::Event& entry) { log_audit(log_, entry); };
    options.post = [this](api::CoreBridge::Work work) { driver_->post(std::move(work)); };
    api::Host& host = *this;
    api_ = std::make_unique<api::ApiServer>(std::move(socket), host, crypto_, std::move(options));
    return make_metrics();
}

std::optional<StartFailure> Daemon::make_metrics() {
    metrics_ = std::make_unique<Metrics>(
        context_, log_, [this] { return api_->measures(driver_->now(), *node_); },
        [this] { api_->sample(driver_->now(), *node_); });
    if (config_.metrics_enabled) {
        auto socket =
            service_.listen(config_.api_socket + ".metrics", config_.api_socket_mode, true);
        if (auto* failure = std::get_if<StartFailure>(&socket)) return *failure;
        metrics_->serve(std::move(std::get<api::ApiSocket>(socket)));
    }
    if (config_.metrics_port == 0) return std::nullopt;
    return metrics_->serve_port(static_cast<std::uint16_t>(config_.metrics_port));
}

api::AccessRules Daemon::access_rules(const Config& config) {
    const auto ids = [&](const std::vector<std::string>& names) {
        std::vector<gid_t> groups;
        for (const std::string& name : names) {
            if (const auto group = group_id(name)) {
                groups.push_back(*group);
            } else {
                log_.write(LogLevel::kInfo, "api", "api.group_missing",
                           "a group with a role does not exist on this host", {{"group", name}});
            }
        }
        return groups;
    };
    if (config.use_sessions && !host::has_login_manager()) {
        log_.write(LogLevel::kInfo, "api", "api.no_login_manager",
                   "no logind: nobody gets the role use by sitting at this host");
    }
    return {geteuid(), ids(config.use_groups), ids(config.admin_groups), config.use_sessions};
}

void Daemon::run() {
    await_signals();
    resolver_ = std::make_unique<BootstrapResolver>(context_, log_, [this](const Contact& contact) {
        driver_->post([contact](Instant at, Node& node) {
            node.handle_sighting(at, {Sighting::Source::kDns, contact});
        });
    });
    // A node that starts without anybody to ask would call itself isolated for a moment.
    make_lists();
    for (const Sighting& sighting : pinned_peers())
        node_->handle_sighting(driver_->now(), sighting);
    make_adapters();
    driver_->start();
    driver_->post([this, addresses = local_addresses()](Instant at, Node& node) {
        node.set_own_addresses(at, addresses);
        if (plane_) plane_->hub().set_own_addresses(addresses);
    });
    if (plane_) plane_->post().start();
    make_host_watch();
    if (plane_) plane_->on_relayed([this](bool relayed) { host_->set_relayed(relayed); });
    router_port_ = std::make_unique<RouterPort>(context_, config_, listening(), log_, [this] {
        // Strangers may reach us now, or no more.
        std::optional<Endpoint> outside;
        if (const auto& state = router_port_->state(); state && state->mapping) {
            outside = state->mapping->external;
        }
        driver_->post([outside](Instant at, Node& node) { node.set_mapped_endpoint(at, outside); });
        driver_->post([](Instant at, Node& node) { node.handle_network_change(at); });
    });
    resolver_->resolve(config_.bootstrap);
    save_peers_in(kSaveEach);
    mend_store_later();
    host_->start();
    metrics_->start();
    log_.write(LogLevel::kInfo, "app", "app.started", "the daemon serves",
               {{"version", facts_.version},
                {"peer", identity::peer_text(facts_.peer)},
                {"socket", config_.api_socket}});
    service_.start(
        [this](std::function<void()> done) {
            // Behind what the node does now, and behind whatever else waits for the thread.
            driver_->post([this, done = std::move(done)](Instant, Node&) {
                boost::asio::post(context_, done);
            });
        },
        [this] { return verdict_line(); });

    context_.run();

    // Work that was posted meanwhile is dropped by the driver here, which answers whoever waits for
    // it.
    context_.restart();
    context_.poll();
    api_->stop(kCallsGrace);
    log_.write(LogLevel::kInfo, "app", "app.stopped", "the daemon has left");
}

void Daemon::make_adapters() {
    const auto report = [this](auto what) {
        driver_->post(
            [what = std::move(what)](Instant at, Node& node) { node.handle_report(at, what); });
    };
    adapters_ = std::make_unique<LocalAdapters>(
        context_, config_,
        LocalAdapters::Sinks{[this, report](BrowserReport what) {
                                 if (const auto* now = std::get_if<BrowserChanged>(&what))
                                     browser_state_ = *now;
                                 report(std::move(what));
                             },
                             [this, report](RadioReport what) {
                                 if (const auto* now = std::get_if<RadioChanged>(&what))
                                     radio_state_ = *now;
                                 report(std::move(what));
                             }});
}

void Daemon::handle_event(Instant now, const Event& event) {
    persistence_->handle_event(now, event);
    adapters_->handle_event(event);
    if (plane_) plane_->handle_event(now, event);
    log_event(log_, event);
    if (const auto* changed = std::get_if<StateChanged>(&event);
        changed != nullptr && changed->to == DiscoveryState::kReady) {
        save_peers_in(kFirstSave);
        if (lists_) lists_->joined();
    }
    if (lists_) lists_->handle_event(event);
    if (std::holds_alternative<StateChanged>(event))
        driver_->post([this](Instant, Node&) { service_.verdict_changed(); });
    api_->handle_event(event);
}

std::vector<Sighting> Daemon::pinned_peers() const {
    std::vector<Sighting> sightings;
    for (const identity::BootstrapLine& line : config_.bootstrap) {
        for (const Endpoint& endpoint : line.endpoints) {
            sightings.push_back({Sighting::Source::kPinned, Contact::of(line.key, endpoint)});
        }
    }
    const identity::BootstrapList* list = lists_ ? lists_->in_force() : nullptr;
    if (list == nullptr) return sightings;
    for (const identity::PeerNode& node : list->nodes) {
        for (const Endpoint& endpoint : node.endpoints)
            sightings.push_back({Sighting::Source::kPinned, Contact::of(node.key, endpoint)});
    }
    return sightings;
}

void Daemon::try_pinned_peers() {
    for (const Sighting& sighting : pinned_peers()) {
        driver_->post([sighting](Instant at, Node& node) { node.handle_sighting(at, sighting); });
    }
}

void Daemon::make_lists() {
    if (config_.list_keys.empty()) return;
    lists_ = std::make_unique<ListWatch>(
        context_, log_, crypto_, config_,
        ListWatch::Sinks{[this] { try_pinned_peers(); },
                         [this](const Key& key) {
                             driver_->post([this, key](Instant at, Node& node) {
                                 lists_->note_read(node.get_value(at, key, dht::Level::kNormal));
                             });
                         },
                         [] { return unix_now() / 1000; }});
    lists_->start();
}

void Daemon::save_peers_in(std::chrono::seconds pause) {
    save_timer_.expires_after(pause);
    save_timer_.async_wait([this](const boost::system::error_code& error) {
        if (error) return;
        persistence_->save_peers(*node_, driver_->now());
        host::give_back_spare_memory();
        save_peers_in(kSaveEach);
    });
}

void Daemon::mend_store_later() {
    mend_timer_.expires_after(kMendEach);
    mend_timer_.async_wait([this](const boost::system::error_code& error) {
        if (error) return;
        persistence_->write_again();
        mend_store_later();
    });
}

void Daemon::look_around(Look look) {
    // One input a piece of work: what it has to say is taken before the next. Addresses first, so
    // that nobody is asked over a family that is gone.
    const auto addresses = local_addresses();
    driver_->post([addresses](Instant at, Node& node) { node.set_own_addresses(at, addresses); });
    if (look.all) driver_->post([](Instant at, Node& node) { node.handle_network_change(at); });
    driver_->post([this, look, addresses](Instant at, Node&) {
        if (plane_) plane_->look_around(at, addresses, look);
    });
    if (look.all) router_port_->look_again();
}

std::uint64_t Daemon::outside_use() {
    if (!plane_) return 0;
    const ConnectionPlane::OutsideUse use = plane_->take_outside_use();
    driver_->post([this, flows = use.flows](Instant at, Node& node) {
        node.set_flows_elsewhere(flows);
        // Sockets that the node does not see would go on.
        if (outside_.left == 0) plane_->close_outside(at);
    });
    return use.bytes;
}

void Daemon::make_host_watch() {
    driver_->on_wake([this](Duration slept) {
        boost::asio::post(context_, [this, slept] { host_->woke(slept); });
    });
    host_ = std::make_unique<HostWatch>(
        context_, config_, log_, outside_, *clock_,
        HostWatch::Sinks{[this](Look look) { look_around(look); },
                         [this] {
                             const auto all = local_addresses();
                             return std::any_of(all.begin(), all.end(), [](const Endpoint& one) {
                                 return one.scope() != Scope::kLoopback;
                             });
                         },
                         [this](const Economy& economy) {
                             driver_->post([economy](Instant at, Node& node) {
                                 node.set_economy(at, economy);
                             });
                         },
                         [this](UnixMillis now) {
                             driver_->post([this, now](Instant at, Node& node) {
                                 node.set_wall_clock(at, now);
                                 if (plane_) plane_->set_wall_clock(at, now);
                             });
                         },
                         [this] { return driver_->now(); }, [this] { return outside_use(); }});
}

void Daemon::await_signals() {
    boost::system::error_code ignored;
    for (const int signal : {SIGTERM, SIGINT, SIGHUP}) signals_.add(signal, ignored);
    signals_.async_wait([this](const boost::system::error_code& error, int signal) {
        if (error) return;
        await_signals();
        if (signal != SIGHUP) {
            leave(leaving_ == Leaving::kNo ? Leaving::kWithdrawing : Leaving::kNow);
            return;
        }
        service_.reloading();
        const api::ReloadOutcome outcome = reload_config();
        if (!outcome.error.empty()) {
            log_.write(LogLevel::kError, "app", "app.reload_failed",
                       "the configuration is not valid; the old one stays in force",
                       {{"reason", outcome.error}});
        }
        service_.reloaded();
    });
}

void Daemon::shut_down(bool at_once) {
    // The call that asks for it is answered first.
    boost::asio::post(context_,
                      [this, at_once] { leave(at_once ? Leaving::kNow : Leaving::kWithdrawing); });
}

void Daemon::leave(Leaving how) {
    if (leaving_ == Leaving::kNow || how == leaving_) return;
    leaving_ = how;
    service_.leaving();
    if (how == Leaving::kNow) {
        stop_core();
        return;
    }
    log_.write(LogLevel::kInfo, "app", "app.leaving", "withdraws its records and leaves");
    leave_by_ = std::chrono::steady_clock::now() + kWithdrawalPatience;
    driver_->post([](Instant at, Node& node) { node.withdraw(at); });
    await_withdrawal();
}

void Daemon::await_withdrawal() {
    leave_timer_.expires_after(kWithdrawalLook);
    leave_timer_.async_wait([this](const boost::system::error_code& error) {
        if (error) return;
        if (node_->withdrawn() || std::chrono::steady_clock::now() >= leave_by_) {
            leave(Leaving::kNow);
        } else {
            await_withdrawal();
        }
    });
}

void Daemon::stop_core() {
    save_timer_.cancel();
    mend_timer_.cancel();
    leave_timer_.cancel();
    service_.stop();
    metrics_->stop();
    resolver_->stop();
    host_->stop();
    if (lists_) lists_->stop();
    router_port_->stop();
    adapters_->stop();
    persistence_->save_peers(*node_, driver_->now());
    if (plane_) plane_->shut_down(driver_->now());
    driver_->stop();
    api_->close_bridge();
    context_.stop();
}

}  // namespace sov::app
