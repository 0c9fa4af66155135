#pragma once

#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string_view>

#include "daemon/api/server_stream.h"
#include "sovereign/v1/offer.pb.h"

namespace sov::api {

/// One FindProviders call: writes who is found as the core tells it, and how it ended. What waits
/// for a slow reader is bounded by what one find may tell, Limits::providers_found_max and one.
/// When the caller goes, or its time is over, the lookup ends. Deletes itself when gRPC is done
/// with it.
class ProviderStream final : public ServerStream<sovereign::v1::FindProvidersResponse> {
  public:
    using Message = sovereign::v1::FindProvidersResponse;

    ProviderStream(Desk& desk, const grpc::CallbackServerContext& context, std::string_view method)
        : ServerStream(desk, context, method) {}

    /// `find` begins the command on the core thread. Refused like any other that asks the network.
    void begin(CoreBridge::Begin find);

    void OnCancel() override;
    void OnWriteDone(bool ok) override;
    void OnDone() override { delete this; }

  private:
    /// One more message. Core thread.
    void tell(std::shared_ptr<const Message> message);
    /// Ends with this when all is written.
    void close(const grpc::Status& status);
    grpc::Status conclude(const Event* event);
    /// The next step when nothing is being written.
    void go_on();

    std::optional<Quotas::Slot> slot_;
    std::optional<CoreBridge::Ticket> ticket_;
    std::uint32_t told_ = 0;  ///< the core thread's own

    std::mutex mutex_;  // guards everything below; never held while the base is called
    std::deque<std::shared_ptr<const Message>> queue_;
    std::optional<grpc::Status> closed_;
    bool writing_ = false;
};

}  // namespace sov::api
