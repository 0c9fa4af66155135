// Offers through the API, on a node that serves and is alone.

#include "daemon/api/offer_table.h"
#include "sovereign/v1/dht.grpc.pb.h"
#include "tests/unit/daemon/api/api_fixture.h"

namespace sov::api {
namespace {

namespace v1 = sovereign::v1;

class ProviderCalls : public test::ApiFixture {
  protected:
    void SetUp() override {
        serve();
        provider = v1::Dht::NewStub(channel(kUser));
    }
    void TearDown() override { leave(); }

    grpc::Status offer(const v1::ProvideRequest& request, v1::OfferProgress& last) {
        grpc::ClientContext context;
        const auto reader = provider->Provide(&context, request);
        while (reader->Read(&last)) {
        }
        return reader->Finish();
    }
    static v1::ProvideRequest printer() {
        v1::ProvideRequest request;
        request.add_subjects()->set_service("printer/ipp");
        request.mutable_hints()->set_region("eu-west");
        return request;
    }
    grpc::Status find(const std::string& type, v1::FindProvidersResponse& answer) {
        grpc::ClientContext context;
        v1::FindProvidersRequest request;
        request.mutable_subject()->set_service(type);
        return provider->FindProviders(&context, request, &answer);
    }
    std::size_t listed() {
        grpc::ClientContext context;
        v1::ListOffersResponse answer;
        EXPECT_TRUE(provider->ListOffers(&context, {}, &answer).ok());
        return answer.total();
    }

    std::unique_ptr<v1::Dht::Stub> provider;
};

TEST_F(ProviderCalls, offer_find_list_and_withdraw) {
    v1::OfferProgress last;
    ASSERT_TRUE(offer(printer(), last).ok());
    EXPECT_TRUE(last.finished());
    EXPECT_EQ(last.total(), 1U);
    EXPECT_EQ(last.done(), 1U);
    EXPECT_EQ(last.problem(), "no_peers") << "kept, and announced when somebody is there";
    EXPECT_EQ(listed(), 1U);
    v1::FindProvidersResponse answer;
    ASSERT_TRUE(find("printer/ipp", answer).ok()) << "what we offer ourselves is found";
    ASSERT_EQ(answer.providers_size(), 1);
    EXPECT_TRUE(answer.providers(0).own());
    EXPECT_EQ(answer.providers(0).hints().region(), "eu-west");
    EXPECT_FALSE(find("printer/lpd", answer).ok());

    grpc::ClientContext context;
    v1::WithdrawOffersRequest request;
    request.add_subjects()->set_service("printer/ipp");
    v1::WithdrawOffersResponse withdrawn;
    ASSERT_TRUE(provider->WithdrawOffers(&context, request, &withdrawn).ok());
    EXPECT_EQ(withdrawn.withdrawn(), 1U);
    EXPECT_EQ(listed(), 0U);
    grpc::ClientContext again;
    EXPECT_EQ(provider->WithdrawOffers(&again, request, &withdrawn).error_code(),
              grpc::StatusCode::NOT_FOUND);
}

TEST_F(ProviderCalls, refuse_what_can_not_be_offered_and_say_why) {
    v1::OfferProgress last;
    const auto refused = [&](const v1::ProvideRequest& request) {
        return detail(offer(request, last)).field();
    };
    EXPECT_EQ(refused({}), "subjects");
    v1::ProvideRequest request = printer();
    request.mutable_subjects(0)->set_service("Printer");
    EXPECT_EQ(refused(request), "subjects");
    request.mutable_subjects(0)->set_content("short");
    EXPECT_EQ(refused(request), "subjects");
    request = printer();
    request.mutable_hints()->set_region("EU");
    EXPECT_EQ(refused(request), "hints.region");
    request = printer();
    request.mutable_hints()->set_note(std::string(65, 'x'));
    EXPECT_EQ(refused(request), "hints.note");
    request = printer();
    request.mutable_hints()->set_latency_ms(70'000);
    EXPECT_EQ(refused(request), "hints.latency_ms");
    request = printer();
    while (request.subjects_size() <= 10'000) request.add_subjects()->set_service("a");
    EXPECT_EQ(refused(request), "subjects");
    EXPECT_EQ(listed(), 0U);
}

TEST_F(ProviderCalls, belong_to_the_user_who_made_them) {
    v1::OfferProgress last;
    ASSERT_TRUE(offer(printer(), last).ok());
    const auto admin = v1::Dht::NewStub(channel());
    grpc::ClientContext listing;
    v1::ListOffersResponse answer;
    ASSERT_TRUE(admin->ListOffers(&listing, {}, &answer).ok());
    EXPECT_EQ(answer.total(), 1U) << "an administrator sees everybody's";
    grpc::ClientContext offering;
    const auto reader = admin->Provide(&offering, printer());
    while (reader->Read(&last)) {
    }
    EXPECT_EQ(reader->Finish().error_code(), grpc::StatusCode::ALREADY_EXISTS);
    grpc::ClientContext context;
    v1::WithdrawOffersRequest request;
    request.add_subjects()->set_service("printer/ipp");
    v1::WithdrawOffersResponse withdrawn;
    EXPECT_TRUE(admin->WithdrawOffers(&context, request, &withdrawn).ok());
}

class Sink final : public ProgressSink {
  public:
    void give(const v1::OfferProgress& progress) override { given.push_back(progress.done()); }
    void leave(const grpc::Status& status) override { left = status.error_code(); }

    std::vector<std::uint32_t> given;
    std::optional<grpc::StatusCode> left;
};

TEST(ProgressFeed, tells_a_slow_reader_only_how_far_it_is_now) {
    Sink sink;
    ProgressFeed feed(sink);
    v1::OfferProgress next;
    EXPECT_FALSE(feed.take(next)) << "idle from now on";
    feed.tell({10, 1, 1, 20, 1, std::nullopt}, false);
    feed.tell({10, 2, 2, 40, 1, std::nullopt}, false);
    feed.tell({10, 3, 3, 60, 1, std::nullopt}, false);
    EXPECT_EQ(sink.given, std::vector<std::uint32_t>{1});
    ASSERT_TRUE(feed.take(next));
    EXPECT_EQ(next.done(), 3U);
    feed.tell({10, 10, 10, 200, 1, std::nullopt}, true);
    feed.tell({10, 9, 9, 180, 1, std::nullopt}, false);
    ASSERT_TRUE(feed.take(next));
    EXPECT_TRUE(next.finished()) << "nothing comes after the last word";
    feed.detach();
    feed.end(grpc::Status::CANCELLED);
    EXPECT_FALSE(sink.left.has_value());
}

TEST(OfferTable, bounds_the_streams_of_a_user_and_ends_all_at_last) {
    OfferTable table;
    for (std::size_t at = 0; at < OfferTable::kPerUserMax; ++at) EXPECT_TRUE(table.admit(7));
    EXPECT_FALSE(table.admit(7));
    EXPECT_TRUE(table.admit(8));
    table.dismiss(7);
    EXPECT_TRUE(table.admit(7));
    Sink sink, late;
    table.add(CommandId{1}, std::make_shared<ProgressFeed>(sink));
    table.close();
    EXPECT_EQ(sink.left, grpc::StatusCode::UNAVAILABLE);
    table.add(CommandId{2}, std::make_shared<ProgressFeed>(late));
    EXPECT_EQ(late.left, grpc::StatusCode::UNAVAILABLE);
    EXPECT_FALSE(table.admit(9));
}

}  // namespace
}  // namespace sov::api
