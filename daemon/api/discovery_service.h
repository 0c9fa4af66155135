#pragma once

#include "daemon/api/desk.h"
#include "sovereign/v1/discovery.grpc.pb.h"

namespace sov::api {

/// sovereign.v1.Discovery: finding peers and being found.
class DiscoveryService final : public sovereign::v1::Discovery::CallbackService {
  public:
    explicit DiscoveryService(Desk& desk) : desk_(desk) {}

    grpc::ServerUnaryReactor* FindPeer(grpc::CallbackServerContext* context,
                                       const sovereign::v1::FindPeerRequest* request,
                                       sovereign::v1::FindPeerResponse* response) override;
    grpc::ServerUnaryReactor* ClaimName(grpc::CallbackServerContext* context,
                                        const sovereign::v1::ClaimNameRequest* request,
                                        sovereign::v1::ClaimNameResponse* response) override;
    grpc::ServerUnaryReactor* ReleaseName(grpc::CallbackServerContext* context,
                                          const sovereign::v1::ReleaseNameRequest* request,
                                          sovereign::v1::ReleaseNameResponse* response) override;
    grpc::ServerUnaryReactor* ListNames(grpc::CallbackServerContext* context,
                                        const sovereign::v1::ListNamesRequest* request,
                                        sovereign::v1::ListNamesResponse* response) override;
    grpc::ServerUnaryReactor* ForgetPin(grpc::CallbackServerContext* context,
                                        const sovereign::v1::ForgetPinRequest* request,
                                        sovereign::v1::ForgetPinResponse* response) override;
    grpc::ServerWriteReactor<sovereign::v1::Event>* Watch(
        grpc::CallbackServerContext* context, const sovereign::v1::WatchRequest* request) override;

  private:
    Desk& desk_;
};

}  // namespace sov::api
