#pragma once

#include <memory>
#include <string_view>

#include "daemon/api/offer_table.h"
#include "daemon/api/server_stream.h"

namespace sov::api {

/// One Offer call: writes how far it is, and ends with its last word. When the caller goes, what it
/// offered stays offered. Deletes itself when gRPC is done with it.
class OfferStream final : public ServerStream<sovereign::v1::OfferProgress>, private ProgressSink {
  public:
    OfferStream(Desk& desk, const grpc::CallbackServerContext& context, std::string_view method)
        : ServerStream(desk, context, method) {}

    std::uint32_t user() const { return caller().uid; }
    /// `offer` begins the command on the core thread.
    void begin(CoreBridge::Begin offer);

    void OnWriteDone(bool ok) override;
    void OnDone() override;

  private:
    void give(const sovereign::v1::OfferProgress& progress) override {
        write(std::make_shared<sovereign::v1::OfferProgress>(progress));
    }
    void leave(const grpc::Status& status) override { end(status); }
    void take_next();

    bool counted_ = false;
    std::shared_ptr<ProgressFeed> feed_ =
        std::make_shared<ProgressFeed>(static_cast<ProgressSink&>(*this));
};

}  // namespace sov::api
