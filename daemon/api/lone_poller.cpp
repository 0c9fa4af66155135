#include "daemon/api/lone_poller.h"

#include <grpcpp/client_context.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>

#include <condition_variable>
#include <mutex>

#include "sovereign/v1/node.grpc.pb.h"

namespace sov::api {

/// A call that fails at once, because its channel leads nowhere: what it needs to live until its
/// callback has ended, which runs on one of the threads in question.
struct LonePoller::Parking {
    std::mutex mutex;
    std::condition_variable released;
    bool over = false;

    std::unique_ptr<sovereign::v1::Node::Stub> stub = sovereign::v1::Node::NewStub(
        grpc::CreateChannel("unix:nowhere", std::shared_ptr<grpc::ChannelCredentials>()));
    grpc::ClientContext context;
    sovereign::v1::GetStatusRequest request;
    sovereign::v1::GetStatusResponse response;

    void wait() {
        std::unique_lock lock(mutex);
        released.wait(lock, [this] { return over; });
    }
};

LonePoller::LonePoller() : parking_(std::make_shared<Parking>()) {
    parking_->stub->async()->GetStatus(
        &parking_->context, &parking_->request, &parking_->response,
        [parking = parking_](const grpc::Status&) { parking->wait(); });
}

LonePoller::~LonePoller() {
    const std::lock_guard lock(parking_->mutex);
    parking_->over = true;
    parking_->released.notify_all();
}

}  // namespace sov::api
