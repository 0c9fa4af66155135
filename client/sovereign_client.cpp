#include "client/sovereign_client.h"

#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>
#include <grpcpp/create_channel_posix.h>
#include <functional>
#include <optional>

#include "client/call_error.h"
#include "client/call_limits.h"
#include "client/connection_calls.h"
#include "client/enum_word.h"
#include "client/friend_calls.h"
#include "client/identity_calls.h"
#include "client/key_text.h"
#include "client/message_calls.h"
#include "client/network_calls.h"
#include "client/offer_calls.h"
#include "client/plain.h"
#include "client/request_calls.h"
#include "client/socket_connection.h"
#include "sovereign/v1/connections.grpc.pb.h"
#include "sovereign/v1/dht.grpc.pb.h"
#include "sovereign/v1/discovery.grpc.pb.h"
#include "sovereign/v1/local.grpc.pb.h"
#include "sovereign/v1/mailbox.grpc.pb.h"
#include "sovereign/v1/messaging.grpc.pb.h"
#include "sovereign/v1/node.grpc.pb.h"

namespace sov::client {
namespace {

namespace v1 = sovereign::v1;

Error argument_error(std::string field, std::string message) {
    Error error;
    error.code = "invalid_argument";
    error.field = std::move(field);
    error.message = std::move(message);
    error.grpc_status = grpc::StatusCode::INVALID_ARGUMENT;
    error.exit_code = 2;
    return error;
}

Error unknown_level(const std::string& level) {
    return argument_error("level",
                          '"' + level + "\" is no level; there are fast, normal and strong");
}

class GrpcClient final : public Client {
  public:
    explicit GrpcClient(const std::shared_ptr<grpc::Channel>& channel)
        : node_(v1::Node::NewStub(channel)),
          discovery_(v1::Discovery::NewStub(channel)),
          dht_(v1::Dht::NewStub(channel)),
          local_(v1::Local::NewStub(channel)),
          mailbox_(v1::Mailbox::NewStub(channel)),
          connections_(v1::Connections::NewStub(channel)),
          messaging_(v1::Messaging::NewStub(channel)) {}

    Result<NodeStatus> status(const CallOptions& options) override {
        return call(*node_, &v1::Node::Stub::GetStatus, v1::GetStatusRequest(), options,
                    [](const v1::GetStatusResponse& answer) { return plain(answer); });
    }
    Result<Identity> identity(const CallOptions& options) override {
        return call(*node_, &v1::Node::Stub::GetIdentity, v1::GetIdentityRequest(), options,
                    [](const v1::GetIdentityResponse& answer) { return plain(answer); });
    }
    Result<ExportedIdentity> export_identity(const std::string& passphrase,
                                             const CallOptions& options) override {
        return call_export(*node_, passphrase, options);
    }
    Result<ImportedIdentity> import_identity(const ImportIdentity& wanted,
                                             const CallOptions& options) override {
        return call_import(*node_, wanted, options);
    }
    Result<RotatedIdentity> rotate_identity(const CallOptions& options) override {
        return call_rotate(*node_, options);
    }
    Result<std::vector<Session>> sessions(const CallOptions& options) override {
        return call(
            *node_, &v1::Node::Stub::ListSessions, v1::ListSessionsRequest(), options,
            [](const v1::ListSessionsResponse& answer) { return plain_list(answer.sessions()); });
    }
    Result<Done> events(const EventQuery& query, const std::function<bool(const Event&)>& on_event,
                        const CallOptions& options) override;
    Result<std::vector<ModuleLogLevel>> log_levels(const CallOptions& options) override {
        return call(
            *node_, &v1::Node::Stub::GetLogLevels, v1::GetLogLevelsRequest(), options,
            [](const v1::GetLogLevelsResponse& answer) { return plain_list(answer.modules()); });
    }
    Result<std::vector<ModuleLogLevel>> set_log_level(const std::string& module,
                                                      const std::string& level,
                                                      milliseconds duration,
                                                      const CallOptions& options) override;
    Result<std::vector<LayerStatus>> set_layer(const std::string& layer, bool on,
                                               const CallOptions& options) override {
        v1::SetLayerRequest request;
        request.set_layer(layer);
        request.set_on(on);
        return call(*node_, &v1::Node::Stub::SetLayer, request, options,
                    [](const v1::SetLayerResponse& answer) { return plain_list(answer.layers()); });
    }
    Result<NetworkReport> check_network(
        const std::function<void(std::uint32_t, std::uint32_t)>& on_progress,
        const CallOptions& options) override {
        return call_check_network(*node_, on_progress, options);
    }
    Result<Judgement> explain_peer(const std::string& who, const CallOptions& options) override {
        return call(*node_, &v1::Node::Stub::ExplainPeer, about<v1::ExplainPeerRequest>(who),
                    options, [](const v1::ExplainPeerResponse& answer) { return plain(answer); });
    }
    Result<std::string> block(const std::string& who, const CallOptions& options) override {
        return call(*node_, &v1::Node::Stub::Block, about<v1::BlockRequest>(who), options,
                    [](const v1::BlockResponse& answer) { return answer.who(); });
    }
    Result<Done> unblock(const std::string& who, const CallOptions& options) override {
        return call(*node_, &v1::Node::Stub::Unblock, about<v1::UnblockRequest>(who), options,
                    [](const v1::UnblockResponse&) { return Done{}; });
    }
    Result<std::vector<std::string>> blocks(const CallOptions& options) override {
        return call(*node_, &v1::Node::Stub::ListBlocks, v1::ListBlocksRequest(), options,
                    [](const v1::ListBlocksResponse& answer) {
                        return std::vector<std::string>(answer.who().begin(), answer.who().end());
                    });
    }
    Result<Stats> stats(const std::vector<std::string>& globs, const std::string& history_of,
                        const CallOptions& options) override {
        return call(*node_, &v1::Node::Stub::GetStats, stats_request(globs, history_of), options,
                    [](const v1::GetStatsResponse& answer) { return plain(answer); });
    }
    Result<ReloadedConfig> reload_config(const CallOptions& options) override {
        return call(*node_, &v1::Node::Stub::ReloadConfig, v1::ReloadConfigRequest(), options,
                    [](const v1::ReloadConfigResponse& answer) {
                        return ReloadedConfig{plain_list(answer.applied()),
                                              plain_list(answer.needs_restart())};
                    });
    }
    Result<Done> shutdown(bool at_once, const CallOptions& options) override {
        v1::ShutdownRequest request;
        request.set_at_once(at_once);
        return call(*node_, &v1::Node::Stub::Shutdown, request, options,
                    [](const v1::ShutdownResponse&) { return Done{}; });
    }

    Result<Found> find(const FindQuery& query, const CallOptions& options) override {
        v1::FindPeerRequest request;
        reads_as_peer(query.query) ? request.set_peer_text(query.query)
                                   : request.set_name(query.query);
        request.set_trace(query.trace);
        const auto level = enum_of<v1::Level>(query.level);
        if (!level && !query.level.empty()) return unknown_level(query.level);
        request.set_level(level.value_or(v1::LEVEL_UNSPECIFIED));
        return call(*discovery_, &v1::Discovery::Stub::FindPeer, request, options,
                    [](const v1::FindPeerResponse& answer) { return plain(answer); });
    }
    Result<Stored> claim_name(const std::string& name, const CallOptions& options) override;
    Result<Stored> release_name(const std::string& name, const CallOptions& options) override;
    Result<Names> names(const CallOptions& options) override {
        return call(*discovery_, &v1::Discovery::Stub::ListNames, v1::ListNamesRequest(), options,
                    [](const v1::ListNamesResponse& answer) {
                        return Names{plain_list(answer.names()), plain(answer.owner())};
                    });
    }
    Result<Done> forget_pin(const std::string& name, const CallOptions& options) override {
        v1::ForgetPinRequest request;
        request.set_name(name);
        return call(*discovery_, &v1::Discovery::Stub::ForgetPin, request, options,
                    [](const v1::ForgetPinResponse&) { return Done{}; });
    }

    Result<std::vector<Neighbour>> neighbours(const std::string& medium,
                                              const CallOptions& options) override;
    Result<Done> browse(const BrowseQuery& query,
                        const std::function<bool(const NeighbourChange&)>& on_change,
                        const CallOptions& options) override;
    Result<Friend> add_friend(const std::string& peer, const std::string& note,
                              const CallOptions& options) override {
        return call_add_friend(*local_, peer, note, options);
    }
    Result<Done> remove_friend(const std::string& peer, const CallOptions& options) override {
        return call_remove_friend(*local_, peer, options);
    }
    Result<Done> repin_friend(const std::string& peer, const CallOptions& options) override {
        return call_repin_friend(*local_, peer, options);
    }
    Result<std::vector<Friend>> friends(const CallOptions& options) override {
        return call_friends(*local_, options);
    }
    Result<std::vector<Check>> doctor(const CallOptions& options) override {
        return call(*local_, &v1::Local::Stub::Doctor, v1::DoctorRequest(), options,
                    [](const v1::DoctorResponse& answer) { return plain_list(answer.checks()); });
    }

    Result<ConnectReport> connect_peer(const ConnectQuery& query, const StepTold& on_step,
                                       const CallOptions& options) override {
        return call_connect(*connections_, query, on_step, options);
    }
    Result<ConnectionReason> explain_connection(const std::string& peer,
                                                const CallOptions& options) override {
        return call_explain_connection(*connections_, peer, options);
    }
    Result<PeerId> disconnect_peer(const std::string& peer, const CallOptions& options) override {
        v1::DisconnectRequest request;
        write_target(peer, request.mutable_target());
        return call(*connections_, &v1::Connections::Stub::Disconnect, request, options,
                    [](const v1::DisconnectResponse& answer) { return plain(answer.peer()); });
    }
    Result<std::vector<Connection>> connections(const CallOptions& options) override {
        return call(*connections_, &v1::Connections::Stub::ListConnections,
                    v1::ListConnectionsRequest(), options,
                    [](const v1::ListConnectionsResponse& answer) {
                        return plain_list(answer.connections());
                    });
    }
    Result<Done> watch_connections(const std::function<bool(const ConnectionChange&)>& on_change,
                                   const CallOptions& options) override;
    Result<PeerPing> ping_peer(const std::string& peer, const CallOptions& options) override {
        v1::PingRequest request;
        write_target(peer, request.mutable_target());
        return call(*connections_, &v1::Connections::Stub::Ping, request, options,
                    [](const v1::PingResponse& answer) { return plain(answer); });
    }
    Result<std::unique_ptr<Stream>> open_stream(const std::string& peer,
                                                const std::vector<std::string>& protocols,
                                                const CallOptions& options) override {
        return call_open_stream(*connections_, peer, protocols, options);
    }
    Result<Done> serve(const ServeQuery& query, const std::function<bool()>& on_serving,
                       const std::function<bool(const IncomingStream&)>& on_incoming,
                       const CallOptions& options) override {
        return call_serve(*connections_, query, on_serving, on_incoming, options);
    }
    Result<std::unique_ptr<Stream>> take_stream(const IncomingStream& incoming,
                                                const CallOptions& options) override {
        return call_take_stream(*connections_, incoming, options);
    }
    Result<RequestOutcome> request(const RequestQuery& query,
                                   const std::function<bool(std::string_view)>& on_part,
                                   const CallOptions& options) override {
        return call_request(*connections_, query, on_part, options);
    }
    Result<Done> answer_requests(const std::vector<std::string>& names, const AnsweringTold& told,
                                 const CallOptions& options) override {
        return call_answer_requests(*connections_, names, told, options);
    }

    Result<RoutingTable> table(bool replacements, const CallOptions& options) override {
        v1::GetTableRequest request;
        request.set_replacements(replacements);
        return call(*dht_, &v1::Dht::Stub::GetTable, request, options,
                    [](const v1::GetTableResponse& answer) {
                        return RoutingTable{plain_list(answer.entries()), plain(answer.self())};
                    });
    }
    Result<Gotten> get(std::string_view key, bool trace, const CallOptions& options) override {
        v1::GetRequest request;
        request.set_key(std::string(key));
        request.set_trace(trace);
        return call(*dht_, &v1::Dht::Stub::Get, request, options,
                    [](const v1::GetResponse& answer) {
                        return Gotten{plain_list(answer.records()), plain_list(answer.closest()),
                                      plain(answer.lookup())};
                    });
    }
    Result<Gotten> trace(const std::string& target, const CallOptions& options) override;
    Result<Stored> put(std::string_view key, std::string_view record,
                       const CallOptions& options) override;
    Result<ValueStored> put_value(const PutValue& value, const CallOptions& options) override;
    Result<ValueStored> leave_mail(const LeaveMail& mail, const CallOptions& options) override {
        return call_leave_mail(*mailbox_, mail, options);
    }
    Result<Mailbox> collect_mail(const CallOptions& options) override {
        return call(*mailbox_, &v1::Mailbox::Stub::Collect, v1::CollectRequest(), options,
                    [](const v1::CollectResponse& answer) { return plain(answer); });
    }
    Result<std::uint32_t> acknowledge_mail(const std::vector<std::string>& ids,
                                           const CallOptions& options) override {
        v1::AcknowledgeRequest request;
        for (const std::string& id : ids) request.add_ids(id);
        return call(*mailbox_, &v1::Mailbox::Stub::Acknowledge, request, options,
                    [](const v1::AcknowledgeResponse& answer) { return answer.replicas(); });
    }
    Result<Done> send_message(const MessageQuery& query,
                              const std::function<bool(const MessageProgress&)>& on_progress,
                              const CallOptions& options) override {
        return call_send_message(*messaging_, query, on_progress, options);
    }
    Result<Done> receive_messages(const std::optional<std::string>& topic,
                                  const std::function<bool(const ReceivedMessage&)>& on_message,
                                  const CallOptions& options) override {
        return call_receive_messages(*messaging_, topic, on_message, options);
    }
    Result<std::vector<ReceivedMessage>> received_messages(const std::optional<std::string>& topic,
                                                           std::uint64_t after,
                                                           const CallOptions& options) override {
        v1::ListReceivedRequest request;
        if (topic) request.set_topic(*topic);
        request.set_after_serial(after);
        return call(
            *messaging_, &v1::Messaging::Stub::ListReceived, request, options,
            [](const v1::ListReceivedResponse& answer) { return plain_list(answer.messages()); });
    }
    Result<std::uint32_t> acknowledge_messages(const std::vector<std::uint64_t>& serials,
                                               const CallOptions& options) override {
        v1::AcknowledgeMessagesRequest request;
        for (const std::uint64_t serial : serials) request.add_serials(serial);
        return call(
            *messaging_, &v1::Messaging::Stub::AcknowledgeMessages, request, options,
            [](const v1::AcknowledgeMessagesResponse& answer) { return answer.forgotten(); });
    }
    Result<std::vector<SentMessage>> sent_messages(const CallOptions& options) override {
        return call(
            *messaging_, &v1::Messaging::Stub::ListSent, v1::ListSentRequest(), options,
            [](const v1::ListSentResponse& answer) { return plain_list(answer.messages()); });
    }
    Result<Done> cancel_message(const std::string& id, const CallOptions& options) override {
        v1::CancelMessageRequest request;
        request.set_id(id);
        return call(*messaging_, &v1::Messaging::Stub::CancelMessage, request, options,
                    [](const v1::CancelMessageResponse&) { return Done{}; });
    }
    Result<Done> set_presence(const std::string& state, const std::string& words,
                              const CallOptions& options) override {
        return call_set_presence(*messaging_, state, words, options);
    }
    Result<PeerPresence> presence(const std::string& peer, const CallOptions& options) override {
        v1::GetPresenceRequest request;
        write_target(peer, request.mutable_target());
        return call(*messaging_, &v1::Messaging::Stub::GetPresence, request, options,
                    [](const v1::GetPresenceResponse& answer) { return plain(answer); });
    }
    Result<ValueGotten> get_value(const ValuePlace& place, const std::string& level,
                                  std::optional<std::uint64_t> newer_than,
                                  const CallOptions& options) override;
    Result<OwnValues> own_values(const CallOptions& options) override {
        return call(*dht_, &v1::Dht::Stub::ListOwnValues, v1::ListOwnValuesRequest(), options,
                    [](const v1::ListOwnValuesResponse& answer) { return plain(answer); });
    }
    Result<Done> let_go(std::string_view key, const CallOptions& options) override {
        v1::LetGoRequest request;
        request.set_key(std::string(key));
        return call(*dht_, &v1::Dht::Stub::LetGo, request, options,
                    [](const v1::LetGoResponse&) { return Done{}; });
    }
    Result<Done> listen(const ValuePlace& place, const std::string& cursor,
                        const std::function<bool(const ValueTold&)>& on_told,
                        const CallOptions& options) override;
    Result<OfferProgress> offer(const OfferQuery& query,
                                const std::function<void(const OfferProgress&)>& on_progress,
                                const CallOptions& options) override {
        return call_offer(*dht_, query, on_progress, options);
    }
    Result<std::uint32_t> withdraw_offers(const std::vector<Subject>& subjects,
                                          const CallOptions& options) override {
        return call_withdraw_offers(*dht_, subjects, options);
    }
    Result<Providers> find_providers(const ProviderQuery& query,
                                     const std::function<void(const FoundProvider&)>& on_found,
                                     const CallOptions& options) override {
        return call_find_providers(*dht_, query, on_found, options);
    }
    Result<std::vector<OwnOffer>> offers(const CallOptions& options) override {
        return call_offers(*dht_, options);
    }
    Result<Held> held(const CallOptions& options) override { return call_held(*dht_, options); }

  private:
    std::unique_ptr<v1::Node::Stub> node_;
    std::unique_ptr<v1::Discovery::Stub> discovery_;
    std::unique_ptr<v1::Dht::Stub> dht_;
    std::unique_ptr<v1::Local::Stub> local_;
    std::unique_ptr<v1::Mailbox::Stub> mailbox_;
    std::unique_ptr<v1::Connections::Stub> connections_;
    std::unique_ptr<v1::Messaging::Stub> messaging_;
};

/// Until the stream ends or the reader has enough.
Result<Done> read_events(CallLimits& limits, grpc::ClientReader<v1::Event>& stream,
                         const std::function<bool(const v1::Event&)>& on_event) {
    v1::Event event;
    bool wanted = true;
    while (wanted && stream.Read(&event)) wanted = on_event(event);
    if (!wanted) limits.context()->TryCancel();
    const grpc::Status status = stream.Finish();
    if (wanted && !status.ok()) return call_error(status);
    return Done{};
}

Result<Done> GrpcClient::events(const EventQuery& query,
                                const std::function<bool(const Event&)>& on_event,
                                const CallOptions& options) {
    v1::WatchEventsRequest request;
    for (const std::string& glob : query.type_globs) request.add_type_glob(glob);
    request.set_from_oldest(query.from_oldest);
    request.set_replay_only(!query.follow);
    CallLimits limits(options);
    const auto reader = query.audit ? node_->WatchAudit(limits.context(), request)
                                    : node_->WatchEvents(limits.context(), request);
    return read_events(limits, *reader,
                       [&](const v1::Event& event) { return on_event(plain(event)); });
}

Result<std::vector<ModuleLogLevel>> GrpcClient::set_log_level(const std::string& module,
                                                              const std::string& level,
                                                              milliseconds duration,
                                                              const CallOptions& options) {
    const auto known = enum_of<v1::LogLevel>(level);
    if (!known) {
        return argument_error("level", '"' + level +
                                           "\" is no log level; there are error, warning, info, "
                                           "debug and trace");
    }
    v1::SetLogLevelRequest request;
    request.set_module(module);
    request.set_level(*known);
    request.set_duration_ms(static_cast<std::uint64_t>(duration.count()));
    return call(*node_, &v1::Node::Stub::SetLogLevel, request, options,
                [](const v1::SetLogLevelResponse& answer) { return plain_list(answer.modules()); });
}

/// Unspecified for an empty word, nothing for an unknown one.
std::optional<v1::Medium> medium_of(const std::string& medium) {
    return medium.empty() ? v1::MEDIUM_UNSPECIFIED : enum_of<v1::Medium>(medium);
}

Error medium_error(const std::string& medium) {
    return argument_error("medium", '"' + medium + "\" is no medium; there are mdns and ble");
}

Result<std::vector<Neighbour>> GrpcClient::neighbours(const std::string& medium,
                                                      const CallOptions& options) {
    const auto known = medium_of(medium);
    if (!known) return medium_error(medium);
    v1::ListNeighboursRequest request;
    request.set_medium(*known);
    return call(
        *local_, &v1::Local::Stub::ListNeighbours, request, options,
        [](const v1::ListNeighboursResponse& answer) { return plain_list(answer.neighbours()); });
}

Result<Done> GrpcClient::browse(const BrowseQuery& query,
                                const std::function<bool(const NeighbourChange&)>& on_change,
                                const CallOptions& options) {
    const auto known = medium_of(query.medium);
    if (!known) return medium_error(query.medium);
    v1::BrowseRequest request;
    request.set_medium(*known);
    request.set_follow(query.follow);
    CallLimits limits(options);
    return read_events(limits, *local_->Browse(limits.context(), request),
                       [&](const v1::Event& event) { return on_change(plain_change(event)); });
}

Result<Done> GrpcClient::watch_connections(
    const std::function<bool(const ConnectionChange&)>& on_change, const CallOptions& options) {
    CallLimits limits(options);
    return read_events(
        limits, *connections_->WatchConnections(limits.context(), v1::WatchConnectionsRequest()),
        [&](const v1::Event& event) { return on_change(plain_connection_change(event)); });
}

Result<Stored> GrpcClient::claim_name(const std::string& name, const CallOptions& options) {
    v1::ClaimNameRequest request;
    request.set_name(name);
    return call(*discovery_, &v1::Discovery::Stub::ClaimName, request, options,
                [](const v1::ClaimNameResponse& answer) {
                    return Stored{answer.name(),         answer.key().hex(), answer.sequence(),
                                  answer.stored(),       answer.refused(),   plain(answer.owner()),
                                  plain(answer.lookup())};
                });
}

Result<Stored> GrpcClient::release_name(const std::string& name, const CallOptions& options) {
    v1::ReleaseNameRequest request;
    request.set_name(name);
    return call(*discovery_, &v1::Discovery::Stub::ReleaseName, request, options,
                [](const v1::ReleaseNameResponse& answer) {
                    Stored stored;
                    stored.name = answer.name();
                    stored.key_hex = answer.lookup().target().hex();
                    stored.stored = answer.stored();
                    stored.lookup = plain(answer.lookup());
                    return stored;
                });
}

Result<Gotten> GrpcClient::trace(const std::string& target, const CallOptions& options) {
    v1::TraceRequest request;
    if (target.starts_with("name:")) {
        request.set_name(target.substr(5));
    } else if (target.starts_with("peer:")) {
        request.set_peer_text(target.substr(5));
    } else if (reads_as_peer(target)) {
        request.set_peer_text(target);
    } else if (const std::string key = bytes_of_hex(target); !key.empty()) {
        request.set_key(key);
    } else {
        return argument_error("target", '"' + target +
                                            "\" is no place: write 40 hexadecimal digits, "
                                            "name:NAME or peer:sov1...");
    }
    return call(*dht_, &v1::Dht::Stub::Trace, request, options,
                [](const v1::TraceResponse& answer) {
                    return Gotten{plain_list(answer.records()), plain_list(answer.closest()),
                                  plain(answer.lookup())};
                });
}

Result<Stored> GrpcClient::put(std::string_view key, std::string_view record,
                               const CallOptions& options) {
    v1::PutRequest request;
    request.set_key(std::string(key));
    request.set_record(std::string(record));
    return call(*dht_, &v1::Dht::Stub::Put, request, options, [](const v1::PutResponse& answer) {
        Stored stored;
        stored.key_hex = answer.key().hex();
        stored.sequence = answer.sequence();
        stored.stored = answer.stored();
        stored.refused = answer.refused();
        stored.lookup = plain(answer.lookup());
        return stored;
    });
}

namespace {

void write_place(const ValuePlace& place, v1::ValuePlace* to) {
    if (!place.key.empty()) {
        to->set_key(place.key);
        return;
    }
    to->mutable_labelled()->set_label(place.label);
    to->mutable_labelled()->set_owner_text(place.owner);
}

}  // namespace

Result<ValueStored> GrpcClient::put_value(const PutValue& value, const CallOptions& options) {
    v1::PutValueRequest request;
    const auto level = enum_of<v1::Level>(value.level);
    if (!level && !value.level.empty()) return unknown_level(value.level);
    request.set_level(level.value_or(v1::LEVEL_UNSPECIFIED));
    request.set_content(value.content);
    if (value.label) request.set_label(*value.label);
    if (value.expected) request.set_expected_sequence(*value.expected);
    request.set_withdraw(value.withdraw);
    request.set_ttl_ms(static_cast<std::uint64_t>(value.ttl.count()));
    return call(*dht_, &v1::Dht::Stub::PutValue, request, options,
                [](const v1::PutValueResponse& answer) { return plain(answer); });
}

Result<ValueGotten> GrpcClient::get_value(const ValuePlace& place, const std::string& level,
                                          std::optional<std::uint64_t> newer_than,
                                          const CallOptions& options) {
    v1::GetValueRequest request;
    const auto known = enum_of<v1::Level>(level);
    if (!known && !level.empty()) return unknown_level(level);
    request.set_level(known.value_or(v1::LEVEL_UNSPECIFIED));
    write_place(place, request.mutable_place());
    if (newer_than) request.set_newer_than(*newer_than);
    return call(*dht_, &v1::Dht::Stub::GetValue, request, options,
                [](const v1::GetValueResponse& answer) { return plain(answer); });
}

Result<Done> GrpcClient::listen(const ValuePlace& place, const std::string& cursor,
                                const std::function<bool(const ValueTold&)>& on_told,
                                const CallOptions& options) {
    v1::ListenRequest request;
    write_place(place, request.mutable_place());
    request.set_cursor(cursor);
    CallLimits limits(options);
    const auto reader = dht_->Listen(limits.context(), request);
    v1::ListenResponse told;
    bool wanted = true;
    while (wanted && reader->Read(&told)) wanted = on_told(plain(told));
    if (!wanted) limits.context()->TryCancel();
    const grpc::Status status = reader->Finish();
    if (wanted && !status.ok()) return call_error(status);
    return Done{};
}

}  // namespace

Result<std::unique_ptr<Client>> connect(const ConnectOptions& options) {
    const auto descriptor = connect_socket(options);
    if (!descriptor) return descriptor.error();
    grpc::ChannelArguments arguments;
    if (!options.app.empty()) arguments.SetUserAgentPrefix(options.app);
    auto channel = grpc::CreateCustomInsecureChannelFromFd("sovereignd", *descriptor, arguments);
    return std::unique_ptr<Client>(std::make_unique<GrpcClient>(channel));
}

}  // namespace sov::client
