#include "daemon/api/mailbox_service.h"

#include <algorithm>
#include <variant>

#include "daemon/api/messages.h"
#include "daemon/api/requested_peer.h"
#include "daemon/api/stored_answer.h"
#include "daemon/api/unary_call.h"

namespace sov::api {
namespace {

namespace v1 = sovereign::v1;

constexpr std::size_t kBodyMax = identity::kItemBodyMax;
static_assert(kBodyMax == 759 && dht::kItemsRemovedMax == 256, "said in the messages");

grpc::Status left_answer(identity::Crypto& crypto, const dht::ValuePublished& published,
                         v1::LeaveResponse* response) {
    if (published.error) return from_core(*published.error, "peer");
    write_stored(crypto, published, response);
    return grpc::Status::OK;
}

}  // namespace

grpc::ServerUnaryReactor* MailboxService::Leave(grpc::CallbackServerContext* context,
                                                const v1::LeaveRequest* request,
                                                v1::LeaveResponse* response) {
    auto* call = new UnaryCall(desk_, *context, "/sovereign.v1.Mailbox/Leave");
    if (!call->admitted()) return call;
    const auto peer = requested_peer(*request, "peer");
    if (const auto* status = std::get_if<grpc::Status>(&peer)) {
        call->refuse(*status);
        return call;
    }
    if (request->body().size() > kBodyMax) {
        v1::ErrorDetail detail = detail_of(Errc::kTooLarge, "body");
        detail.set_message("mail has at most 759 bytes");
        detail.set_hint("store it with 'sovctl dht put' and send the key");
        call->refuse(failure(grpc::StatusCode::INVALID_ARGUMENT, std::move(detail)));
        return call;
    }
    const std::chrono::milliseconds ttl(
        std::min<std::uint64_t>(request->ttl_ms(), UINT64_C(1) << 40));
    if (ttl > identity::kMailTtlMax) {
        call->refuse(invalid("ttl_ms", "must be at most seven days"));
        return call;
    }
    if (!desk_.quotas.admit_mail(call->user(), std::chrono::steady_clock::now())) {
        call->refuse(desk_.quotas.mail_refused());
        return call;
    }
    call->command(
        [request, ttl, to = std::get<PeerId>(peer)](Instant now, Node& node) {
            dht::ItemLeft left{to, identity::ItemUse::kMail, to_bytes(as_bytes(request->body())),
                               std::chrono::duration_cast<std::chrono::seconds>(ttl)};
            if (ttl.count() != 0) left.ttl = std::max(left.ttl, std::chrono::seconds(1));
            return node.leave_item(now, left);
        },
        [this, response](const Event& event) {
            return left_answer(desk_.crypto, std::get<ValuePutFinished>(event).published, response);
        });
    return call;
}

grpc::ServerUnaryReactor* MailboxService::Collect(grpc::CallbackServerContext* context,
                                                  const v1::CollectRequest*,
                                                  v1::CollectResponse* response) {
    auto* call = new UnaryCall(desk_, *context, "/sovereign.v1.Mailbox/Collect");
    if (!call->admitted()) return call;
    call->command(
        [](Instant now, Node& node) { return node.collect_items(now, identity::ItemUse::kMail); },
        [this, response](const Event& event) {
            const auto& collected = std::get<ItemsCollected>(event);
            if (collected.error) return from_core(*collected.error);
            const MessageWriter writer(desk_.crypto);
            for (const identity::Item& item : collected.items) {
                auto* to = response->add_mail();
                to->set_id(to_text(item.id.view()));
                writer.write(item.sender, to->mutable_sender());
                to->set_sent_unix_ms(item.sent);
                to->set_ttl_ms(whole_ms(item.ttl));
                to->set_body(to_text(item.body));
            }
            response->set_replicas(collected.replicas);
            return grpc::Status::OK;
        });
    return call;
}

grpc::ServerUnaryReactor* MailboxService::Acknowledge(grpc::CallbackServerContext* context,
                                                      const v1::AcknowledgeRequest* request,
                                                      v1::AcknowledgeResponse* response) {
    auto* call = new UnaryCall(desk_, *context, "/sovereign.v1.Mailbox/Acknowledge");
    if (!call->admitted()) return call;
    std::vector<PeerId> ids;
    const bool all_fit =
        std::all_of(request->ids().begin(), request->ids().end(),
                    [](const std::string& id) { return id.size() == PeerId::kSize; });
    if (!all_fit || request->ids().empty() || request->ids_size() > 256) {
        call->refuse(invalid("ids", "1 to 256 ids of 32 bytes, as Collect shows them"));
        return call;
    }
    for (const std::string& id : request->ids()) ids.push_back(PeerId::from(as_bytes(id)));
    call->command(
        [ids = std::move(ids)](Instant now, Node& node) {
            return node.remove_items(now, identity::ItemUse::kMail, ids);
        },
        [response](const Event& event) {
            const auto& removed = std::get<ItemsRemoved>(event);
            if (removed.error) return from_core(*removed.error, "ids");
            response->set_replicas(removed.replicas);
            return grpc::Status::OK;
        });
    return call;
}

}  // namespace sov::api
