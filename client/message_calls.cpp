#include "client/message_calls.h"

#include "client/call_error.h"
#include "client/call_limits.h"
#include "client/connection_calls.h"
#include "client/enum_word.h"
#include "client/plain.h"
#include "client/spans.h"

namespace sov::client {
namespace {

namespace v1 = sovereign::v1;

std::chrono::system_clock::time_point time_of(std::uint64_t unix_ms) {
    return std::chrono::system_clock::time_point(span_of<milliseconds>(unix_ms));
}

/// Reads until the other side ends, or until `take` wants no more.
template <typename Message, typename Take>
Result<Done> read_all(CallLimits& limits, grpc::ClientReader<Message>& reader, const Take& take) {
    Message message;
    bool wanted = true;
    while (wanted && reader.Read(&message)) wanted = take(message);
    if (!wanted) limits.context()->TryCancel();
    const grpc::Status status = reader.Finish();
    if (wanted && !status.ok()) return call_error(status);
    return Done{};
}

}  // namespace

Result<Done> call_send_message(MessagingStub& stub, const MessageQuery& query,
                               const std::function<bool(const MessageProgress&)>& on_progress,
                               const CallOptions& options) {
    v1::SendRequest request;
    write_target(query.peer, request.mutable_target());
    request.set_topic(query.topic);
    request.set_body(query.body);
    request.set_follow(query.follow);
    CallLimits limits(options);
    const auto reader = stub.Send(limits.context(), request);
    return read_all(limits, *reader, [&](const v1::SendProgress& progress) {
        return on_progress(
            {plain(progress.peer()), progress.id(), word(progress.state()), progress.words()});
    });
}

Result<Done> call_receive_messages(MessagingStub& stub, const std::optional<std::string>& topic,
                                   const std::function<bool(const ReceivedMessage&)>& on_message,
                                   const CallOptions& options) {
    v1::ReceiveRequest request;
    if (topic) request.set_topic(*topic);
    CallLimits limits(options);
    const auto reader = stub.Receive(limits.context(), request);
    return read_all(limits, *reader,
                    [&](const v1::ReceivedMessage& message) { return on_message(plain(message)); });
}

ReceivedMessage plain(const v1::ReceivedMessage& message) {
    ReceivedMessage received;
    received.serial = message.serial();
    received.from = plain(message.from());
    received.id = message.id();
    received.topic = message.topic();
    received.body = message.body();
    received.sent = time_of(message.sent_unix_ms());
    received.received = time_of(message.received_unix_ms());
    return received;
}

SentMessage plain(const v1::ListSentResponse::Sent& message) {
    return {plain(message.peer()), message.id(),         word(message.state()),
            message.topic(),       message.body_bytes(), time_of(message.sent_unix_ms())};
}

PeerPresence plain(const v1::GetPresenceResponse& message) {
    PeerPresence presence{plain(message.peer()), {}, {}};
    if (!message.known()) return presence;
    presence.state = word(message.state());
    presence.words = message.words();
    return presence;
}

Result<Done> call_set_presence(MessagingStub& stub, const std::string& state,
                               const std::string& words, const CallOptions& options) {
    v1::SetPresenceRequest request;
    request.set_state(enum_of<v1::PresenceState>(state).value_or(v1::PRESENCE_STATE_UNSPECIFIED));
    request.set_words(words);
    return call(stub, &MessagingStub::SetPresence, request, options,
                [](const v1::SetPresenceResponse&) { return Done{}; });
}

Result<ValueStored> call_leave_mail(v1::Mailbox::Stub& stub, const LeaveMail& mail,
                                    const CallOptions& options) {
    v1::LeaveRequest request;
    request.set_peer_text(mail.peer);
    request.set_body(mail.body);
    request.set_ttl_ms(static_cast<std::uint64_t>(mail.ttl.count()));
    return call(stub, &v1::Mailbox::Stub::Leave, request, options,
                [](const v1::LeaveResponse& answer) { return plain(answer); });
}

}  // namespace sov::client
