#include "daemon/api/lone_poller.h"

#include <grpcpp/client_context.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <future>
#include <optional>
#include <set>
#include <thread>

#include "sovereign/v1/node.grpc.pb.h"

namespace sov::api {
namespace {

namespace v1 = sovereign::v1;

constexpr std::chrono::seconds kPollPatience{10};

/// The thread that a callback of gRPC's runs on; nothing when none came.
std::optional<std::thread::id> thread_of_a_callback() {
    struct Call {
        std::unique_ptr<v1::Node::Stub> stub = v1::Node::NewStub(
            grpc::CreateChannel("unix:nowhere", std::shared_ptr<grpc::ChannelCredentials>()));
        grpc::ClientContext context;
        v1::GetStatusRequest request;
        v1::GetStatusResponse response;
        std::promise<std::thread::id> ran;
    };
    const auto call = std::make_shared<Call>();
    auto ran = call->ran.get_future();
    call->stub->async()->GetStatus(
        &call->context, &call->request, &call->response,
        [call](const grpc::Status&) { call->ran.set_value(std::this_thread::get_id()); });
    if (ran.wait_for(kPollPatience) != std::future_status::ready) return std::nullopt;
    return ran.get();
}

/// What the test below runs in a process of its own, since it can't be undone.
int poll_alone() {
    keep_one_poller();
    keep_one_poller();
    std::set<std::thread::id> threads;
    // The first few may still run where the callback that stays is about to begin.
    for (int at = 0; at < 200; ++at) {
        const auto thread = thread_of_a_callback();
        if (!thread) return 2;
        if (at >= 20) threads.insert(*thread);
    }
    return threads.size() == 1 ? 0 : 1;
}

TEST(LonePoller, leaves_one_thread_that_goes_on_and_lets_the_process_end) {
    GTEST_FLAG_SET(death_test_style, "threadsafe");
    EXPECT_EXIT(exit(poll_alone()), testing::ExitedWithCode(0), "");
}

}  // namespace
}  // namespace sov::api
