#pragma once

#include "daemon/api/desk.h"
#include "sovereign/v1/mailbox.grpc.pb.h"

namespace sov::api {

/// sovereign.v1.Mailbox: what is left for peers that are away.
class MailboxService final : public sovereign::v1::Mailbox::CallbackService {
  public:
    explicit MailboxService(Desk& desk) : desk_(desk) {}

    grpc::ServerUnaryReactor* Leave(grpc::CallbackServerContext* context,
                                    const sovereign::v1::LeaveRequest* request,
                                    sovereign::v1::LeaveResponse* response) override;
    grpc::ServerUnaryReactor* Collect(grpc::CallbackServerContext* context,
                                      const sovereign::v1::CollectRequest* request,
                                      sovereign::v1::CollectResponse* response) override;
    grpc::ServerUnaryReactor* Acknowledge(grpc::CallbackServerContext* context,
                                          const sovereign::v1::AcknowledgeRequest* request,
                                          sovereign::v1::AcknowledgeResponse* response) override;

  private:
    Desk& desk_;
};

}  // namespace sov::api
