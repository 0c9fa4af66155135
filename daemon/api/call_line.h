#pragma once

#include <grpcpp/server_context.h>
#include <grpcpp/support/server_callback.h>

#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string_view>
#include <utility>

#include "daemon/api/desk.h"

namespace sov::api {

/// What the daemon says in one call that gets many messages. Shared by the call, which may go at
/// any time, and whoever speaks on it. Messages wait in a queue while one is written; who gives
/// messages at a peer's pace asks waiting() first. Thread-safe.
template <typename Out>
class CallLine {
  public:
    /// The call, as gRPC has it.
    class Call {
      public:
        virtual void start_write(const Out* message) = 0;
        virtual void start_read() {}
        virtual void finish(const grpc::Status& status) = 0;
        /// The message stays where it is until the call is over.
        virtual void finish_with(const Out* message, const grpc::Status& status) = 0;

      protected:
        ~Call() = default;
    };

    explicit CallLine(Call& call) : call_(&call) {}

    /// False when the call is over or about to be.
    bool give(Out message) {
        const std::lock_guard lock(mutex_);
        if (call_ == nullptr || finished_ || ending_) return false;
        queue_.push_back(std::move(message));
        if (queue_.size() == 1) call_->start_write(&queue_.front());
        return true;
    }
    /// give() and end(), which leave together when nothing else waits: one wake-up of the caller,
    /// and of our own threads, in place of two.
    void give_last(Out message, const grpc::Status& status) {
        Call* call = nullptr;
        {
            const std::lock_guard lock(mutex_);
            if (call_ == nullptr || finished_ || ending_) return;
            ending_ = status;
            queue_.push_back(std::move(message));
            if (queue_.size() > 1) return;
            finished_ = true;
            call = call_;
        }
        call->finish_with(&queue_.front(), status);
    }
    /// Who speaks has ended the call, or its end is near; the caller has not gone before that.
    bool ending() const {
        const std::lock_guard lock(mutex_);
        return ending_.has_value();
    }
    /// Lets the caller's next message in.
    void read_on() {
        const std::lock_guard lock(mutex_);
        if (call_ != nullptr && !finished_) call_->start_read();
    }
    /// Ends the call after what was given; the first reason counts.
    void end(const grpc::Status& status) {
        Call* call = nullptr;
        {
            const std::lock_guard lock(mutex_);
            if (call_ == nullptr || finished_ || ending_) return;
            ending_ = status;
            if (!queue_.empty()) return;
            finished_ = true;
            call = call_;
        }
        // Not under the lock: gRPC may end the call before finish() returns, and that detaches it.
        call->finish(status);
    }
    std::size_t waiting() const {
        const std::lock_guard lock(mutex_);
        return queue_.size();
    }

    // --- for the call ---
    void written(bool ok) {
        Call* call = nullptr;
        grpc::Status status = grpc::Status::CANCELLED;
        {
            const std::lock_guard lock(mutex_);
            if (call_ == nullptr || finished_) return;
            if (ok) {
                queue_.pop_front();
                if (!queue_.empty()) return call_->start_write(&queue_.front());
                if (!ending_) return;
                status = *ending_;
            }
            finished_ = true;
            call = call_;
        }
        call->finish(status);
    }
    /// The caller has gone: ends at once.
    void cancelled() {
        Call* call = nullptr;
        {
            const std::lock_guard lock(mutex_);
            if (call_ == nullptr || std::exchange(finished_, true)) return;
            call = call_;
        }
        call->finish(grpc::Status::CANCELLED);
    }
    void detach() {
        const std::lock_guard lock(mutex_);
        call_ = nullptr;
    }

  private:
    mutable std::mutex mutex_;  // guards everything below
    Call* call_;
    std::deque<Out> queue_;  ///< the first one is being written
    std::optional<grpc::Status> ending_;
    bool finished_ = false;
};

/// A call that is answered with a stream of messages. It passes the gate when it is made and
/// deletes itself when gRPC is done with it.
template <typename Out>
class AnswerCall final : public grpc::ServerWriteReactor<Out>, private CallLine<Out>::Call {
  public:
    using Line = CallLine<Out>;

    AnswerCall(Desk& desk, const grpc::CallbackServerContext& context, std::string_view method) {
        auto verdict = desk.gate.admit(context, method);
        if (auto* pass = std::get_if<Gate::Pass>(&verdict)) {
            pass_.emplace(std::move(*pass));
        } else {
            refuse(std::get<grpc::Status>(verdict));
        }
    }

    /// False: the refusal is on its way.
    bool admitted() const { return pass_.has_value(); }
    void refuse(const grpc::Status& status) { line_->end(status); }
    const Caller& caller() const { return pass_->caller(); }
    std::shared_ptr<Line> line() const { return line_; }
    /// Called once when the caller has gone or the call is over. Set before the call is returned to
    /// gRPC.
    void when_over(std::function<void()> over) { over_ = std::move(over); }
    /// Called on a thread of gRPC's after each message that was written. Set as when_over().
    void when_written(std::function<void()> written) { written_ = std::move(written); }
    /// A caller who gets no message for now sees at once that it was let in.
    void greet() { this->StartSendInitialMetadata(); }

    void OnWriteDone(bool ok) override {
        line_->written(ok);
        if (written_) written_();
    }
    void OnCancel() override { line_->cancelled(); }
    void OnDone() override {
        line_->detach();
        if (over_) over_();
        delete this;
    }

  private:
    void start_write(const Out* message) override { this->StartWrite(message); }
    void finish(const grpc::Status& status) override { this->Finish(status); }
    void finish_with(const Out* message, const grpc::Status& status) override {
        this->StartWriteAndFinish(message, grpc::WriteOptions(), status);
    }

    std::optional<Gate::Pass> pass_;
    std::shared_ptr<Line> line_ =
        std::make_shared<Line>(static_cast<typename CallLine<Out>::Call&>(*this));
    std::function<void()> over_, written_;
};

}  // namespace sov::api
