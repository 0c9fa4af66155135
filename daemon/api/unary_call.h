#pragma once

#include <grpcpp/server_context.h>
#include <grpcpp/support/server_callback.h>

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "daemon/api/desk.h"
#include "daemon/api/status_codes.h"

namespace sov::api {

/// One call with one answer. It passes the gate when it is made and waits without a thread until
/// the core has answered; the caller's deadline and cancellation end the command in the core.
/// Deletes itself when gRPC is done with it.
///
///   auto* call = new UnaryCall(desk_, *context, "/sovereign.v1.Node/GetStatus");
///   if (call->admitted()) call->ask(...);   // or refuse(...), or command(...)
///   return call;
class UnaryCall final : public grpc::ServerUnaryReactor {
  public:
    UnaryCall(Desk& desk, const grpc::CallbackServerContext& context, std::string_view method);

    /// False: the refusal is on its way.
    bool admitted() const { return pass_.has_value(); }
    Role role() const { return pass_->role(); }
    uid_t user() const { return pass_->caller().uid; }

    /// Ends the call without asking the core.
    void refuse(const grpc::Status& status) { end(status); }
    /// Ends a call that was neither asked nor commanded, once, from any thread.
    void finish(const grpc::Status& status) { end(status); }
    /// What the call is about, for the audit log: a peer, a layer, a key. Never a secret. Before it
    /// is refused, asked or commanded, or on the core thread by `work` or `answer`.
    void about(std::string subject) { subject_ = std::move(subject); }
    /// What else to do when the caller gives up. Set before the call is returned to gRPC.
    void when_cancelled(std::function<void()> cancelled) { cancelled_ = std::move(cancelled); }
    /// Asks something that the node answers at once. `work` runs on the core thread.
    void ask(std::function<grpc::Status(Instant now, Node& node)> work);
    /// Begins a command; `answer` turns its event into a status. Both run on the core thread. A
    /// user with too many of them under way is refused.
    void command(CoreBridge::Begin begin, std::function<grpc::Status(const Event& event)> answer);

    void OnCancel() override;
    void OnDone() override { delete this; }

  private:
    /// Writes it into the audit log where that is wanted, then finishes.
    void end(const grpc::Status& status);

    Desk& desk_;
    const std::string_view method_;
    std::optional<Gate::Pass> pass_;
    std::string subject_;
    std::optional<Quotas::Slot> slot_;
    std::optional<CoreBridge::Ticket> ticket_;
    std::function<void()> cancelled_;
};

}  // namespace sov::api
