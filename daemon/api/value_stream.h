#pragma once

#include <grpcpp/server_context.h>
#include <grpcpp/support/server_callback.h>

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string_view>

#include "daemon/api/desk.h"
#include "daemon/api/listen_table.h"

namespace sov::api {

/// One Listen call: writes one message, waits until it is written, takes the next. Ends its
/// listener in the core when it goes. Deletes itself when gRPC is done with it.
class ValueStream final : public grpc::ServerWriteReactor<sovereign::v1::ListenResponse>,
                          private ListenSink {
  public:
    ValueStream(Desk& desk, const grpc::CallbackServerContext& context, std::string_view method);

    /// False: the refusal is on its way.
    bool admitted() const { return pass_.has_value(); }
    void refuse(const grpc::Status& status) { end(status); }
    /// `listen` begins the command on the core thread.
    void begin(CoreBridge::Begin listen);

    void OnWriteDone(bool ok) override;
    void OnCancel() override { end(grpc::Status::CANCELLED); }
    void OnDone() override;

  private:
    /// What the core thread knows of this stream, which may have gone by then.
    struct Begun {
        std::mutex mutex;  // guards both
        std::optional<CommandId> listen;
        bool over = false;
    };

    void give(SharedTold told) override { write(std::move(told)); }
    void leave(const grpc::Status& status) override { end(status); }
    void write(SharedTold told);
    void take_next();
    /// The first reason to end counts.
    void end(const grpc::Status& status);

    Desk& desk_;
    std::optional<Gate::Pass> pass_;
    std::optional<Quotas::Slot> slot_;
    std::shared_ptr<Begun> begun_ = std::make_shared<Begun>();
    std::shared_ptr<ListenFeed> feed_ =
        std::make_shared<ListenFeed>(static_cast<ListenSink&>(*this));
    SharedTold writing_;
    std::mutex order_;  // guards ended_ and writing_: no write may start after Finish
    bool ended_ = false;
};

}  // namespace sov::api
