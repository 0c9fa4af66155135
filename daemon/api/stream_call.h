#pragma once

#include <grpcpp/server_context.h>
#include <grpcpp/support/server_callback.h>

#include <memory>
#include <optional>
#include <string_view>

#include "daemon/api/app_streams.h"
#include "daemon/api/desk.h"

namespace sov::api {

/// Bytes in one message of a call, in both directions; docs and protos say the number.
inline constexpr std::size_t kCallBytesMax = 61440;

/// One OpenStream or Take call. Its first message decides which stream; then its messages are the
/// stream's bytes, or it only tells how a stream ended whose bytes go over a socket. The next
/// message is read when the hub has taken the last, and bytes are taken from the hub when gRPC has
/// written the last. Deletes itself when gRPC is done with it.
class StreamCall final
    : public grpc::ServerBidiReactor<sovereign::v1::StreamInput, sovereign::v1::StreamOutput>,
      private CallLine<sovereign::v1::StreamOutput>::Call {
  public:
    using Line = CallLine<sovereign::v1::StreamOutput>;

    StreamCall(Desk& desk, const grpc::CallbackServerContext& context, std::string_view method);

    void OnReadDone(bool ok) override;
    void OnWriteDone(bool ok) override;
    void OnCancel() override;
    void OnDone() override;

  private:
    void start_write(const sovereign::v1::StreamOutput* message) override { StartWrite(message); }
    void start_read() override { StartRead(&input_); }
    void finish(const grpc::Status& status) override { Finish(status); }
    void finish_with(const sovereign::v1::StreamOutput* message,
                     const grpc::Status& status) override {
        StartWriteAndFinish(message, grpc::WriteOptions(), status);
    }

    void begin();
    void open(const sovereign::v1::StreamOpening& opening);
    void take(const sovereign::v1::StreamTaking& taking);
    /// What speaks for the app: this call, or a socket.
    std::shared_ptr<StreamEnd> make_end(bool socket);
    void take_input();
    void give_up();

    Desk& desk_;
    const bool opens_;  ///< OpenStream, else Take
    std::optional<Gate::Pass> pass_;
    sovereign::v1::StreamInput input_;
    bool begun_ = false, input_ended_ = false;
    std::shared_ptr<StreamEnd> end_;  ///< the core thread uses it, this call only passes it on
    class CallEnd;
    std::shared_ptr<CallEnd> call_end_;  ///< the same, when bytes go through this call
    std::shared_ptr<Line> line_ = std::make_shared<Line>(static_cast<Line::Call&>(*this));
};

}  // namespace sov::api
