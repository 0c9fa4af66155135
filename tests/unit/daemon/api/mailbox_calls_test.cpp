// Mail through the API, on a node that serves and is alone: it keeps its own mail.

#include "sovereign/v1/mailbox.grpc.pb.h"
#include "tests/unit/daemon/api/api_fixture.h"

namespace sov::api {
namespace {

namespace v1 = sovereign::v1;

class MailboxCalls : public test::ApiFixture {
  protected:
    void SetUp() override {
        serve();
        mailbox = v1::Mailbox::NewStub(channel(kUser));
    }
    void TearDown() override { leave(); }

    grpc::Status send(const std::string& body, const std::string& key, std::uint64_t ttl_ms = 0) {
        grpc::ClientContext context;
        v1::LeaveRequest request;
        v1::LeaveResponse left;
        request.set_peer_key(key);
        request.set_body(body);
        request.set_ttl_ms(ttl_ms);
        return mailbox->Leave(&context, request, &left);
    }
    // The fixture's node has the user key of this seed.
    static std::string own_key() {
        openssl::HostCrypto crypto;
        return to_text(crypto.make_signing_key({1}).public_key);
    }
    v1::CollectResponse collect() {
        grpc::ClientContext context;
        v1::CollectResponse answer;
        EXPECT_TRUE(mailbox->Collect(&context, v1::CollectRequest(), &answer).ok());
        return answer;
    }
    grpc::Status acknowledge(const std::vector<std::string>& ids) {
        grpc::ClientContext context;
        v1::AcknowledgeRequest request;
        v1::AcknowledgeResponse answer;
        for (const std::string& id : ids) request.add_ids(id);
        return mailbox->Acknowledge(&context, request, &answer);
    }

    std::unique_ptr<v1::Mailbox::Stub> mailbox;
};

TEST_F(MailboxCalls, leave_collect_and_acknowledge) {
    ASSERT_TRUE(send("first", own_key()).ok());
    ASSERT_TRUE(send("second", own_key(), 60'000).ok());
    const auto waiting = collect();
    ASSERT_EQ(waiting.mail_size(), 2);
    // Both may be of the same millisecond, and then come in any order.
    const bool in_order = waiting.mail(0).body() == "first";
    const v1::Mail& first = waiting.mail(in_order ? 0 : 1);
    const v1::Mail& second = waiting.mail(in_order ? 1 : 0);
    EXPECT_EQ(first.body(), "first");
    EXPECT_EQ(first.sender().key(), own_key());
    EXPECT_EQ(second.ttl_ms(), 60'000U);
    EXPECT_EQ(collect().mail_size(), 2) << "it goes on waiting";
    ASSERT_TRUE(acknowledge({first.id()}).ok());
    const auto left = collect();
    ASSERT_EQ(left.mail_size(), 1);
    EXPECT_EQ(left.mail(0).body(), "second");
}

TEST_F(MailboxCalls, refuse_what_nobody_could_leave_or_delete) {
    EXPECT_EQ(detail(send(std::string(760, 'x'), own_key())).code(), "too_large");
    EXPECT_EQ(detail(send("x", "short")).field(), "peer_key");
    EXPECT_EQ(detail(send("x", own_key(), 7ULL * 24 * 3600 * 1000 + 1)).field(), "ttl_ms");
    EXPECT_EQ(detail(send("x", std::string(32, '\0'))).code(), "invalid_argument");
    EXPECT_EQ(detail(acknowledge({})).field(), "ids");
    EXPECT_EQ(detail(acknowledge({"short"})).field(), "ids");
    EXPECT_EQ(detail(acknowledge(std::vector<std::string>(257, std::string(32, 'x')))).field(),
              "ids");
}

}  // namespace

}  // namespace sov::api
