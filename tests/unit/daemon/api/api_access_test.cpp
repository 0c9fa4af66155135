// Who may call what, through a real connection.

#include <google/protobuf/descriptor.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/impl/grpc_library.h>

#include "daemon/api/role_table.h"
#include "tests/unit/daemon/api/api_fixture.h"

namespace sov::api {
namespace {

namespace v1 = sovereign::v1;

/// Calls any method with an empty request and tells how it ended.
grpc::Status call_empty(const std::shared_ptr<grpc::Channel>& channel, const std::string& method) {
    grpc::GenericStub stub(channel);
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::milliseconds(500));
    grpc::CompletionQueue queue;
    const grpc::ByteBuffer request(nullptr, 0);
    grpc::ByteBuffer response;
    grpc::Status status;
    auto call = stub.PrepareUnaryCall(&context, method, request, &queue);
    call->StartCall();
    call->Finish(&response, &status, nullptr);
    void* tag = nullptr;
    bool ok = false;
    queue.Next(&tag, &ok);
    return status;
}

using ApiAccess = test::ApiFixture;

TEST_F(ApiAccess, lets_each_role_call_exactly_what_the_table_says) {
    serve();
    const RoleTable table;
    const std::vector<std::pair<uid_t, Role>> callers{
        {0, Role::kAdmin}, {kUser, Role::kUse}, {kStranger, Role::kObserve}};
    for (const auto& [uid, role] : callers) {
        const auto connection = channel(uid);
        for (const auto& [method, needed] : table.rows()) {
            const grpc::Status status = call_empty(connection, method);
            const bool refused = status.error_code() == grpc::StatusCode::PERMISSION_DENIED;
            EXPECT_EQ(refused, role < needed)
                << method << " by " << role_word(role) << ": " << status.error_message();
            if (refused) {
                EXPECT_EQ(detail(status).code(), "wrong_role");
                EXPECT_NE(status.error_message().find(role_word(needed)), std::string::npos)
                    << status.error_message();
                EXPECT_FALSE(detail(status).hint().empty());
            }
        }
    }
    EXPECT_EQ(host_.shutdowns, 1) << "only the admin's call may have come through";
}

TEST_F(ApiAccess, knows_no_method_outside_the_table) {
    serve();
    EXPECT_EQ(call_empty(channel(), "/sovereign.v1.Node/Explode").error_code(),
              grpc::StatusCode::UNIMPLEMENTED);
}

TEST_F(ApiAccess, abridges_the_status_for_observers) {
    host_.mapping = {ports::PortMapping{*Endpoint::parse("198.51.100.7:6881"), 6881,
                                        std::chrono::hours(2), ports::MappingMethod::kUpnp},
                     ""};
    serve();
    for (const uid_t uid : {kUser, kStranger}) {
        auto node = v1::Node::NewStub(channel(uid));
        grpc::ClientContext context;
        v1::GetStatusResponse status;
        ASSERT_TRUE(node->GetStatus(&context, {}, &status).ok());
        EXPECT_NE(status.verdict(), v1::VERDICT_UNSPECIFIED);
        EXPECT_FALSE(status.sentence().empty());
        EXPECT_EQ(status.version(), "1.2.3");
        EXPECT_EQ(status.abridged(), uid == kStranger);
        EXPECT_EQ(status.caller_role(), uid == kStranger ? v1::ROLE_OBSERVE : v1::ROLE_USE);
        ASSERT_EQ(status.families_size(), 2);
        EXPECT_EQ(status.families(0).listening().empty(), uid == kStranger);
        EXPECT_EQ(status.has_port_mapping(), uid == kUser);
        if (uid == kUser) {
            EXPECT_EQ(status.port_mapping().external(), "198.51.100.7:6881");
            EXPECT_EQ(status.port_mapping().method(), "upnp");
            EXPECT_EQ(status.port_mapping().lifetime_seconds(), 7200u);
        }
        EXPECT_GT(status.counters().count("datagrams_in"), 0u);
    }
}

TEST_F(ApiAccess, gives_no_connection_the_role_of_an_earlier_one_with_its_number) {
    ApiLimits limits;
    limits.connections.total = 16;
    serve(limits);
    for (int round = 0; round < 200; ++round) {
        const uid_t uid = round % 2 == 0 ? 0 : kStranger;
        auto node = v1::Node::NewStub(channel(uid));
        grpc::ClientContext context;
        v1::GetStatusResponse status;
        ASSERT_TRUE(node->GetStatus(&context, {}, &status).ok());
        ASSERT_EQ(status.caller_role(), uid == 0 ? v1::ROLE_ADMIN : v1::ROLE_OBSERVE)
            << "round " << round;
    }
}

TEST_F(ApiAccess, takes_new_rules_for_the_calls_that_begin_after_them) {
    serve();
    const auto connection = channel(kUser);
    const std::string method = "/sovereign.v1.Node/ListSessions";
    EXPECT_TRUE(call_empty(connection, method).ok());
    server_->set_rules({990, {}, {}});
    EXPECT_EQ(call_empty(connection, method).error_code(), grpc::StatusCode::PERMISSION_DENIED);
    server_->set_rules({990, {}, {kUseGroup}});
    EXPECT_TRUE(call_empty(connection, "/sovereign.v1.Dht/ListHeld").ok());
}

}  // namespace
}  // namespace sov::api
