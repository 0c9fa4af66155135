#include "sovereign/v1/node.grpc.pb.h"
#include "tests/unit/daemon/api/api_fixture.h"

namespace sov::api {
namespace {

namespace v1 = sovereign::v1;

class NetworkCalls : public test::ApiFixture {
  protected:
    void TearDown() override { leave(); }
};

TEST_F(NetworkCalls, TellHowFarTheTestIsThenTheReport) {
    serve();
    const auto stub = v1::Node::NewStub(channel(kUser));
    grpc::ClientContext context;
    const auto stream = stub->CheckNetwork(&context, {});
    v1::CheckNetworkProgress message;
    ASSERT_TRUE(stream->Read(&message));
    EXPECT_EQ(message.settled(), 1U);
    EXPECT_EQ(message.asked(), 4U);
    EXPECT_FALSE(message.has_report());
    ASSERT_TRUE(stream->Read(&message));
    ASSERT_TRUE(message.has_report());
    EXPECT_EQ(message.report().lines(0).topic(), "udp");
    EXPECT_EQ(message.report().lines(0).answer(), v1::NETWORK_ANSWER_NOT_TESTED);
    EXPECT_EQ(message.report().verdict(), "unknown");
    EXPECT_FALSE(stream->Read(&message));
    EXPECT_TRUE(stream->Finish().ok());
}

TEST_F(NetworkCalls, RefuseWhenTooManyWaitAndThoseWithoutTheRole) {
    host_.net_checks_refused = true;
    serve();
    const auto stub = v1::Node::NewStub(channel(kUser));
    grpc::ClientContext context;
    v1::CheckNetworkProgress message;
    const auto stream = stub->CheckNetwork(&context, {});
    EXPECT_FALSE(stream->Read(&message));
    const grpc::Status status = stream->Finish();
    EXPECT_EQ(status.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
    EXPECT_EQ(detail(status).code(), "busy");
    const auto stranger = v1::Node::NewStub(channel(kStranger));
    grpc::ClientContext other;
    const auto refused = stranger->CheckNetwork(&other, {});
    EXPECT_FALSE(refused->Read(&message));
    EXPECT_EQ(refused->Finish().error_code(), grpc::StatusCode::PERMISSION_DENIED);
}

}  // namespace
}  // namespace sov::api
