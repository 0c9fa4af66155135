// Values through the API, on a node that serves and is alone: it is its own replica.

#include <thread>

#include "daemon/api/listen_table.h"
#include "tests/unit/daemon/api/api_fixture.h"

namespace sov::api {
namespace {

namespace v1 = sovereign::v1;
using namespace std::chrono_literals;

class ValueCalls : public test::ApiFixture {
  protected:
    void SetUp() override {
        serve();
        dht = v1::Dht::NewStub(channel(kUser));
    }
    void TearDown() override { leave(); }

    grpc::Status put(const std::string& content, std::optional<std::uint64_t> expected = {},
                     bool withdraw = false) {
        grpc::ClientContext context;
        v1::PutValueRequest request;
        request.set_content(content);
        request.set_label("note");
        if (expected) request.set_expected_sequence(*expected);
        request.set_withdraw(withdraw);
        return dht->PutValue(&context, request, &stored);
    }
    grpc::Status get(v1::GetValueResponse& answer, std::optional<std::uint64_t> newer_than = {}) {
        grpc::ClientContext context;
        v1::GetValueRequest request;
        if (newer_than) request.set_newer_than(*newer_than);
        request.mutable_place()->mutable_labelled()->set_label("note");
        return dht->GetValue(&context, request, &answer);
    }
    static v1::ListenRequest listen_request(const std::string& cursor = {}) {
        v1::ListenRequest request;
        request.mutable_place()->mutable_labelled()->set_label("note");
        request.set_cursor(cursor);
        return request;
    }
    static void give_up_after(grpc::ClientContext& context, std::chrono::seconds time) {
        context.set_deadline(std::chrono::system_clock::now() + time);
    }

    std::unique_ptr<v1::Dht::Stub> dht;
    v1::PutValueResponse stored;
};

TEST_F(ValueCalls, store_read_and_withdraw) {
    ASSERT_TRUE(put("one").ok());
    EXPECT_TRUE(stored.held_here());
    const std::uint64_t first = stored.sequence();
    v1::GetValueResponse answer;
    ASSERT_TRUE(get(answer).ok());
    EXPECT_EQ(answer.value().content(), "one");
    EXPECT_EQ(answer.value().label(), "note");
    EXPECT_EQ(answer.value().key().hex(), stored.key().hex());
    EXPECT_FALSE(answer.unchanged());
    ASSERT_TRUE(get(answer, first).ok());
    EXPECT_TRUE(answer.unchanged());
    EXPECT_FALSE(answer.has_value());
    ASSERT_TRUE(get(answer, first - 1).ok());
    EXPECT_EQ(answer.value().content(), "one");

    const grpc::Status conflict = put("two", 0);
    EXPECT_EQ(conflict.error_code(), grpc::StatusCode::ABORTED);
    EXPECT_EQ(detail(conflict).code(), "conflict");
    EXPECT_NE(conflict.error_message().find(std::to_string(first)), std::string::npos);
    ASSERT_TRUE(put(std::string(16384, 'x'), first).ok());
    ASSERT_TRUE(get(answer).ok());
    EXPECT_EQ(answer.value().content().size(), 16384U);
    ASSERT_TRUE(put("", {}, true).ok());
    EXPECT_EQ(get(answer).error_code(), grpc::StatusCode::NOT_FOUND);
}

class FewValueCalls : public ValueCalls {
  protected:
    void SetUp() override {
        ApiLimits limits;
        limits.quotas.values = 2;
        limits.quotas.value_bytes = 2000;
        limits.quotas.listens = 1;
        serve(limits);
        dht = v1::Dht::NewStub(channel(kUser));
    }
    grpc::Status put_content(v1::Dht::Stub& stub, const std::string& content) {
        grpc::ClientContext context;
        v1::PutValueRequest request;
        request.set_content(content);
        return stub.PutValue(&context, request, &stored);
    }
    static v1::ListOwnValuesResponse own(v1::Dht::Stub& stub) {
        grpc::ClientContext context;
        v1::ListOwnValuesResponse answer;
        EXPECT_TRUE(stub.ListOwnValues(&context, {}, &answer).ok());
        return answer;
    }
    static grpc::Status let_go(v1::Dht::Stub& stub, const std::string& key) {
        grpc::ClientContext context;
        v1::LetGoRequest request;
        request.set_key(key);
        v1::LetGoResponse answer;
        return stub.LetGo(&context, request, &answer);
    }
};

TEST_F(FewValueCalls, are_refused_by_the_quota_that_they_meet) {
    ASSERT_TRUE(put_content(*dht, "one").ok());
    const std::string key = stored.key().value();
    const grpc::Status large = put_content(*dht, std::string(2000, 'x'));
    EXPECT_EQ(large.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
    EXPECT_EQ(detail(large).code(), "over_quota");
    EXPECT_NE(detail(large).message().find("api.quota.value_bytes"), std::string::npos);
    ASSERT_TRUE(put_content(*dht, "two").ok());
    const grpc::Status third = put_content(*dht, "three");
    EXPECT_EQ(third.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
    EXPECT_NE(detail(third).message().find("api.quota.values"), std::string::npos);
    auto root = v1::Dht::NewStub(channel(0));
    EXPECT_TRUE(put_content(*root, "three").ok()) << "another user has a quota of its own";

    const auto mine = own(*dht);
    EXPECT_EQ(mine.values_size(), 2);
    EXPECT_EQ(mine.count(), 2U);
    EXPECT_EQ(mine.count_max(), 2U);
    EXPECT_GT(mine.bytes(), 0U);
    EXPECT_EQ(own(*root).values_size(), 3) << "an admin sees all";
    EXPECT_EQ(let_go(*dht, stored.key().value()).error_code(), grpc::StatusCode::NOT_FOUND)
        << "it is root's";
    EXPECT_EQ(detail(let_go(*dht, "short")).field(), "key");
    EXPECT_TRUE(let_go(*dht, key).ok());
    EXPECT_EQ(own(*dht).values_size(), 1);
    EXPECT_TRUE(put_content(*dht, "three").ok());
    EXPECT_TRUE(let_go(*root, key).error_code() == grpc::StatusCode::NOT_FOUND);
}

TEST_F(FewValueCalls, may_listen_as_often_as_the_quota_says) {
    grpc::ClientContext first, second;
    give_up_after(first, 20s);
    give_up_after(second, 20s);
    auto stream = dht->Listen(&first, listen_request());
    stream->WaitForInitialMetadata();
    auto refused = dht->Listen(&second, listen_request());
    v1::ListenResponse told;
    EXPECT_FALSE(refused->Read(&told));
    const grpc::Status status = refused->Finish();
    EXPECT_EQ(status.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
    EXPECT_NE(detail(status).message().find("api.quota.listens"), std::string::npos);
    first.TryCancel();
    while (stream->Read(&told)) {
    }
    (void)stream->Finish();
}

TEST_F(ValueCalls, refuse_what_nobody_could_store) {
    const auto code_of = [&](const v1::PutValueRequest& request) {
        grpc::ClientContext context;
        return detail(dht->PutValue(&context, request, &stored)).code();
    };
    v1::PutValueRequest request;
    request.set_content(std::string(16385, 'x'));
    EXPECT_EQ(code_of(request), "too_large");
    {
        grpc::ClientContext context;
        const auto said = detail(dht->PutValue(&context, request, &stored));
        EXPECT_NE(said.message().find("16384 bytes here (dht.value_max_bytes)"), std::string::npos)
            << said.message();
    }
    request.set_content("x");
    request.set_withdraw(true);
    EXPECT_EQ(code_of(request), "invalid_argument");
    request.set_withdraw(false);
    request.set_ttl_ms(8ULL * 24 * 3600 * 1000);
    EXPECT_EQ(code_of(request), "invalid_argument");
    request.set_ttl_ms(0);
    request.set_label(std::string(65, 'l'));
    EXPECT_EQ(code_of(request), "too_large");
    request.set_label("sovereign/bootstrap-list");
    EXPECT_EQ(code_of(request), "invalid_argument") << "the daemon's own lie there";

    for (const std::string& key : {std::string(), std::string(19, 'k')}) {
        grpc::ClientContext context;
        v1::GetValueRequest wanted;
        if (!key.empty()) wanted.mutable_place()->set_key(key);
        v1::GetValueResponse answer;
        EXPECT_EQ(detail(dht->GetValue(&context, wanted, &answer)).field(), "place");
    }
    grpc::ClientContext context;
    auto stream = dht->Listen(&context, listen_request("no cursor of ours"));
    v1::ListenResponse told;
    EXPECT_FALSE(stream->Read(&told));
    EXPECT_EQ(stream->Finish().error_code(), grpc::StatusCode::INVALID_ARGUMENT);
}

TEST_F(ValueCalls, tell_listeners_from_their_cursor_on) {
    ASSERT_TRUE(put("one").ok());
    std::string cursor;
    {
        grpc::ClientContext context;
        give_up_after(context, 20s);
        auto stream = dht->Listen(&context, listen_request());
        v1::ListenResponse told;
        ASSERT_TRUE(stream->Read(&told));
        EXPECT_EQ(told.changed().value().content(), "one");
        ASSERT_TRUE(put("two").ok());
        ASSERT_TRUE(stream->Read(&told));
        EXPECT_EQ(told.changed().value().content(), "two");
        cursor = told.changed().cursor();
        context.TryCancel();
        while (stream->Read(&told)) {
        }
        EXPECT_EQ(stream->Finish().error_code(), grpc::StatusCode::CANCELLED);
    }
    ASSERT_TRUE(put("three").ok());
    grpc::ClientContext context;
    give_up_after(context, 20s);
    auto stream = dht->Listen(&context, listen_request(cursor));
    v1::ListenResponse told;
    ASSERT_TRUE(stream->Read(&told));
    EXPECT_EQ(told.changed().value().content(), "three");
    leave();
    while (stream->Read(&told)) {
    }
    EXPECT_EQ(stream->Finish().error_code(), grpc::StatusCode::UNAVAILABLE);
}

TEST_F(ValueCalls, end_the_listener_when_its_caller_goes) {
    {
        grpc::ClientContext context;
        auto stream = dht->Listen(&context, listen_request());
        stream->WaitForInitialMetadata();
        context.TryCancel();
        v1::ListenResponse told;
        while (stream->Read(&told)) {
        }
        (void)stream->Finish();
    }
    // All of one user's streams may be opened again and again: none is left behind.
    for (std::size_t at = 0; at < 2 * QuotaLimits{}.listens; ++at) {
        grpc::ClientContext context;
        give_up_after(context, 20s);
        auto stream = dht->Listen(&context, listen_request());
        stream->WaitForInitialMetadata();
        context.TryCancel();
        v1::ListenResponse told;
        while (stream->Read(&told)) {
        }
        EXPECT_EQ(stream->Finish().error_code(), grpc::StatusCode::CANCELLED) << at;
    }
}

TEST_F(ValueCalls, are_not_for_callers_that_may_only_observe) {
    auto strangers = v1::Dht::NewStub(channel(kStranger));
    grpc::ClientContext context;
    v1::PutValueRequest request;
    EXPECT_EQ(strangers->PutValue(&context, request, &stored).error_code(),
              grpc::StatusCode::PERMISSION_DENIED);
    grpc::ClientContext second;
    auto stream = strangers->Listen(&second, listen_request());
    v1::ListenResponse told;
    EXPECT_FALSE(stream->Read(&told));
    EXPECT_EQ(stream->Finish().error_code(), grpc::StatusCode::PERMISSION_DENIED);
}

}  // namespace
}  // namespace sov::api
