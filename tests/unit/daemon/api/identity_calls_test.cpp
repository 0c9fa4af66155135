#include <gtest/gtest.h>

#include "tests/unit/daemon/api/api_fixture.h"

namespace sov::api {
namespace {

namespace v1 = sovereign::v1;

class IdentityCalls : public test::ApiFixture {
  protected:
    void SetUp() override { serve(); }
    void TearDown() override { leave(); }
    grpc::Status export_with(const std::string& passphrase, uid_t user = 0) {
        grpc::ClientContext context;
        v1::ExportIdentityRequest request;
        request.set_passphrase(passphrase);
        return v1::Node::NewStub(channel(user))->ExportIdentity(&context, request, &exported);
    }
    grpc::Status import(const std::string& sealed, bool check_only = false, bool replace = false) {
        grpc::ClientContext context;
        v1::ImportIdentityRequest request;
        request.set_sealed(sealed);
        request.set_passphrase("correct horse");
        request.set_check_only(check_only);
        request.set_replace(replace);
        return v1::Node::NewStub(channel(0))->ImportIdentity(&context, request, &imported);
    }

    v1::ExportIdentityResponse exported;
    v1::ImportIdentityResponse imported;
};

TEST_F(IdentityCalls, HandOutTheSealedIdentityToAdminsAlone) {
    ASSERT_TRUE(export_with("correct horse").ok());
    EXPECT_EQ(exported.sealed(), "sealed with correct horse");
    EXPECT_EQ(export_with("correct horse", kUser).error_code(),
              grpc::StatusCode::PERMISSION_DENIED);
    for (const std::string& wrong : {std::string("seven77"), std::string(1025, 'x')}) {
        const grpc::Status status = export_with(wrong);
        EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
        EXPECT_EQ(status.error_message().find(wrong), std::string::npos);
    }
}

TEST_F(IdentityCalls, SayWhyAFileCannotBeTaken) {
    EXPECT_EQ(detail(import("damaged")).code(), "damaged");
    EXPECT_EQ(import(std::string(20'000, 'x')).error_code(), grpc::StatusCode::INVALID_ARGUMENT);
    ASSERT_TRUE(import("whole").ok());
    EXPECT_EQ(imported.kept_as(), "old.key");
    on_core([this] {
        node_->add_friend(driver_->now(), PeerId{crypto_.make_signing_key({9}).public_key}, "");
    });
    EXPECT_EQ(detail(import("whole")).code(), "identity_in_use");
    EXPECT_TRUE(import("whole", true).ok()) << "looking is allowed";
    EXPECT_TRUE(import("whole", false, true).ok());
}

TEST_F(IdentityCalls, DoOneThingAtATime) {
    on_core([this] { host_.identity_vault.busy = true; });
    EXPECT_EQ(detail(export_with("correct horse")).code(), "busy");
}

TEST_F(IdentityCalls, ShowWhoThisWillBeAfterARestart) {
    grpc::ClientContext first, second, third;
    const auto stub = v1::Node::NewStub(channel(0));
    v1::RotateIdentityResponse rotated;
    ASSERT_TRUE(stub->RotateIdentity(&first, {}, &rotated).ok());
    EXPECT_EQ(rotated.kept_as(), "old.key");
    v1::GetIdentityResponse identity;
    ASSERT_TRUE(stub->GetIdentity(&second, {}, &identity).ok());
    EXPECT_EQ(identity.next().key(), rotated.to().key());
    v1::GetStatusResponse status;
    ASSERT_TRUE(stub->GetStatus(&third, {}, &status).ok());
    bool told = false;
    for (const v1::Reason& reason : status.reasons()) told |= reason.code() == "identity_restart";
    EXPECT_TRUE(told);
}

}  // namespace
}  // namespace sov::api
