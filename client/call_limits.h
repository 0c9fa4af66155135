#pragma once

#include <grpcpp/client_context.h>

#include <chrono>

#include "client/sovereign_client.h"

namespace sov::client {

/// One call's context: its deadline, and its cancellation for as long as it runs.
class CallLimits {
  public:
    explicit CallLimits(const CallOptions& options) : on_stop_(options.stop, Cancel{&context_}) {
        if (options.deadline.count() > 0) {
            context_.set_deadline(std::chrono::system_clock::now() + options.deadline);
        }
    }
    grpc::ClientContext* context() { return &context_; }

  private:
    struct Cancel {
        grpc::ClientContext* context;
        void operator()() const { context->TryCancel(); }
    };

    grpc::ClientContext context_;
    std::stop_callback<Cancel> on_stop_;
};

}  // namespace sov::client
