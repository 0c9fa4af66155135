#pragma once

#include "daemon/api/desk.h"
#include "sovereign/v1/messaging.grpc.pb.h"

namespace sov::api {

/// sovereign.v1.Messaging: messages to peers and from them, and whether they are there.
class MessagingService final : public sovereign::v1::Messaging::CallbackService {
  public:
    explicit MessagingService(Desk& desk) : desk_(desk) {}

    grpc::ServerWriteReactor<sovereign::v1::SendProgress>* Send(
        grpc::CallbackServerContext* context, const sovereign::v1::SendRequest* request) override;
    grpc::ServerWriteReactor<sovereign::v1::ReceivedMessage>* Receive(
        grpc::CallbackServerContext* context,
        const sovereign::v1::ReceiveRequest* request) override;
    grpc::ServerUnaryReactor* ListReceived(grpc::CallbackServerContext* context,
                                           const sovereign::v1::ListReceivedRequest* request,
                                           sovereign::v1::ListReceivedResponse* response) override;
    grpc::ServerUnaryReactor* AcknowledgeMessages(
        grpc::CallbackServerContext* context,
        const sovereign::v1::AcknowledgeMessagesRequest* request,
        sovereign::v1::AcknowledgeMessagesResponse* response) override;
    grpc::ServerUnaryReactor* ListSent(grpc::CallbackServerContext* context,
                                       const sovereign::v1::ListSentRequest* request,
                                       sovereign::v1::ListSentResponse* response) override;
    grpc::ServerUnaryReactor* CancelMessage(
        grpc::CallbackServerContext* context, const sovereign::v1::CancelMessageRequest* request,
        sovereign::v1::CancelMessageResponse* response) override;
    grpc::ServerUnaryReactor* SetPresence(grpc::CallbackServerContext* context,
                                          const sovereign::v1::SetPresenceRequest* request,
                                          sovereign::v1::SetPresenceResponse* response) override;
    grpc::ServerUnaryReactor* GetPresence(grpc::CallbackServerContext* context,
                                          const sovereign::v1::GetPresenceRequest* request,
                                          sovereign::v1::GetPresenceResponse* response) override;

  private:
    Desk& desk_;
};

}  // namespace sov::api
