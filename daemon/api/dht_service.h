#pragma once

#include "daemon/api/desk.h"
#include "sovereign/v1/dht.grpc.pb.h"

namespace sov::api {

class UnaryCall;

/// sovereign.v1.Dht: the distributed table itself.
class DhtService final : public sovereign::v1::Dht::CallbackService {
  public:
    explicit DhtService(Desk& desk) : desk_(desk) {}

    grpc::ServerUnaryReactor* GetTable(grpc::CallbackServerContext* context,
                                       const sovereign::v1::GetTableRequest* request,
                                       sovereign::v1::GetTableResponse* response) override;
    grpc::ServerUnaryReactor* Get(grpc::CallbackServerContext* context,
                                  const sovereign::v1::GetRequest* request,
                                  sovereign::v1::GetResponse* response) override;
    grpc::ServerUnaryReactor* Put(grpc::CallbackServerContext* context,
                                  const sovereign::v1::PutRequest* request,
                                  sovereign::v1::PutResponse* response) override;
    grpc::ServerUnaryReactor* Trace(grpc::CallbackServerContext* context,
                                    const sovereign::v1::TraceRequest* request,
                                    sovereign::v1::TraceResponse* response) override;
    grpc::ServerUnaryReactor* ListHeld(grpc::CallbackServerContext* context,
                                       const sovereign::v1::ListHeldRequest* request,
                                       sovereign::v1::ListHeldResponse* response) override;
    grpc::ServerUnaryReactor* PutValue(grpc::CallbackServerContext* context,
                                       const sovereign::v1::PutValueRequest* request,
                                       sovereign::v1::PutValueResponse* response) override;
    grpc::ServerUnaryReactor* GetValue(grpc::CallbackServerContext* context,
                                       const sovereign::v1::GetValueRequest* request,
                                       sovereign::v1::GetValueResponse* response) override;
    grpc::ServerUnaryReactor* ListOwnValues(
        grpc::CallbackServerContext* context, const sovereign::v1::ListOwnValuesRequest* request,
        sovereign::v1::ListOwnValuesResponse* response) override;
    grpc::ServerUnaryReactor* LetGo(grpc::CallbackServerContext* context,
                                    const sovereign::v1::LetGoRequest* request,
                                    sovereign::v1::LetGoResponse* response) override;
    grpc::ServerWriteReactor<sovereign::v1::ListenResponse>* Listen(
        grpc::CallbackServerContext* context, const sovereign::v1::ListenRequest* request) override;
    grpc::ServerWriteReactor<sovereign::v1::OfferProgress>* Provide(
        grpc::CallbackServerContext* context,
        const sovereign::v1::ProvideRequest* request) override;
    grpc::ServerUnaryReactor* WithdrawOffers(
        grpc::CallbackServerContext* context, const sovereign::v1::WithdrawOffersRequest* request,
        sovereign::v1::WithdrawOffersResponse* response) override;
    grpc::ServerWriteReactor<sovereign::v1::FindProvidersResponse>* FindProviders(
        grpc::CallbackServerContext* context,
        const sovereign::v1::FindProvidersRequest* request) override;
    grpc::ServerUnaryReactor* ListOffers(grpc::CallbackServerContext* context,
                                         const sovereign::v1::ListOffersRequest* request,
                                         sovereign::v1::ListOffersResponse* response) override;

    /// Tells listeners. Core thread.
    void handle_event(const Event& event);

  private:
    void put_signed_value(UnaryCall& call, const Key& key, const sovereign::v1::PutRequest& request,
                          sovereign::v1::PutResponse* response);

    Desk& desk_;
};

}  // namespace sov::api
