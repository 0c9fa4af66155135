#include "daemon/api/api_server.h"

#include <grpc/grpc.h>
#include <grpcpp/ext/proto_server_reflection_plugin.h>
#include <grpcpp/health_check_service_interface.h>
#include <grpcpp/resource_quota.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>
#include <grpcpp/server_posix.h>
#include <sys/resource.h>

#include <algorithm>
#include <utility>

#include "daemon/api/app_requests.h"
#include "daemon/api/app_streams.h"
#include "daemon/api/call_count.h"
#include "daemon/api/connection_messages.h"
#include "daemon/api/connections_service.h"
#include "daemon/api/desk.h"
#include "daemon/api/dht_service.h"
#include "daemon/api/discovery_service.h"
#include "daemon/api/local_service.h"
#include "daemon/api/mailbox_service.h"
#include "daemon/api/measures.h"
#include "daemon/api/messages.h"
#include "daemon/api/messaging_service.h"
#include "daemon/api/node_service.h"
#include "daemon/api/post_table.h"
#include "daemon/api/stream_door.h"
#include "daemon/core/base/check.h"

namespace sov::api {
namespace {

/// Memory that gRPC may use for all connections together before it sheds load.
constexpr std::size_t kMemoryQuotaBytes = 64 << 20;
/// Threads that gRPC may keep for its one synchronous service, reflection.
constexpr int kThreadsMax = 16;
/// Calls of one connection that have not ended, in its limit of calls at once: calls that a client
/// gave up count until a service has seen that, and an app may well give up many together.
constexpr std::size_t kCallsAliveFactor = 8;

/// Descriptors that stay for everything that is no local connection: UDP sockets, the database, the
/// loops, readers of the figures, and what gRPC has not closed yet of clients that left. Local
/// clients must not be able to take those.
constexpr std::size_t kOtherDescriptors = 56;
constexpr std::size_t kConnectionsLeast = 4;

/// Each connection takes two descriptors, so a low limit of the process is a limit here too.
ConnectionLimits fitted(ConnectionLimits wanted) {
    rlimit descriptors{};
    SOV_CHECK(getrlimit(RLIMIT_NOFILE, &descriptors) == 0);
    const std::size_t have = static_cast<std::size_t>(descriptors.rlim_cur);
    const std::size_t room = have > kOtherDescriptors ? (have - kOtherDescriptors) / 2 : 0;
    wanted.total = std::min(wanted.total, std::max(room, kConnectionsLeast));
    return wanted;
}

int as_argument(std::chrono::milliseconds time) { return static_cast<int>(time.count()); }

std::uint64_t unix_ms_now() {
    return whole_ms(std::chrono::system_clock::now().time_since_epoch());
}

std::unique_ptr<grpc::Server> build_server(const ApiLimits& limits,
                                           std::initializer_list<grpc::Service*> services) {
    // Held for the life of the process: when the last user goes, gRPC's own clean-up waits up to
    // ten seconds for a write that a slow client does not read, and the daemon must leave in under
    // three.
    [[maybe_unused]] static const bool kHeld = (grpc_init(), true);
    grpc::EnableDefaultHealthCheckService(true);
    grpc::reflection::InitProtoReflectionServerBuilderPlugin();
    grpc::ServerBuilder builder;
    for (grpc::Service* service : services) builder.RegisterService(service);
    grpc::ResourceQuota quota("api");
    quota.Resize(kMemoryQuotaBytes);
    quota.SetMaxThreads(kThreadsMax);
    builder.SetResourceQuota(quota);
    builder.SetMaxReceiveMessageSize(limits.message_bytes_max);
    builder.SetSyncServerOption(grpc::ServerBuilder::SyncServerOption::NUM_CQS, 1);
    builder.SetSyncServerOption(grpc::ServerBuilder::SyncServerOption::MIN_POLLERS, 1);
    builder.SetSyncServerOption(grpc::ServerBuilder::SyncServerOption::MAX_POLLERS, 2);
    builder.AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS, limits.streams_per_connection);
    builder.AddChannelArgument(GRPC_ARG_MAX_CONNECTION_IDLE_MS, as_argument(limits.idle));
    // The listener counts by it.
    builder.AddChannelArgument(GRPC_ARG_ENABLE_CHANNELZ, 1);
    builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, as_argument(limits.keepalive));
    builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS,
                               as_argument(limits.keepalive_timeout));
    return builder.BuildAndStart();
}

}  // namespace

class ApiServer::Parts {
  public:
    Parts(ApiSocket socket, Host& host, identity::Crypto& crypto, Options options)
        : connections_(fitted(options.limits.connections)),
          quotas_(options.limits.quotas),
          audit_(audit_history_, std::move(options.journal)),
          gate_(connections_, quotas_, audit_, std::move(options.rules),
                std::move(options.sessions)),
          bridge_(std::move(options.post)),
          hub_(bridge_, options.hub),
          post_(options.courier, crypto),
          desk_{gate_,
                bridge_,
                history_,
                audit_history_,
                audit_,
                listens_,
                offers_,
                quotas_,
                host,
                crypto,
                std::chrono::steady_clock::now(),
                hub_,
                post_},
          node_(desk_),
          discovery_(desk_),
          dht_(desk_),
          local_(desk_),
          mailbox_(desk_),
          connections_service_(desk_),
          messaging_(desk_),
          writer_(crypto) {
        desk_.meter = &meter_;
        desk_.stats = &stats_;
        desk_.accepted = [this] { return listener_ ? listener_->counts() : Listener::Counts{}; };
        make_streams(options, crypto);
        // Last, because calls may come as soon as it is there.
        server_ = build_server(options.limits, {&node_, &discovery_, &dht_, &local_, &mailbox_,
                                                &connections_service_, &messaging_});
        // Without a port of its own nothing can fail here but memory.
        SOV_CHECK(server_ != nullptr);
        serve_health("", true);
        serve_health("dht", false);
        listener_.emplace(std::move(socket), connections_, listening(options));
    }

    ~Parts() {
        close_bridge();
        stop(std::chrono::milliseconds(500));
    }

    Listener::Options listening(const Options& options) {
        Listener::Options listening;
        listening.hand_over = [this](int descriptor) {
            grpc::AddInsecureChannelFromFd(server_.get(), descriptor);
            return call_count_.find(descriptor);
        };
        listening.reader = options.caller_reader;
        listening.calls = CallCount::alive;
        listening.calls_most =
            kCallsAliveFactor * static_cast<std::size_t>(options.limits.streams_per_connection);
        listening.flooded = [this](const Caller& caller) { gate_.cut_flood(caller); };
        listening.greeting = options.limits.greeting;
        return listening;
    }

    void make_streams(Options& options, identity::Crypto& crypto) {
        if (options.hub == nullptr) return;
        streams_.emplace(*options.hub, crypto);
        desk_.streams = &*streams_;
        requests_.emplace(*streams_, crypto);
        desk_.requests = &*requests_;
        if (!options.stream_socket) return;
        door_.emplace(*options.loop, std::move(*options.stream_socket), bridge_,
                      options.caller_reader);
        desk_.door = &*door_;
        door_->when_second([this](Instant now) {
            streams_->handle_timeout(now);
            return streams_->waiting();
        });
        streams_->when_waiting([this] { door_->count_seconds(); });
    }

    void close_bridge() {
        bridge_.close();
        hub_.close();
        post_.close();
        if (streams_) streams_->close();
        if (door_) door_->close();
    }

    void handle_event(const Event& event) {
        bridge_.handle_event(event);
        meter_.handle_event(event);
        dht_.handle_event(event);
        offers_.handle_event(event);
        if (const auto* changed = std::get_if<StateChanged>(&event)) {
            serve_health("dht", changed->to == DiscoveryState::kReady);
        }
        if (auto message = writer_.event(event)) {
            message->set_time_unix_ms(unix_ms_now());
            history_.add(std::move(*message));
        }
    }

    void handle_event(Instant now, const hub::HubEvent& event) {
        hub_.handle_event(event);
        if (auto message = connection_event(writer_, now, event)) {
            message->set_time_unix_ms(unix_ms_now());
            history_.add(std::move(*message));
        }
    }

    void handle_event(const hub::PostEvent& event) { post_.handle_event(event); }

    void stop(std::chrono::milliseconds grace) {
        if (std::exchange(stopped_, true)) return;
        listener_->stop();
        server_->GetHealthCheckService()->Shutdown();
        history_.close();
        audit_history_.close();
        listens_.close();
        offers_.close();
        server_->Shutdown(std::chrono::system_clock::now() + grace);
    }

    void serve_health(const std::string& subsystem, bool serving) {
        server_->GetHealthCheckService()->SetServingStatus(subsystem, serving);
    }

    // In the order of need: the server goes before what its calls use.
    ConnectionTable connections_;
    Quotas quotas_;
    EventHistory audit_history_{std::string(AuditLog::kRefused)};
    AuditLog audit_;
    Gate gate_;
    CoreBridge bridge_;
    EventHistory history_;
    ListenTable listens_;
    OfferTable offers_;
    HubBridge hub_;
    PostTable post_;
    LookupMeter meter_;
    StatsHistory stats_;
    Desk desk_;
    std::optional<AppRequests> requests_;
    std::optional<AppStreams> streams_;  // its ends know the requests
    std::optional<StreamDoor> door_;
    NodeService node_;
    DiscoveryService discovery_;
    DhtService dht_;
    LocalService local_;
    MailboxService mailbox_;
    ConnectionsService connections_service_;
    MessagingService messaging_;
    MessageWriter writer_;
    std::unique_ptr<grpc::Server> server_;
    CallCount call_count_;  // of the listener's thread
    std::optional<Listener> listener_;
    bool stopped_ = false;
};

ApiServer::ApiServer(ApiSocket socket, Host& host, identity::Crypto& crypto, Options options)
    : parts_(std::make_unique<Parts>(std::move(socket), host, crypto, std::move(options))) {}
ApiServer::~ApiServer() = default;

void ApiServer::handle_event(const Event& event) { parts_->handle_event(event); }
void ApiServer::handle_event(Instant now, const hub::HubEvent& event) {
    parts_->handle_event(now, event);
}

void ApiServer::handle_event(const hub::PostEvent& event) { parts_->handle_event(event); }
void ApiServer::set_rules(AccessRules rules) { parts_->gate_.set_rules(std::move(rules)); }
void ApiServer::close_bridge() { parts_->close_bridge(); }
void ApiServer::stop(std::chrono::milliseconds grace) { parts_->stop(grace); }
ports::Measures ApiServer::measures(Instant now, const Node& node) const {
    ports::Measures all;
    add_measures(parts_->desk_, now, node, all);
    return all;
}
void ApiServer::sample(Instant now, const Node& node) { parts_->stats_.add(measures(now, node)); }
Listener::Counts ApiServer::connection_counts() const { return parts_->listener_->counts(); }
std::size_t ApiServer::waiting_commands() const { return parts_->bridge_.waiting(); }

}  // namespace sov::api
