// Offers through the API, on a node that serves and is alone.

#include <chrono>
#include <future>
#include <mutex>
#include <thread>

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
    struct Told {
        std::vector<v1::FoundProvider> providers;
        std::optional<v1::FindProvidersResponse::Ended> ended;
        grpc::Status status;
    };
    static v1::FindProvidersRequest looks_for(const std::string& type) {
        v1::FindProvidersRequest request;
        request.mutable_subject()->set_service(type);
        return request;
    }
    Told find(const v1::FindProvidersRequest& request) {
        grpc::ClientContext context;
        context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(20));
        return rest_of(*provider->FindProviders(&context, request));
    }
    static Told rest_of(grpc::ClientReader<v1::FindProvidersResponse>& reader) {
        Told told;
        v1::FindProvidersResponse message;
        while (reader.Read(&message)) {
            EXPECT_FALSE(told.ended.has_value()) << "nothing comes after it";
            if (message.has_ended())
                told.ended = message.ended();
            else
                told.providers.push_back(message.provider());
        }
        told.status = reader.Finish();
        return told;
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
    const Told found = find(looks_for("printer/ipp"));
    ASSERT_TRUE(found.status.ok()) << "what we offer ourselves is found";
    ASSERT_EQ(found.providers.size(), 1U);
    EXPECT_TRUE(found.providers[0].own());
    EXPECT_EQ(found.providers[0].hints().region(), "eu-west");
    ASSERT_TRUE(found.ended.has_value());
    EXPECT_EQ(found.ended->told(), 1U);
    EXPECT_EQ(found.ended->cookie().size(), dht::kCookieStep);
    EXPECT_EQ(find(looks_for("printer/lpd")).status.error_code(),
              grpc::StatusCode::FAILED_PRECONDITION)
        << "nobody is there to ask";

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

TEST_F(ProviderCalls, refuse_what_can_not_be_looked_for) {
    const auto refused = [&](const v1::FindProvidersRequest& request) {
        const Told told = find(request);
        EXPECT_FALSE(told.ended.has_value());
        return detail(told.status).field();
    };
    EXPECT_EQ(refused({}), "subject");
    v1::FindProvidersRequest request = looks_for("printer/ipp");
    request.add_avoid_regions("");
    EXPECT_EQ(refused(request), "avoid_regions");
    request.set_avoid_regions(0, "us");
    while (request.avoid_regions_size() < 9) request.add_avoid_regions("us");
    EXPECT_EQ(refused(request), "avoid_regions");
    request.clear_avoid_regions();
    request.set_most(65);
    EXPECT_EQ(refused(request), "most");
    request.set_most(64);
    request.set_region("EU");
    EXPECT_EQ(refused(request), "region");
    request.clear_region();
    request.set_cookie("short");
    EXPECT_EQ(refused(request), "cookie");
}

/// The core stands still, and the test says what it tells.
class HeldProviderCalls : public ProviderCalls {
  protected:
    void SetUp() override {
        ApiLimits limits;
        limits.quotas.lookups = 2;
        limits.quotas.app_percent = 50;
        serve(limits);
        provider = v1::Dht::NewStub(channel(kUser));
    }
    void adjust(ApiServer::Options& options) override {
        options.post = [this](CoreBridge::Work work) {
            const std::lock_guard lock(mutex);
            held.push_back(std::move(work));
        };
    }
    /// Does what was asked for until now, and keeps what the node tells of it from everybody. The
    /// lookups that have begun.
    std::vector<CommandId> begun_lookups() {
        std::vector<CoreBridge::Work> asked;
        {
            const std::lock_guard lock(mutex);
            asked.swap(held);
        }
        std::vector<CommandId> begun;
        std::promise<void> ready;
        driver_->post([&](Instant now, Node& node) {
            for (const auto& work : asked) {
                work(now, node);
                while (node.poll_transmit() != nullptr) {
                }
                while (const auto event = node.poll_event()) {
                    if (const auto* found = std::get_if<ProvidersFound>(&*event))
                        begun.push_back(found->command);
                }
            }
            ready.set_value();
        });
        ready.get_future().wait();
        return begun;
    }
    bool asked_again() {
        const std::lock_guard lock(mutex);
        return !held.empty();
    }
    static dht::FoundProvider numbered(std::uint8_t number) {
        dht::FoundProvider found;
        found.peer.bytes[0] = number;
        found.replicas = 3;
        return found;
    }
    void confirm(CommandId finding, std::uint8_t number) {
        on_core([&] { server_->handle_event(ProviderConfirmed{finding, numbered(number)}); });
    }
    void end(CommandId command, dht::ProvidersReport report) {
        on_core([&] { server_->handle_event(ProvidersFound{command, std::move(report)}); });
    }

    /// A call whose lookup the core was asked for.
    struct Looking {
        grpc::ClientContext context;
        std::unique_ptr<grpc::ClientReader<v1::FindProvidersResponse>> reader;
        CommandId command{};
    };
    void begin(Looking& call) {
        call.reader = provider->FindProviders(&call.context, looks_for("printer/ipp"));
        std::vector<CommandId> begun;
        while (begun.empty()) begun = begun_lookups();
        call.command = begun.back();
    }
    /// The same, and the first provider was told.
    void begin_with_one(Looking& call) {
        begin(call);
        confirm(call.command, 1);
        v1::FindProvidersResponse first;
        ASSERT_TRUE(call.reader->Read(&first));
        EXPECT_EQ(first.provider().replicas(), 3U);
    }

    std::mutex mutex;  // guards held
    std::vector<CoreBridge::Work> held;
};

TEST_F(HeldProviderCalls, tell_each_provider_before_the_lookup_ends) {
    Looking call;
    begin_with_one(call);
    // Nobody reads now, so what comes waits, all of it.
    dht::ProvidersReport report;
    for (std::uint8_t number = 1; number <= 64; ++number) {
        report.providers.push_back(numbered(number));
        if (number > 1 && number <= 40) confirm(call.command, number);
    }
    report.nodes = 20;
    report.complete = report.sampled = true;
    report.cookie = Bytes(dht::kCookieStep);
    end(call.command, report);
    const Told rest = rest_of(*call.reader);
    EXPECT_TRUE(rest.status.ok());
    EXPECT_EQ(rest.providers.size(), 63U) << "each once";
    ASSERT_TRUE(rest.ended.has_value());
    EXPECT_EQ(rest.ended->told(), 64U);
    EXPECT_EQ(rest.ended->replicas(), 20U);
    EXPECT_TRUE(rest.ended->complete());
    EXPECT_TRUE(rest.ended->sampled());
}

TEST_F(HeldProviderCalls, end_their_lookup_when_the_caller_goes) {
    Looking call;
    begin_with_one(call);
    call.context.TryCancel();
    EXPECT_EQ(rest_of(*call.reader).status.error_code(), grpc::StatusCode::CANCELLED);
    while (!asked_again()) std::this_thread::yield();  // the core is told to cancel
    dht::ProvidersReport cancelled;
    cancelled.error = Errc::kCancelled;
    confirm(call.command, 2);
    end(call.command, cancelled);
}

TEST_F(HeldProviderCalls, end_their_lookup_when_their_time_is_over) {
    std::vector<CommandId> begun;
    // On a busy host the time may be over before the core was asked: then twice as much is given.
    for (std::chrono::milliseconds patience{250}; begun.empty(); patience *= 2) {
        Looking late;
        late.context.set_deadline(std::chrono::system_clock::now() + patience);
        late.reader = provider->FindProviders(&late.context, looks_for("printer/ipp"));
        auto rest = std::async(std::launch::async, [&] { return rest_of(*late.reader); });
        while (begun.empty() &&
               rest.wait_for(std::chrono::milliseconds(1)) != std::future_status::ready)
            begun = begun_lookups();
        EXPECT_EQ(rest.get().status.error_code(), grpc::StatusCode::DEADLINE_EXCEEDED);
    }
    while (!asked_again()) std::this_thread::yield();  // the core is told to cancel
    dht::ProvidersReport cancelled;
    cancelled.error = Errc::kCancelled;
    end(begun.back(), cancelled);
}

TEST_F(HeldProviderCalls, are_refused_past_what_one_app_may_have_under_way) {
    Looking call;
    begin(call);
    const Told refused = find(looks_for("printer/ipp"));
    EXPECT_EQ(refused.status.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
    EXPECT_EQ(detail(refused.status).code(), "over_quota");
    dht::ProvidersReport nobody;
    nobody.error = Errc::kNotFound;
    end(call.command, nobody);
    EXPECT_EQ(rest_of(*call.reader).status.error_code(), grpc::StatusCode::NOT_FOUND);
}

TEST_F(HeldProviderCalls, are_answered_when_the_daemon_leaves) {
    Looking call;
    begin_with_one(call);
    on_core([&] { server_->close_bridge(); });
    EXPECT_EQ(rest_of(*call.reader).status.error_code(), grpc::StatusCode::UNAVAILABLE);
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
