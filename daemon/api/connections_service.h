#pragma once

#include "daemon/api/desk.h"
#include "sovereign/v1/connections.grpc.pb.h"

namespace sov::api {

/// sovereign.v1.Connections: connections to peers and streams on them.
class ConnectionsService final : public sovereign::v1::Connections::CallbackService {
  public:
    explicit ConnectionsService(Desk& desk) : desk_(desk) {}

    grpc::ServerWriteReactor<sovereign::v1::ConnectProgress>* Connect(
        grpc::CallbackServerContext* context,
        const sovereign::v1::ConnectRequest* request) override;
    grpc::ServerUnaryReactor* ExplainConnection(
        grpc::CallbackServerContext* context,
        const sovereign::v1::ExplainConnectionRequest* request,
        sovereign::v1::ExplainConnectionResponse* response) override;
    grpc::ServerUnaryReactor* Disconnect(grpc::CallbackServerContext* context,
                                         const sovereign::v1::DisconnectRequest* request,
                                         sovereign::v1::DisconnectResponse* response) override;
    grpc::ServerUnaryReactor* ListConnections(
        grpc::CallbackServerContext* context, const sovereign::v1::ListConnectionsRequest* request,
        sovereign::v1::ListConnectionsResponse* response) override;
    grpc::ServerWriteReactor<sovereign::v1::Event>* WatchConnections(
        grpc::CallbackServerContext* context,
        const sovereign::v1::WatchConnectionsRequest* request) override;
    grpc::ServerUnaryReactor* Ping(grpc::CallbackServerContext* context,
                                   const sovereign::v1::PingRequest* request,
                                   sovereign::v1::PingResponse* response) override;
    grpc::ServerBidiReactor<sovereign::v1::StreamInput, sovereign::v1::StreamOutput>* OpenStream(
        grpc::CallbackServerContext* context) override;
    grpc::ServerWriteReactor<sovereign::v1::ServeEvent>* Serve(
        grpc::CallbackServerContext* context, const sovereign::v1::ServeRequest* request) override;
    grpc::ServerBidiReactor<sovereign::v1::StreamInput, sovereign::v1::StreamOutput>* Take(
        grpc::CallbackServerContext* context) override;
    grpc::ServerWriteReactor<sovereign::v1::RequestAnswer>* Request(
        grpc::CallbackServerContext* context, const sovereign::v1::RequestCall* request) override;
    grpc::ServerBidiReactor<sovereign::v1::RequestsInput, sovereign::v1::RequestsOutput>*
    ServeRequests(grpc::CallbackServerContext* context) override;

  private:
    Desk& desk_;
};

}  // namespace sov::api
