#pragma once

#include <grpcpp/client_context.h>

#include <chrono>
#include <utility>

#include "client/call_error.h"
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

/// One unary call: `read` makes the plain structure of a good answer.
template <typename Stub, typename Request, typename Answer, typename Read>
auto call(Stub& stub, grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Answer*),
          const Request& request, const CallOptions& options, const Read& read)
    -> Result<decltype(read(std::declval<const Answer&>()))> {
    CallLimits limits(options);
    Answer answer;
    const grpc::Status status = (stub.*method)(limits.context(), request, &answer);
    if (!status.ok()) return call_error(status);
    return read(answer);
}

}  // namespace sov::client
