#include "daemon/api/unary_call.h"

namespace sov::api {

UnaryCall::UnaryCall(Desk& desk, const grpc::CallbackServerContext& context,
                     std::string_view method)
    : desk_(desk), method_(method) {
    auto verdict = desk.gate.admit(context, method);
    if (auto* pass = std::get_if<Gate::Pass>(&verdict)) {
        pass_.emplace(std::move(*pass));
    } else {
        Finish(std::get<grpc::Status>(verdict));
    }
}

void UnaryCall::ask(std::function<grpc::Status(Instant now, Node& node)> work) {
    // The call outlives the question: it is deleted after Finish, which only the question calls.
    desk_.bridge.ask([this, work = std::move(work)](Instant now, Node* node) {
        end(node == nullptr ? leaving() : work(now, *node));
    });
}

void UnaryCall::command(CoreBridge::Begin begin,
                        std::function<grpc::Status(const Event& event)> answer) {
    auto slot = desk_.quotas.begin(Quotas::Kind::kLookups, pass_->app());
    if (const auto* over = std::get_if<grpc::Status>(&slot)) return end(*over);
    slot_.emplace(std::move(std::get<Quotas::Slot>(slot)));
    // OnCancel can't come before this method's caller has returned the call to gRPC, so the ticket
    // is set by then; the answer may, so nothing of the call is touched after the answer was asked
    // for.
    ticket_ = desk_.bridge.reserve_ticket();
    desk_.bridge.command(*ticket_, std::move(begin),
                         [this, answer = std::move(answer)](const Event* event) {
                             end(event == nullptr ? leaving() : answer(*event));
                         });
}

void UnaryCall::end(const grpc::Status& status) {
    if (pass_->audited())
        desk_.audit.ended({pass_->caller(), pass_->role(), method_, subject_}, code_of(status));
    Finish(status);
}

void UnaryCall::OnCancel() {
    if (ticket_) desk_.bridge.cancel(*ticket_);
    if (cancelled_) cancelled_();
}

}  // namespace sov::api
