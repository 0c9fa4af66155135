#pragma once

#include <grpcpp/server_context.h>
#include <grpcpp/support/server_callback.h>

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string_view>

#include "daemon/api/desk.h"
#include "daemon/api/offer_table.h"

namespace sov::api {

/// One Offer call: writes how far it is, and ends with its last word. When the caller goes, what it
/// offered stays offered. Deletes itself when gRPC is done with it.
class OfferStream final : public grpc::ServerWriteReactor<sovereign::v1::OfferProgress>,
                          private ProgressSink {
  public:
    OfferStream(Desk& desk, const grpc::CallbackServerContext& context, std::string_view method);

    /// False: the refusal is on its way.
    bool admitted() const { return pass_.has_value(); }
    void refuse(const grpc::Status& status) { end(status); }
    std::uint32_t user() const { return pass_->caller().uid; }
    /// `offer` begins the command on the core thread.
    void begin(CoreBridge::Begin offer);

    void OnWriteDone(bool ok) override;
    void OnCancel() override { end(grpc::Status::CANCELLED); }
    void OnDone() override;

  private:
    void give(const sovereign::v1::OfferProgress& progress) override { write(progress); }
    void leave(const grpc::Status& status) override { end(status); }
    void write(const sovereign::v1::OfferProgress& progress);
    void take_next();
    /// The first reason to end counts.
    void end(const grpc::Status& status);

    Desk& desk_;
    std::optional<Gate::Pass> pass_;
    bool counted_ = false;
    std::shared_ptr<ProgressFeed> feed_ =
        std::make_shared<ProgressFeed>(static_cast<ProgressSink&>(*this));
    sovereign::v1::OfferProgress writing_;
    std::mutex order_;  // guards ended_ and writing_: no write may start after Finish
    bool ended_ = false;
};

}  // namespace sov::api
