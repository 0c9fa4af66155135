#include "daemon/api/connections_service.h"

#include <set>
#include <utility>
#include <variant>

#include "daemon/api/app_streams.h"
#include "daemon/api/call_line.h"
#include "daemon/api/connection_messages.h"
#include "daemon/api/connection_reason.h"
#include "daemon/api/event_stream.h"
#include "daemon/api/peer_target.h"
#include "daemon/api/request_calls.h"
#include "daemon/api/stream_call.h"
#include "daemon/api/stream_door.h"
#include "daemon/api/unary_call.h"
#include "daemon/core/identity/peer_name.h"

namespace sov::api {
namespace {

namespace v1 = sovereign::v1;

constexpr std::uint32_t kConnectMsMax = 120'000, kConnectMsUsual = 15'000;

/// A daemon that was told to have no connections.
grpc::Status no_hub() {
    v1::ErrorDetail detail;
    detail.set_code("not_supported");
    detail.set_message("this daemon makes no connections");
    return failure(grpc::StatusCode::UNIMPLEMENTED, std::move(detail));
}

std::optional<hub::DialPolicy> policy_of(v1::DialPolicy policy) {
    switch (policy) {
        case v1::DIAL_POLICY_UNSPECIFIED:
        case v1::DIAL_POLICY_ANY: return hub::DialPolicy::kAny;
        case v1::DIAL_POLICY_DIRECT: return hub::DialPolicy::kDirectOnly;
        case v1::DIAL_POLICY_RELAY: return hub::DialPolicy::kRelayOnly;
        case v1::DIAL_POLICY_LAN: return hub::DialPolicy::kLanOnly;
        default: return std::nullopt;
    }
}

UnixMillis wall_ms_now() { return whole_ms(std::chrono::system_clock::now().time_since_epoch()); }

/// One Connect call from the moment that its peer is known.
struct Connecting {
    Desk& desk;
    std::shared_ptr<CallLine<v1::ConnectProgress>> line;
    CoreBridge::Ticket ticket;
    hub::StreamHub::ConnectOptions options;
    std::chrono::steady_clock::time_point began = std::chrono::steady_clock::now();

    void begin(const std::shared_ptr<Connecting>& self, const PeerId& peer) {
        v1::ConnectProgress progress;
        MessageWriter(desk.crypto).write(peer, progress.mutable_peer());
        line->give(progress);
        options.tell_steps = true;
        desk.hub.follow(ticket, peer, [line = line](const hub::ConnectStep& step) {
            v1::ConnectProgress message;
            write_step(step, message.mutable_step());
            line->give(std::move(message));
        });
        desk.hub.command(
            ticket,
            [self, peer](Instant now, hub::StreamHub& hub) {
                return hub.connect(now, peer, self->options);
            },
            [self, progress](const hub::HubEvent* event) {
                if (event == nullptr) return self->line->end(leaving());
                self->ended(progress, std::get<hub::ConnectFinished>(*event));
            });
    }

    void ended(v1::ConnectProgress progress, const hub::ConnectFinished& finished) const {
        progress.set_took_us(whole_us(std::chrono::steady_clock::now() - began));
        for (const hub::DialAttempt& attempt : finished.attempts)
            write_attempt(attempt, progress.add_attempts());
        if (finished.outcome.has_value()) {
            // As old as it is, told at the moment of its age's zero: the list shows the age.
            write_connection(MessageWriter(desk.crypto), finished.outcome->since, *finished.outcome,
                             progress.mutable_connection());
        }
        line->give(std::move(progress));
        line->end(finished.outcome.has_value()
                      ? grpc::Status::OK
                      : from_hub(finished.outcome.error(), finished.words));
    }
};

std::optional<std::set<PeerId>> peers_of(const v1::ServeRequest& request) {
    std::set<PeerId> peers;
    for (const std::string& text : request.only_peers()) {
        const auto peer = identity::parse_peer(text);
        if (!peer) return std::nullopt;
        peers.insert(*peer);
    }
    if (peers.size() > AppStreams::kOnlyPeersMax) return std::nullopt;
    return peers;
}

}  // namespace

grpc::ServerWriteReactor<v1::ConnectProgress>* ConnectionsService::Connect(
    grpc::CallbackServerContext* context, const v1::ConnectRequest* request) {
    auto* call =
        new AnswerCall<v1::ConnectProgress>(desk_, *context, "/sovereign.v1.Connections/Connect");
    if (!call->admitted()) return call;
    const auto policy = policy_of(request->policy());
    if (!desk_.hub.present() || !policy || request->time_ms() > kConnectMsMax) {
        call->refuse(!desk_.hub.present() ? no_hub()
                     : !policy            ? invalid("policy", "not one of any, direct, relay, lan")
                                          : invalid("time_ms", "at most 120000"));
        return call;
    }
    const auto ticket = desk_.bridge.reserve_ticket();
    auto connecting = std::make_shared<Connecting>(Connecting{desk_, call->line(), ticket, {}});
    connecting->options.policy = *policy;
    connecting->options.time =
        std::chrono::milliseconds(request->time_ms() == 0 ? kConnectMsUsual : request->time_ms());
    call->when_over([desk = &desk_, ticket] { desk->hub.cancel(ticket); });
    resolve(desk_, request->target(), "target", [connecting](const Resolved& resolved) {
        if (const auto* status = std::get_if<grpc::Status>(&resolved))
            return connecting->line->end(*status);
        connecting->begin(connecting, std::get<PeerId>(resolved));
    });
    return call;
}

grpc::ServerUnaryReactor* ConnectionsService::ExplainConnection(
    grpc::CallbackServerContext* context, const v1::ExplainConnectionRequest* request,
    v1::ExplainConnectionResponse* response) {
    auto* call = new UnaryCall(desk_, *context, "/sovereign.v1.Connections/ExplainConnection");
    if (!call->admitted()) return call;
    if (!desk_.hub.present()) {
        call->refuse(no_hub());
        return call;
    }
    resolve(desk_, request->target(), "target", [this, call, response](const Resolved& resolved) {
        if (const auto* status = std::get_if<grpc::Status>(&resolved)) return call->finish(*status);
        call->ask([this, response, peer = std::get<PeerId>(resolved)](Instant now, const Node&) {
            const MessageWriter writer(desk_.crypto);
            const auto connection = desk_.hub.hub().connection(peer);
            const auto attempts = desk_.hub.hub().attempts(peer);
            const auto last = desk_.hub.hub().ice_report(peer);
            writer.write(peer, response->mutable_peer());
            if (connection)
                write_connection(writer, now, *connection, response->mutable_connection());
            for (const hub::DialAttempt& one : attempts)
                write_attempt(now, one, response->add_attempts());
            if (last) write_call(now, *last, response->mutable_call());
            const ConnectionReason why =
                reason_of(connection, attempts, last, response->peer().text());
            response->set_reason(why.reason);
            response->set_next_step(why.next_step);
            return grpc::Status::OK;
        });
    });
    return call;
}

grpc::ServerUnaryReactor* ConnectionsService::Disconnect(grpc::CallbackServerContext* context,
                                                         const v1::DisconnectRequest* request,
                                                         v1::DisconnectResponse* response) {
    auto* call = new UnaryCall(desk_, *context, "/sovereign.v1.Connections/Disconnect");
    if (!call->admitted()) return call;
    if (!desk_.hub.present()) {
        call->refuse(no_hub());
        return call;
    }
    resolve(desk_, request->target(), "target", [this, call, response](const Resolved& resolved) {
        if (const auto* status = std::get_if<grpc::Status>(&resolved)) return call->finish(*status);
        call->ask([this, response, peer = std::get<PeerId>(resolved)](Instant now, const Node&) {
            MessageWriter(desk_.crypto).write(peer, response->mutable_peer());
            if (desk_.hub.hub().disconnect(now, peer)) return grpc::Status::OK;
            v1::ErrorDetail detail;
            detail.set_code("not_found");
            detail.set_message("there is no connection to that peer");
            detail.set_hint("sovctl connections");
            return failure(grpc::StatusCode::NOT_FOUND, std::move(detail));
        });
    });
    return call;
}

grpc::ServerUnaryReactor* ConnectionsService::ListConnections(
    grpc::CallbackServerContext* context, const v1::ListConnectionsRequest*,
    v1::ListConnectionsResponse* response) {
    auto* call = new UnaryCall(desk_, *context, "/sovereign.v1.Connections/ListConnections");
    if (!call->admitted()) return call;
    call->ask([this, response](Instant now, const Node&) {
        if (!desk_.hub.present()) return grpc::Status::OK;
        const MessageWriter writer(desk_.crypto);
        for (const hub::ConnectionView& connection : desk_.hub.hub().connections())
            write_connection(writer, now, connection, response->add_connections());
        return grpc::Status::OK;
    });
    return call;
}

grpc::ServerWriteReactor<v1::Event>* ConnectionsService::WatchConnections(
    grpc::CallbackServerContext* context, const v1::WatchConnectionsRequest*) {
    auto* stream = new EventStream(desk_, *context, "/sovereign.v1.Connections/WatchConnections");
    if (!stream->admitted()) return stream;
    if (!desk_.hub.present()) {
        stream->refuse(no_hub());
        return stream;
    }
    stream->begin_with(
        [this](Instant now, const Node&) {
            const MessageWriter writer(desk_.crypto);
            EventStream::Opening opening;
            for (const hub::ConnectionView& connection : desk_.hub.hub().connections()) {
                auto event = std::make_shared<v1::Event>(listed_event(writer, now, connection));
                event->set_time_unix_ms(wall_ms_now());
                opening.preface.push_back(std::move(event));
            }
            opening.filter.globs = {"connection.*"};
            return opening;
        },
        EventStream::After::kFollow);
    return stream;
}

grpc::ServerUnaryReactor* ConnectionsService::Ping(grpc::CallbackServerContext* context,
                                                   const v1::PingRequest* request,
                                                   v1::PingResponse* response) {
    auto* call = new UnaryCall(desk_, *context, "/sovereign.v1.Connections/Ping");
    if (!call->admitted()) return call;
    if (!desk_.hub.present()) {
        call->refuse(no_hub());
        return call;
    }
    const auto ticket = desk_.bridge.reserve_ticket();
    call->when_cancelled([this, ticket] { desk_.hub.cancel(ticket); });
    resolve(desk_, request->target(), "target", [=, this](const Resolved& resolved) {
        if (const auto* status = std::get_if<grpc::Status>(&resolved)) return call->finish(*status);
        const PeerId peer = std::get<PeerId>(resolved);
        MessageWriter(desk_.crypto).write(peer, response->mutable_peer());
        desk_.hub.command(
            ticket, [peer](Instant now, hub::StreamHub& hub) { return hub.ping(now, peer); },
            [=, this](const hub::HubEvent* event) {
                if (event == nullptr) return call->finish(leaving());
                const auto& finished = std::get<hub::PingFinished>(*event);
                if (!finished.outcome.has_value())
                    return call->finish(from_hub(finished.outcome.error(), finished.words));
                response->set_round_trip_us(whole_us(*finished.outcome));
                if (const auto connection = desk_.hub.hub().connection(peer)) {
                    write_connection(MessageWriter(desk_.crypto), connection->since, *connection,
                                     response->mutable_connection());
                }
                call->finish(grpc::Status::OK);
            });
    });
    return call;
}

grpc::ServerBidiReactor<v1::StreamInput, v1::StreamOutput>* ConnectionsService::OpenStream(
    grpc::CallbackServerContext* context) {
    return new StreamCall(desk_, *context, "/sovereign.v1.Connections/OpenStream");
}

grpc::ServerBidiReactor<v1::StreamInput, v1::StreamOutput>* ConnectionsService::Take(
    grpc::CallbackServerContext* context) {
    return new StreamCall(desk_, *context, "/sovereign.v1.Connections/Take");
}

grpc::ServerWriteReactor<v1::RequestAnswer>* ConnectionsService::Request(
    grpc::CallbackServerContext* context, const v1::RequestCall* request) {
    return ask_peer(desk_, *context, *request);
}

grpc::ServerBidiReactor<v1::RequestsInput, v1::RequestsOutput>* ConnectionsService::ServeRequests(
    grpc::CallbackServerContext* context) {
    return new AnsweringCall(desk_, *context);
}

grpc::ServerWriteReactor<v1::ServeEvent>* ConnectionsService::Serve(
    grpc::CallbackServerContext* context, const v1::ServeRequest* request) {
    auto* call = new AnswerCall<v1::ServeEvent>(desk_, *context, "/sovereign.v1.Connections/Serve");
    if (!call->admitted()) return call;
    auto only = peers_of(*request);
    if (!desk_.hub.present() || !only) {
        call->refuse(!only ? invalid("only_peers", "at most 256 peer ids that begin with sov1")
                           : no_hub());
        return call;
    }
    auto line = call->line();
    call->when_over([desk = &desk_, line] {
        desk->bridge.ask([desk, line](Instant, const Node* node) {
            if (node != nullptr) desk->streams->withdraw(line);
        });
    });
    desk_.bridge.ask([desk = &desk_, line, user = call->caller().uid,
                      protocol = request->protocol(),
                      only = std::move(*only)](Instant, const Node* node) {
        if (node == nullptr) return line->end(leaving());
        const auto status = desk->streams->serve(user, protocol, only, line);
        if (!status.ok()) return line->end(status);
        v1::ServeEvent event;
        event.mutable_serving();
        line->give(std::move(event));
        if (desk->door != nullptr) desk->door->count_seconds();
    });
    return call;
}

}  // namespace sov::api
