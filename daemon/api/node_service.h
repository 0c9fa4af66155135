#pragma once

#include "daemon/api/desk.h"
#include "sovereign/v1/node.grpc.pb.h"

namespace sov::api {

/// sovereign.v1.Node: how the daemon does, who it is, what happens, and its operation.
class NodeService final : public sovereign::v1::Node::WithRawCallbackMethod_GetStatus<
                              sovereign::v1::Node::CallbackService> {
  public:
    explicit NodeService(Desk& desk) : desk_(desk) {}

    /// In bytes: see status_bytes().
    grpc::ServerUnaryReactor* GetStatus(grpc::CallbackServerContext* context,
                                        const grpc::ByteBuffer* request,
                                        grpc::ByteBuffer* response) override;
    grpc::ServerUnaryReactor* GetIdentity(grpc::CallbackServerContext* context,
                                          const sovereign::v1::GetIdentityRequest* request,
                                          sovereign::v1::GetIdentityResponse* response) override;
    grpc::ServerUnaryReactor* ExportIdentity(
        grpc::CallbackServerContext* context, const sovereign::v1::ExportIdentityRequest* request,
        sovereign::v1::ExportIdentityResponse* response) override;
    grpc::ServerUnaryReactor* ImportIdentity(
        grpc::CallbackServerContext* context, const sovereign::v1::ImportIdentityRequest* request,
        sovereign::v1::ImportIdentityResponse* response) override;
    grpc::ServerUnaryReactor* RotateIdentity(
        grpc::CallbackServerContext* context, const sovereign::v1::RotateIdentityRequest* request,
        sovereign::v1::RotateIdentityResponse* response) override;
    grpc::ServerWriteReactor<sovereign::v1::Event>* WatchEvents(
        grpc::CallbackServerContext* context,
        const sovereign::v1::WatchEventsRequest* request) override;
    grpc::ServerWriteReactor<sovereign::v1::Event>* WatchAudit(
        grpc::CallbackServerContext* context,
        const sovereign::v1::WatchEventsRequest* request) override;
    grpc::ServerUnaryReactor* ListSessions(grpc::CallbackServerContext* context,
                                           const sovereign::v1::ListSessionsRequest* request,
                                           sovereign::v1::ListSessionsResponse* response) override;
    grpc::ServerUnaryReactor* GetLogLevels(grpc::CallbackServerContext* context,
                                           const sovereign::v1::GetLogLevelsRequest* request,
                                           sovereign::v1::GetLogLevelsResponse* response) override;
    grpc::ServerUnaryReactor* SetLogLevel(grpc::CallbackServerContext* context,
                                          const sovereign::v1::SetLogLevelRequest* request,
                                          sovereign::v1::SetLogLevelResponse* response) override;
    grpc::ServerUnaryReactor* SetLayer(grpc::CallbackServerContext* context,
                                       const sovereign::v1::SetLayerRequest* request,
                                       sovereign::v1::SetLayerResponse* response) override;
    grpc::ServerWriteReactor<sovereign::v1::CheckNetworkProgress>* CheckNetwork(
        grpc::CallbackServerContext* context,
        const sovereign::v1::CheckNetworkRequest* request) override;
    grpc::ServerUnaryReactor* ExplainPeer(grpc::CallbackServerContext* context,
                                          const sovereign::v1::ExplainPeerRequest* request,
                                          sovereign::v1::ExplainPeerResponse* response) override;
    grpc::ServerUnaryReactor* Block(grpc::CallbackServerContext* context,
                                    const sovereign::v1::BlockRequest* request,
                                    sovereign::v1::BlockResponse* response) override;
    grpc::ServerUnaryReactor* Unblock(grpc::CallbackServerContext* context,
                                      const sovereign::v1::UnblockRequest* request,
                                      sovereign::v1::UnblockResponse* response) override;
    grpc::ServerUnaryReactor* ListBlocks(grpc::CallbackServerContext* context,
                                         const sovereign::v1::ListBlocksRequest* request,
                                         sovereign::v1::ListBlocksResponse* response) override;
    grpc::ServerUnaryReactor* ReloadConfig(grpc::CallbackServerContext* context,
                                           const sovereign::v1::ReloadConfigRequest* request,
                                           sovereign::v1::ReloadConfigResponse* response) override;
    grpc::ServerUnaryReactor* GetStats(grpc::CallbackServerContext* context,
                                       const sovereign::v1::GetStatsRequest* request,
                                       sovereign::v1::GetStatsResponse* response) override;
    grpc::ServerUnaryReactor* Shutdown(grpc::CallbackServerContext* context,
                                       const sovereign::v1::ShutdownRequest* request,
                                       sovereign::v1::ShutdownResponse* response) override;

  private:
    Desk& desk_;
};

}  // namespace sov::api
