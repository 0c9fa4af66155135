#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string_view>

#include "daemon/api/listen_table.h"
#include "daemon/api/server_stream.h"

namespace sov::api {

/// One Listen call: writes one message, waits until it is written, takes the next. Ends its
/// listener in the core when it goes. Deletes itself when gRPC is done with it.
class ValueStream final : public ServerStream<sovereign::v1::ListenResponse>, private ListenSink {
  public:
    ValueStream(Desk& desk, const grpc::CallbackServerContext& context, std::string_view method)
        : ServerStream(desk, context, method) {}

    /// `listen` begins the command on the core thread.
    void begin(CoreBridge::Begin listen);

    void OnWriteDone(bool ok) override;
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
    void take_next();

    std::optional<Quotas::Slot> slot_;
    std::shared_ptr<Begun> begun_ = std::make_shared<Begun>();
    std::shared_ptr<ListenFeed> feed_ =
        std::make_shared<ListenFeed>(static_cast<ListenSink&>(*this));
};

}  // namespace sov::api
