#include "client/connection_calls.h"

#include <sys/socket.h>
#include <unistd.h>
#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "client/call_error.h"
#include "client/call_limits.h"
#include "client/enum_word.h"
#include "client/plain.h"
#include "client/socket_connection.h"
#include "client/spans.h"

namespace sov::client {
namespace {

namespace v1 = sovereign::v1;

using Method = std::unique_ptr<grpc::ClientReaderWriter<v1::StreamInput, v1::StreamOutput>> (
    ConnectionsStub::*)(grpc::ClientContext*);

/// The call stays open beside the socket, since it alone knows how the stream ended.
class SocketStream final : public Stream {
  public:
    explicit SocketStream(const CallOptions& options) : limits_(options) {}
    ~SocketStream() override {
        if (descriptor_ >= 0) close(descriptor_);
        if (call_ == nullptr || finished_) return;
        limits_.context()->TryCancel();
        drain();
    }
    SocketStream(const SocketStream&) = delete;
    SocketStream& operator=(const SocketStream&) = delete;

    /// Makes the call; nothing, or why there is no stream.
    std::optional<Error> begin(ConnectionsStub& stub, Method method, const v1::StreamInput& first) {
        call_ = (stub.*method)(limits_.context());
        v1::StreamOutput output;
        if (!call_->Write(first) || !call_->Read(&output) || !output.has_opened())
            return call_error(drain());
        peer_ = plain(output.opened().peer());
        protocol_ = output.opened().protocol();
        ConnectOptions options;
        options.socket = output.opened().socket_path();
        const auto connected = connect_socket(options);
        if (!connected) return connected.error();
        descriptor_ = *connected;
        // A socket that was just made has room for so little.
        const std::string& token = output.opened().socket_token();
        if (send(descriptor_, token.data(), token.size(), MSG_NOSIGNAL) ==
            static_cast<ssize_t>(token.size()))
            return std::nullopt;
        Error error;
        error.code = "connection_lost";
        error.message =
            std::string("the stream's socket does not take its token: ") + std::strerror(errno);
        return error;
    }

    int descriptor() const override { return descriptor_; }
    const PeerId& peer() const override { return peer_; }
    const std::string& protocol() const override { return protocol_; }
    Result<Done> finish() override {
        const grpc::Status status = drain();
        if (!status.ok()) return call_error(status);
        return Done{};
    }

  private:
    grpc::Status drain() {
        if (!std::exchange(finished_, true)) {
            v1::StreamOutput output;
            while (call_->Read(&output)) {
            }
            status_ = call_->Finish();
        }
        return status_;
    }

    CallLimits limits_;
    std::unique_ptr<grpc::ClientReaderWriter<v1::StreamInput, v1::StreamOutput>> call_;
    int descriptor_ = -1;
    PeerId peer_;
    std::string protocol_;
    bool finished_ = false;
    grpc::Status status_;
};

Result<std::unique_ptr<Stream>> begun(ConnectionsStub& stub, Method method,
                                      const v1::StreamInput& first, const CallOptions& options) {
    auto stream = std::make_unique<SocketStream>(options);
    if (auto error = stream->begin(stub, method, first)) return *error;
    return std::unique_ptr<Stream>(std::move(stream));
}

ConnectAttempt plain_attempt(const v1::ConnectAttempt& message) {
    return {message.way(), message.endpoint(), span_of<microseconds>(message.took_us()),
            message.won(), message.outcome(),  span_of<milliseconds>(message.ago_ms())};
}

ConnectStep plain_step(const v1::ConnectStep& message) {
    return {message.what(), message.detail(), span_of<microseconds>(message.after_us())};
}

std::string text_of(const v1::CallCandidate& candidate) {
    return candidate.kind() + ' ' + candidate.endpoint();
}

PeerCall plain_call(const v1::PeerCall& message) {
    PeerCall call;
    call.by_peer = message.by_peer();
    call.ago = span_of<milliseconds>(message.ago_ms());
    call.outcome = message.outcome();
    call.answered = message.answered();
    call.relays = message.relays();
    call.rounds = message.rounds();
    for (const auto& one : message.ours()) call.ours.push_back(text_of(one));
    for (const auto& one : message.theirs()) call.theirs.push_back(text_of(one));
    call.state = message.state();
    if (message.has_pair())
        call.pair = text_of(message.pair().ours()) + " to " + text_of(message.pair().theirs());
    if (message.has_connected_after_us())
        call.connected_after = span_of<microseconds>(message.connected_after_us());
    for (const auto& step : message.steps()) call.steps.push_back(plain_step(step));
    return call;
}

ConnectionReason plain_reason(const v1::ExplainConnectionResponse& message) {
    ConnectionReason reason;
    reason.peer = plain(message.peer());
    if (message.has_connection()) reason.connection = plain(message.connection());
    for (const auto& attempt : message.attempts())
        reason.attempts.push_back(plain_attempt(attempt));
    if (message.has_call()) reason.call = plain_call(message.call());
    reason.reason = message.reason();
    reason.next_step = message.next_step();
    return reason;
}

}  // namespace

bool reads_as_peer(std::string_view query) {
    constexpr std::size_t kPrefix = 4, kIdLeast = 40;
    if (query.size() < kIdLeast) return false;  // names end at 63 characters, ids have 62 and more
    std::string start;
    for (const char symbol : query) {
        if (symbol == ' ' || symbol == '-') continue;
        start += symbol >= 'A' && symbol <= 'Z' ? static_cast<char>(symbol - 'A' + 'a') : symbol;
        if (start.size() == kPrefix) break;
    }
    return start == "sov1";
}

void write_target(const std::string& peer, v1::PeerTarget* to) {
    reads_as_peer(peer) ? to->set_peer_text(peer) : to->set_name(peer);
}

Connection plain(const v1::Connection& message) {
    Connection connection;
    connection.peer = plain(message.peer());
    connection.path = word(message.path());
    connection.carrier = message.carrier();
    connection.remote = message.remote();
    connection.inbound = message.inbound();
    connection.age = span_of<milliseconds>(message.age_ms());
    if (message.has_round_trip_us())
        connection.round_trip = span_of<microseconds>(message.round_trip_us());
    connection.bytes_in = message.bytes_in();
    connection.bytes_out = message.bytes_out();
    connection.streams = message.streams();
    connection.agent = message.agent();
    connection.protocols.assign(message.protocols().begin(), message.protocols().end());
    return connection;
}

PeerPing plain(const v1::PingResponse& message) {
    return {plain(message.peer()), span_of<microseconds>(message.round_trip_us()),
            plain(message.connection())};
}

ConnectionChange plain_connection_change(const v1::Event& message) {
    ConnectionChange change;
    change.time =
        std::chrono::system_clock::time_point(span_of<milliseconds>(message.time_unix_ms()));
    if (message.has_gap()) {
        change.change = "missed";
        change.missed = message.gap().missed();
        return change;
    }
    change.change = message.type().substr(message.type().rfind('.') + 1);
    const auto& changed = message.connection_changed();
    change.connection = plain(changed.connection());
    change.before = word(changed.before());
    change.reason = changed.reason();
    change.words = changed.words();
    return change;
}

Result<ConnectReport> call_connect(ConnectionsStub& stub, const ConnectQuery& query,
                                   const StepTold& on_step, const CallOptions& options) {
    v1::ConnectRequest request;
    write_target(query.peer, request.mutable_target());
    const auto policy = enum_of<v1::DialPolicy>(query.policy);
    if (!policy && !query.policy.empty()) {
        Error error;
        error.code = "invalid_argument";
        error.field = "policy";
        error.message =
            '"' + query.policy + "\" is no policy; there are any, direct, relay and lan";
        error.grpc_status = grpc::StatusCode::INVALID_ARGUMENT;
        error.exit_code = 2;
        return error;
    }
    request.set_policy(policy.value_or(v1::DIAL_POLICY_UNSPECIFIED));
    request.set_time_ms(
        static_cast<std::uint32_t>(std::clamp<std::int64_t>(query.time.count(), 0, UINT32_MAX)));
    CallLimits limits(options);
    const auto reader = stub.Connect(limits.context(), request);
    ConnectReport report;
    v1::ConnectProgress progress;
    while (reader->Read(&progress)) {
        if (progress.has_step()) {
            if (on_step) on_step(plain_step(progress.step()));
            continue;
        }
        report.peer = plain(progress.peer());
        report.took = span_of<microseconds>(progress.took_us());
        for (const auto& attempt : progress.attempts())
            report.attempts.push_back(plain_attempt(attempt));
        if (progress.has_connection()) report.connection = plain(progress.connection());
    }
    const grpc::Status status = reader->Finish();
    if (!status.ok()) report.failure = call_error(status);
    return report;
}

Result<ConnectionReason> call_explain_connection(ConnectionsStub& stub, const std::string& peer,
                                                 const CallOptions& options) {
    v1::ExplainConnectionRequest request;
    write_target(peer, request.mutable_target());
    CallLimits limits(options);
    v1::ExplainConnectionResponse answer;
    const grpc::Status status = stub.ExplainConnection(limits.context(), request, &answer);
    if (!status.ok()) return call_error(status);
    return plain_reason(answer);
}

Result<std::unique_ptr<Stream>> call_open_stream(ConnectionsStub& stub, const std::string& peer,
                                                 const std::vector<std::string>& protocols,
                                                 const CallOptions& options) {
    v1::StreamInput first;
    write_target(peer, first.mutable_opening()->mutable_target());
    for (const std::string& protocol : protocols) first.mutable_opening()->add_protocols(protocol);
    first.mutable_opening()->set_socket(true);
    return begun(stub, &ConnectionsStub::OpenStream, first, options);
}

Result<std::unique_ptr<Stream>> call_take_stream(ConnectionsStub& stub,
                                                 const IncomingStream& incoming,
                                                 const CallOptions& options) {
    v1::StreamInput first;
    first.mutable_taking()->set_token(incoming.token);
    first.mutable_taking()->set_socket(true);
    return begun(stub, &ConnectionsStub::Take, first, options);
}

Result<Done> call_serve(ConnectionsStub& stub, const ServeQuery& query,
                        const std::function<bool()>& on_serving,
                        const std::function<bool(const IncomingStream&)>& on_incoming,
                        const CallOptions& options) {
    v1::ServeRequest request;
    request.set_protocol(query.protocol);
    for (const std::string& peer : query.only_peers) request.add_only_peers(peer);
    CallLimits limits(options);
    const auto reader = stub.Serve(limits.context(), request);
    v1::ServeEvent event;
    bool wanted = true;
    while (wanted && reader->Read(&event)) {
        const auto& incoming = event.incoming();
        wanted = event.has_incoming()
                     ? on_incoming({incoming.token(), plain(incoming.peer()), incoming.protocol()})
                     : on_serving();
    }
    if (!wanted) limits.context()->TryCancel();
    const grpc::Status status = reader->Finish();
    if (wanted && !status.ok()) return call_error(status);
    return Done{};
}

}  // namespace sov::client
