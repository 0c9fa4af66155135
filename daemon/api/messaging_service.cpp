#include "daemon/api/messaging_service.h"

#include <utility>

#include "daemon/api/messages.h"
#include "daemon/api/peer_target.h"
#include "daemon/api/post_table.h"
#include "daemon/api/unary_call.h"

namespace sov::api {
namespace {

namespace v1 = sovereign::v1;

constexpr std::size_t kIncomingPageMax = 256, kAcknowledgedMax = 256;

/// A daemon that was told to have no connections has no messages either.
grpc::Status no_post() {
    v1::ErrorDetail detail;
    detail.set_code("not_supported");
    detail.set_message("this daemon makes no connections, so it has no messages");
    return failure(grpc::StatusCode::UNIMPLEMENTED, std::move(detail));
}

grpc::Status wrong_topic() {
    return invalid("topic", "printable ASCII without space, at most 64 bytes");
}

std::optional<messaging::PresenceState> presence_of(v1::PresenceState state) {
    switch (state) {
        case v1::PRESENCE_STATE_OFFLINE: return messaging::PresenceState::kOffline;
        case v1::PRESENCE_STATE_ONLINE: return messaging::PresenceState::kOnline;
        case v1::PRESENCE_STATE_AWAY: return messaging::PresenceState::kAway;
        case v1::PRESENCE_STATE_BUSY: return messaging::PresenceState::kBusy;
        default: return std::nullopt;
    }
}

v1::PresenceState presence_state(messaging::PresenceState state) {
    switch (state) {
        case messaging::PresenceState::kOffline: return v1::PRESENCE_STATE_OFFLINE;
        case messaging::PresenceState::kOnline: return v1::PRESENCE_STATE_ONLINE;
        case messaging::PresenceState::kAway: return v1::PRESENCE_STATE_AWAY;
        case messaging::PresenceState::kBusy: return v1::PRESENCE_STATE_BUSY;
    }
    return v1::PRESENCE_STATE_UNSPECIFIED;
}

}  // namespace

grpc::ServerWriteReactor<v1::SendProgress>* MessagingService::Send(
    grpc::CallbackServerContext* context, const v1::SendRequest* request) {
    auto* call = new AnswerCall<v1::SendProgress>(desk_, *context, "/sovereign.v1.Messaging/Send");
    if (!call->admitted()) return call;
    if (!desk_.post.present() || !messaging::is_topic(request->topic()) ||
        request->body().size() > messaging::kBodyMax) {
        call->refuse(!desk_.post.present()                    ? no_post()
                     : !messaging::is_topic(request->topic()) ? wrong_topic()
                                                              : invalid("body", "at most 32 KiB"));
        return call;
    }
    auto line = call->line();
    call->when_over([desk = &desk_, line] {
        if (line->ending()) return;  // whoever ends it follows no more
        desk->bridge.ask([desk, line](Instant, const Node* node) {
            if (node != nullptr) desk->post.unfollow(line);
        });
    });
    resolve(desk_, request->target(), "target",
            [desk = &desk_, line, topic = request->topic(), body = request->body(),
             follow = request->follow()](const Resolved& resolved) {
                if (const auto* status = std::get_if<grpc::Status>(&resolved))
                    return line->end(*status);
                const PeerId peer = std::get<PeerId>(resolved);
                desk->bridge.go_on([=](Instant now, const Node* node) {
                    if (node == nullptr) return line->end(leaving());
                    const auto id =
                        desk->post.courier().send(now, peer, topic, to_bytes(as_bytes(body)));
                    if (!id) return line->end(from_core(id.error(), "body"));
                    desk->post.follow(peer, *id, follow, line);
                });
            });
    return call;
}

grpc::ServerWriteReactor<v1::ReceivedMessage>* MessagingService::Receive(
    grpc::CallbackServerContext* context, const v1::ReceiveRequest* request) {
    auto* call =
        new AnswerCall<v1::ReceivedMessage>(desk_, *context, "/sovereign.v1.Messaging/Receive");
    if (!call->admitted()) return call;
    if (!desk_.post.present() || !messaging::is_topic(request->topic())) {
        call->refuse(!desk_.post.present() ? no_post() : wrong_topic());
        return call;
    }
    auto line = call->line();
    call->when_over([desk = &desk_, line] {
        desk->bridge.ask([desk, line](Instant, const Node* node) {
            if (node != nullptr) desk->post.stop(line);
        });
    });
    call->greet();
    std::optional<std::string> topic;
    if (request->has_topic()) topic = request->topic();
    desk_.bridge.ask([desk = &desk_, line, topic](Instant, const Node* node) {
        if (node == nullptr) return line->end(leaving());
        const auto status = desk->post.read(line, topic);
        if (!status.ok()) line->end(status);
    });
    return call;
}

grpc::ServerUnaryReactor* MessagingService::ListReceived(grpc::CallbackServerContext* context,
                                                         const v1::ListReceivedRequest* request,
                                                         v1::ListReceivedResponse* response) {
    auto* call = new UnaryCall(desk_, *context, "/sovereign.v1.Messaging/ListReceived");
    if (!call->admitted()) return call;
    if (!desk_.post.present() || !messaging::is_topic(request->topic())) {
        call->refuse(!desk_.post.present() ? no_post() : wrong_topic());
        return call;
    }
    call->ask([this, request, response](Instant, const Node&) {
        std::optional<std::string_view> topic;
        if (request->has_topic()) topic = request->topic();
        for (const auto& message :
             desk_.post.courier().incoming(topic, request->after_serial(), kIncomingPageMax)) {
            write_message(desk_.crypto, message, response->add_messages());
        }
        return grpc::Status::OK;
    });
    return call;
}

grpc::ServerUnaryReactor* MessagingService::AcknowledgeMessages(
    grpc::CallbackServerContext* context, const v1::AcknowledgeMessagesRequest* request,
    v1::AcknowledgeMessagesResponse* response) {
    auto* call = new UnaryCall(desk_, *context, "/sovereign.v1.Messaging/AcknowledgeMessages");
    if (!call->admitted()) return call;
    if (!desk_.post.present() ||
        static_cast<std::size_t>(request->serials_size()) > kAcknowledgedMax) {
        call->refuse(!desk_.post.present() ? no_post() : invalid("serials", "at most 256"));
        return call;
    }
    call->ask([this, request, response](Instant now, const Node&) {
        response->set_forgotten(
            desk_.post.acknowledge(now, {request->serials().begin(), request->serials().end()}));
        return grpc::Status::OK;
    });
    return call;
}

grpc::ServerUnaryReactor* MessagingService::ListSent(grpc::CallbackServerContext* context,
                                                     const v1::ListSentRequest*,
                                                     v1::ListSentResponse* response) {
    auto* call = new UnaryCall(desk_, *context, "/sovereign.v1.Messaging/ListSent");
    if (!call->admitted()) return call;
    call->ask([this, response](Instant, const Node&) {
        if (!desk_.post.present()) return grpc::Status::OK;
        for (const auto& one : desk_.post.courier().outgoing()) {
            auto* sent = response->add_messages();
            MessageWriter(desk_.crypto).write(one.peer, sent->mutable_peer());
            sent->set_id(messaging::message_id_text(one.message.id));
            sent->set_state(delivery_state(one.delivery));
            sent->set_topic(one.message.topic);
            sent->set_body_bytes(one.message.body.size());
            sent->set_sent_unix_ms(one.message.sent_at);
        }
        return grpc::Status::OK;
    });
    return call;
}

grpc::ServerUnaryReactor* MessagingService::CancelMessage(grpc::CallbackServerContext* context,
                                                          const v1::CancelMessageRequest* request,
                                                          v1::CancelMessageResponse*) {
    auto* call = new UnaryCall(desk_, *context, "/sovereign.v1.Messaging/CancelMessage");
    if (!call->admitted()) return call;
    const auto id = messaging::message_id_from(request->id());
    if (!desk_.post.present() || !id) {
        call->refuse(!desk_.post.present() ? no_post()
                                           : invalid("id", "as in 9f3c07d21be4a688-12"));
        return call;
    }
    call->ask([this, id = *id](Instant now, const Node&) {
        for (const auto& one : desk_.post.courier().outgoing()) {
            if (one.message.id != id) continue;
            desk_.post.courier().cancel(now, one.peer, id);
            return grpc::Status::OK;
        }
        v1::ErrorDetail detail;
        detail.set_code("not_found");
        detail.set_message("no message of ours with that id waits for a receipt");
        detail.set_hint("sovctl outbox");
        return failure(grpc::StatusCode::NOT_FOUND, std::move(detail));
    });
    return call;
}

grpc::ServerUnaryReactor* MessagingService::SetPresence(grpc::CallbackServerContext* context,
                                                        const v1::SetPresenceRequest* request,
                                                        v1::SetPresenceResponse*) {
    auto* call = new UnaryCall(desk_, *context, "/sovereign.v1.Messaging/SetPresence");
    if (!call->admitted()) return call;
    const auto state = presence_of(request->state());
    if (!desk_.post.present() || !state || request->words().size() > messaging::kPresenceWordsMax) {
        call->refuse(!desk_.post.present() ? no_post()
                     : !state              ? invalid("state", "one of offline, online, away, busy")
                                           : invalid("words", "at most 128 bytes"));
        return call;
    }
    call->ask([this, state = *state, words = request->words()](Instant now, const Node&) {
        desk_.post.courier().set_presence(now, {state, words});
        return grpc::Status::OK;
    });
    return call;
}

grpc::ServerUnaryReactor* MessagingService::GetPresence(grpc::CallbackServerContext* context,
                                                        const v1::GetPresenceRequest* request,
                                                        v1::GetPresenceResponse* response) {
    auto* call = new UnaryCall(desk_, *context, "/sovereign.v1.Messaging/GetPresence");
    if (!call->admitted()) return call;
    if (!desk_.post.present()) {
        call->refuse(no_post());
        return call;
    }
    resolve(desk_, request->target(), "target", [=, this](const Resolved& resolved) {
        if (const auto* status = std::get_if<grpc::Status>(&resolved)) return call->finish(*status);
        const PeerId peer = std::get<PeerId>(resolved);
        desk_.bridge.ask([=, this](Instant now, const Node* node) {
            if (node == nullptr) return call->finish(leaving());
            MessageWriter(desk_.crypto).write(peer, response->mutable_peer());
            desk_.post.ask_presence(now, peer,
                                    [=, this](const std::optional<messaging::Presence>& said) {
                                        response->set_known(said.has_value());
                                        if (said) {
                                            response->set_state(presence_state(said->state));
                                            response->set_words(said->words);
                                        }
                                        call->finish(grpc::Status::OK);
                                    });
        });
    });
    return call;
}

}  // namespace sov::api
