#pragma once

#include <grpcpp/server_context.h>
#include <grpcpp/support/server_callback.h>

#include <memory>
#include <optional>
#include <string_view>

#include "daemon/api/app_requests.h"
#include "daemon/api/desk.h"

namespace sov::api {

/// One Request call; never null.
grpc::ServerWriteReactor<sovereign::v1::RequestAnswer>* ask_peer(
    Desk& desk, const grpc::CallbackServerContext& context,
    const sovereign::v1::RequestCall& request);

/// One ServeRequests call: tells an app what it is asked and takes its answers, one after the
/// other. Deletes itself when gRPC is done with it.
class AnsweringCall final
    : public grpc::ServerBidiReactor<sovereign::v1::RequestsInput, sovereign::v1::RequestsOutput>,
      private CallLine<sovereign::v1::RequestsOutput>::Call {
  public:
    using Line = CallLine<sovereign::v1::RequestsOutput>;

    AnsweringCall(Desk& desk, const grpc::CallbackServerContext& context);

    void OnReadDone(bool ok) override;
    void OnWriteDone(bool ok) override { line_->written(ok); }
    void OnCancel() override { line_->cancelled(); }
    void OnDone() override;

  private:
    void start_write(const sovereign::v1::RequestsOutput* message) override { StartWrite(message); }
    void start_read() override { StartRead(&input_); }
    void finish(const grpc::Status& status) override { Finish(status); }
    void finish_with(const sovereign::v1::RequestsOutput* message,
                     const grpc::Status& status) override {
        StartWriteAndFinish(message, grpc::WriteOptions(), status);
    }
    void serve();
    void answer();
    void refuse();

    Desk& desk_;
    std::optional<Gate::Pass> pass_;
    sovereign::v1::RequestsInput input_;
    bool begun_ = false;
    std::shared_ptr<Line> line_ = std::make_shared<Line>(static_cast<Line::Call&>(*this));
};

}  // namespace sov::api
