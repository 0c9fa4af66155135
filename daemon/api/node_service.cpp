#include "daemon/api/node_service.h"

#include <algorithm>
#include <chrono>

#include "daemon/api/event_stream.h"
#include "daemon/api/messages.h"
#include "daemon/api/status_report.h"
#include "daemon/api/unary_call.h"

namespace sov::api {
namespace {

namespace v1 = sovereign::v1;

constexpr int kGlobsMax = 16;
constexpr std::size_t kGlobCharsMax = 64;
constexpr std::chrono::milliseconds kLogLevelTimeMax = std::chrono::hours(24);

v1::LogLevel level_message(LogLevel level) {
    return static_cast<v1::LogLevel>(static_cast<int>(level));
}
static_assert(static_cast<int>(LogLevel::kError) == v1::LOG_LEVEL_ERROR &&
              static_cast<int>(LogLevel::kTrace) == v1::LOG_LEVEL_TRACE);

template <typename Response>
void report_log_levels(Host& host, Response* response) {
    for (const ModuleLevel& module : host.log_levels()) {
        auto* to = response->add_modules();
        to->set_module(module.module);
        to->set_level(level_message(module.level));
        to->set_reverts_in_ms(whole_ms(module.reverts_in));
        if (module.reverts_in.count() > 0) to->set_reverts_to(level_message(module.reverts_to));
    }
}

void report_change(const ConfigChange& change, v1::ReloadConfigResponse::Change* to) {
    to->set_key(change.key);
    to->set_before(change.before);
    to->set_after(change.after);
}

/// The keys alone; a value may be a secret.
std::string keys_of(const std::vector<ConfigChange>& changes) {
    std::string keys;
    for (const ConfigChange& change : changes) keys += (keys.empty() ? "" : ", ") + change.key;
    return keys;
}

}  // namespace

grpc::ServerUnaryReactor* NodeService::GetStatus(grpc::CallbackServerContext* context,
                                                 const grpc::ByteBuffer* question,
                                                 grpc::ByteBuffer* response) {
    // Of a call that was given up at once nothing is there to read: it must not get to the gate and
    // its quotas. For calls whose messages gRPC reads it sees to that itself.
    grpc::ByteBuffer bytes = *question;
    v1::GetStatusRequest nothing;
    const auto read =
        grpc::SerializationTraits<v1::GetStatusRequest>::Deserialize(&bytes, &nothing);
    if (!read.ok()) {
        auto* refusal = context->DefaultReactor();
        refusal->Finish(read);
        return refusal;
    }
    auto* call = new UnaryCall(desk_, *context, "/sovereign.v1.Node/GetStatus");
    if (!call->admitted()) return call;
    call->ask([this, role = call->role(), response](Instant now, const Node& node) {
        *response = status_bytes(desk_, now, node, role);
        return grpc::Status::OK;
    });
    return call;
}

grpc::ServerUnaryReactor* NodeService::GetIdentity(grpc::CallbackServerContext* context,
                                                   const v1::GetIdentityRequest*,
                                                   v1::GetIdentityResponse* response) {
    auto* call = new UnaryCall(desk_, *context, "/sovereign.v1.Node/GetIdentity");
    if (!call->admitted()) return call;
    call->ask([this, response](Instant now, const Node& node) {
        report_identity(desk_, now, node, response);
        return grpc::Status::OK;
    });
    return call;
}

namespace {

/// Begins a stream as the request wants it, or refuses it.
EventStream* watch(EventStream* stream, const v1::WatchEventsRequest* request) {
    if (!stream->admitted()) return stream;
    const auto& globs = request->type_glob();
    if (globs.size() > kGlobsMax ||
        std::any_of(globs.begin(), globs.end(), [](const std::string& glob) {
            return glob.empty() || glob.size() > kGlobCharsMax;
        })) {
        stream->refuse(invalid("type_glob", "at most 16 patterns of 1 to 64 characters"));
        return stream;
    }
    stream->begin({{globs.begin(), globs.end()}}, {request->since_cursor(), request->from_oldest()},
                  request->replay_only() ? EventStream::After::kEnd : EventStream::After::kFollow);
    return stream;
}

}  // namespace

grpc::ServerWriteReactor<v1::Event>* NodeService::WatchEvents(
    grpc::CallbackServerContext* context, const v1::WatchEventsRequest* request) {
    return watch(new EventStream(desk_, *context, "/sovereign.v1.Node/WatchEvents"), request);
}

grpc::ServerWriteReactor<v1::Event>* NodeService::WatchAudit(
    grpc::CallbackServerContext* context, const v1::WatchEventsRequest* request) {
    return watch(
        new EventStream(desk_, desk_.audit_history, *context, "/sovereign.v1.Node/WatchAudit"),
        request);
}

grpc::ServerUnaryReactor* NodeService::ListSessions(grpc::CallbackServerContext* context,
                                                    const v1::ListSessionsRequest*,
                                                    v1::ListSessionsResponse* response) {
    auto* call = new UnaryCall(desk_, *context, "/sovereign.v1.Node/ListSessions");
    if (!call->admitted()) return call;
    call->ask([this, response](Instant now, const Node& node) {
        const MessageWriter writer(desk_.crypto);
        auto sessions = node.sessions(now);
        std::sort(sessions.begin(), sessions.end(), [](const PeerSession& a, const PeerSession& b) {
            return a.idle != b.idle ? a.idle < b.idle : a.id < b.id;
        });
        for (const PeerSession& session : sessions) writer.write(session, response->add_sessions());
        return grpc::Status::OK;
    });
    return call;
}

grpc::ServerUnaryReactor* NodeService::GetLogLevels(grpc::CallbackServerContext* context,
                                                    const v1::GetLogLevelsRequest*,
                                                    v1::GetLogLevelsResponse* response) {
    auto* call = new UnaryCall(desk_, *context, "/sovereign.v1.Node/GetLogLevels");
    if (!call->admitted()) return call;
    call->ask([this, response](Instant, const Node&) {
        report_log_levels(desk_.host, response);
        return grpc::Status::OK;
    });
    return call;
}

grpc::ServerUnaryReactor* NodeService::SetLogLevel(grpc::CallbackServerContext* context,
                                                   const v1::SetLogLevelRequest* request,
                                                   v1::SetLogLevelResponse* response) {
    auto* call = new UnaryCall(desk_, *context, "/sovereign.v1.Node/SetLogLevel");
    if (!call->admitted()) return call;
    call->about(request->module() + '=' +
                std::string(log_level_word(static_cast<LogLevel>(request->level()))) +
                (request->duration_ms() == 0
                     ? ""
                     : " for " + std::to_string(request->duration_ms()) + " ms"));
    if (request->level() < v1::LOG_LEVEL_ERROR || request->level() > v1::LOG_LEVEL_TRACE) {
        call->refuse(invalid("level", "error, warning, info, debug or trace"));
    } else if (request->duration_ms() > static_cast<std::uint64_t>(kLogLevelTimeMax.count())) {
        call->refuse(invalid("duration_ms", "at most one day (86400000)"));
    } else {
        call->ask([this, request, response](Instant, const Node&) {
            const auto level = static_cast<LogLevel>(static_cast<int>(request->level()));
            const std::chrono::milliseconds back_after(request->duration_ms());
            if (!desk_.host.set_log_level(request->module(), level, back_after)) {
                std::string modules;
                for (const ModuleLevel& module : desk_.host.log_levels())
                    modules += module.module + ", ";
                return invalid("module",
                               "'" + request->module() + "' is not one of " + modules + "*");
            }
            report_log_levels(desk_.host, response);
            return grpc::Status::OK;
        });
    }
    return call;
}

grpc::ServerUnaryReactor* NodeService::SetLayer(grpc::CallbackServerContext* context,
                                                const v1::SetLayerRequest* request,
                                                v1::SetLayerResponse* response) {
    auto* call = new UnaryCall(desk_, *context, "/sovereign.v1.Node/SetLayer");
    if (!call->admitted()) return call;
    call->about(request->layer() + (request->on() ? " on" : " off"));
    call->ask([this, request, response](Instant now, Node& node) {
        if (!node.set_layer(now, request->layer(), request->on())) {
            return invalid("layer",
                           "'" + request->layer() + "' is not one of bootstrap, dht, mdns, ble");
        }
        desk_.host.layer_switched(request->layer(), request->on());
        for (const LayerStatus& layer : node.layers()) write_layer(layer, response->add_layers());
        return grpc::Status::OK;
    });
    return call;
}

grpc::ServerUnaryReactor* NodeService::ReloadConfig(grpc::CallbackServerContext* context,
                                                    const v1::ReloadConfigRequest*,
                                                    v1::ReloadConfigResponse* response) {
    auto* call = new UnaryCall(desk_, *context, "/sovereign.v1.Node/ReloadConfig");
    if (!call->admitted()) return call;
    call->ask([this, call, response](Instant, const Node&) {
        const ReloadOutcome outcome = desk_.host.reload_config();
        if (!outcome.error.empty()) {
            v1::ErrorDetail detail;
            detail.set_code("config_invalid");
            detail.set_message(outcome.error);
            detail.set_hint(
                "the running daemon keeps its old configuration; correct the file and reload "
                "again");
            return failure(grpc::StatusCode::FAILED_PRECONDITION, detail);
        }
        for (const ConfigChange& change : outcome.applied)
            report_change(change, response->add_applied());
        for (const ConfigChange& change : outcome.needs_restart)
            report_change(change, response->add_needs_restart());
        call->about(keys_of(outcome.applied));
        return grpc::Status::OK;
    });
    return call;
}

grpc::ServerUnaryReactor* NodeService::Shutdown(grpc::CallbackServerContext* context,
                                                const v1::ShutdownRequest* request,
                                                v1::ShutdownResponse*) {
    auto* call = new UnaryCall(desk_, *context, "/sovereign.v1.Node/Shutdown");
    if (!call->admitted()) return call;
    if (request->at_once()) call->about("at once");
    call->ask([this, request](Instant, const Node&) {
        desk_.host.shut_down(request->at_once());
        return grpc::Status::OK;
    });
    return call;
}

}  // namespace sov::api
