#pragma once

#include <grpcpp/server_context.h>
#include <grpcpp/support/server_callback.h>

#include <memory>
#include <mutex>
#include <optional>
#include <string_view>
#include <utility>
#include <variant>

#include "daemon/api/desk.h"

namespace sov::api {

/// What all calls with a stream of answers have in common: the gate lets the caller in when it is
/// made, or the refusal is on its way; one message is written at a time; and it ends once, with the
/// first reason, whoever races (cancellation, a failed write, the daemon's end).
template <typename Message>
class ServerStream : public grpc::ServerWriteReactor<Message> {
  public:
    /// False: the refusal is on its way.
    bool admitted() const { return pass_.has_value(); }
    void refuse(const grpc::Status& status) { end(status); }

    void OnCancel() override { end(grpc::Status::CANCELLED); }

  protected:
    ServerStream(Desk& desk, const grpc::CallbackServerContext& context, std::string_view method)
        : desk_(desk) {
        auto verdict = desk.gate.admit(context, method);
        if (auto* pass = std::get_if<Gate::Pass>(&verdict))
            pass_.emplace(std::move(*pass));
        else
            end(std::get<grpc::Status>(verdict));
    }

    const Caller& caller() const { return pass_->caller(); }
    App app() const { return pass_->app(); }
    /// From any thread, when none is being written. Nothing once it has ended.
    void write(std::shared_ptr<const Message> message) {
        const std::lock_guard lock(order_);
        if (ended_) return;
        writing_ = std::move(message);
        this->StartWrite(writing_.get());
    }
    /// What was written last; for OnWriteDone.
    const Message& written() const { return *writing_; }
    void end(const grpc::Status& status) {
        {
            const std::lock_guard lock(order_);
            if (std::exchange(ended_, true)) return;
            end_ = status;
            if (held_) return;
        }
        // Not under the lock: gRPC may delete this, and the lock with it, before Finish returns.
        this->Finish(status);
    }
    /// Between these two it lives, even if it ends: somebody else works with it.
    void hold() {
        const std::lock_guard lock(order_);
        held_ = true;
    }
    void let_go() {
        {
            const std::lock_guard lock(order_);
            held_ = false;
            if (!ended_) return;
        }
        this->Finish(end_);
    }

    Desk& desk_;

  private:
    std::optional<Gate::Pass> pass_;
    std::mutex order_;  // guards everything below: no write may start after Finish
    std::shared_ptr<const Message> writing_;
    bool ended_ = false, held_ = false;
    grpc::Status end_;  ///< while it is held: how it ended meanwhile
};

}  // namespace sov::api
