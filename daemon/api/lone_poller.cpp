#include "daemon/api/lone_poller.h"

#include <grpcpp/client_context.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>

#include <condition_variable>
#include <mutex>

#include "sovereign/v1/node.grpc.pb.h"

namespace sov::api {

namespace {

/// A channel that leads nowhere, so that its call ends on one of the threads in question.
struct Parking {
    std::mutex mutex;
    std::condition_variable never;

    std::unique_ptr<sovereign::v1::Node::Stub> stub = sovereign::v1::Node::NewStub(
        grpc::CreateChannel("unix:nowhere", std::shared_ptr<grpc::ChannelCredentials>()));
    grpc::ClientContext context;
    sovereign::v1::GetStatusRequest request;
    sovereign::v1::GetStatusResponse response;

    void wait() {
        std::unique_lock lock(mutex);
        never.wait(lock, [] { return false; });
    }
};

}  // namespace

void keep_one_poller() {
    static Parking* parking = nullptr;
    static std::once_flag once;
    std::call_once(once, [] {
        parking = new Parking;
        parking->stub->async()->GetStatus(&parking->context, &parking->request, &parking->response,
                                          [](const grpc::Status&) { parking->wait(); });
    });
}

}  // namespace sov::api
