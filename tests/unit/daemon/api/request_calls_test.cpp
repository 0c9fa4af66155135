#include <gtest/gtest.h>

#include "daemon/api/app_requests.h"
#include "tests/unit/daemon/api/connection_fixture.h"

namespace sov::api {
namespace {

namespace v1 = sovereign::v1;

/// Requests of apps here to a peer that the test plays, and the other way round.
class RequestCalls : public test::ConnectionCalls {
  protected:
    RequestCalls() {
        EXPECT_TRUE(
            there_.hub->serve(std::string(streams::kRequestProtocol), there_.app).has_value());
    }

    v1::RequestCall call(const std::string& name) const {
        v1::RequestCall request;
        request.mutable_target()->set_peer_text(there_text());
        request.set_name(name);
        request.set_body("body");
        return request;
    }
    /// Plays the peer: waits until the request is there and says what `answer` makes of it.
    void answer_with(const std::function<void(streams::RequestAnswerer&, const streams::Request&,
                                              Bytes&)>& answer) {
        ASSERT_TRUE(soon(
            [&] { return !there_.app.got.empty() && there_.app.got.rbegin()->second.size() > 4; }));
        on_core([&] {
            const auto id = there_.app.got.rbegin()->first;
            streams::RequestAnswerer answerer;
            streams::RequestAnswerer::Arrived arrived;
            Bytes out;
            ASSERT_TRUE(
                answerer.receive(world_.wire.now, there_.app.got[id], arrived, out).has_value());
            there_.app.got[id].clear();
            ASSERT_EQ(arrived.asked.size(), 1U);
            answer(answerer, arrived.asked[0].request, out);
            there_.app.send(id, out, false);
        });
        later(std::chrono::milliseconds(100));
    }
};

TEST_F(RequestCalls, an_answer_comes_in_one_part_or_many) {
    serve();
    const auto stub = calls();
    grpc::ClientContext context;
    const auto reader = stub->Request(&context, call("notes.list"));
    answer_with([&](auto& answerer, const streams::Request& request, Bytes& out) {
        EXPECT_EQ(request.name, "notes.list");
        EXPECT_EQ(to_text(request.body), "body");
        EXPECT_LE(request.time_left_ms, 10'000U);
        answerer.answer(world_.wire.now, request.id, to_bytes(as_bytes("one")), false, out);
        answerer.answer(world_.wire.now, request.id, to_bytes(as_bytes("two")), true, out);
    });
    v1::RequestAnswer part;
    ASSERT_TRUE(reader->Read(&part));
    EXPECT_EQ(part.body(), "one");
    EXPECT_FALSE(part.last());
    ASSERT_TRUE(reader->Read(&part));
    EXPECT_EQ(part.body(), "two");
    EXPECT_TRUE(part.last());
    EXPECT_FALSE(reader->Read(&part));
    EXPECT_TRUE(reader->Finish().ok());
    EXPECT_TRUE(soon([&] { return there_.app.over.size() == 1; })) << "its stream goes with it";
}

TEST_F(RequestCalls, a_refusal_says_why_for_programs_and_for_people) {
    serve();
    const auto stub = calls();
    grpc::ClientContext context;
    const auto reader = stub->Request(&context, call("notes.list"));
    answer_with([&](auto& answerer, const streams::Request& request, Bytes& out) {
        answerer.refuse(world_.wire.now,
                        {request.id, streams::kOwnCodes + 7, 0, "not today", Bytes{1, 2}}, out);
    });
    v1::RequestAnswer part;
    ASSERT_TRUE(reader->Read(&part));
    ASSERT_TRUE(part.has_refusal());
    EXPECT_EQ(part.refusal().code(), streams::kOwnCodes + 7U);
    EXPECT_EQ(part.refusal().text(), "not today");
    EXPECT_EQ(part.refusal().detail(), std::string("\1\2"));
    EXPECT_TRUE(reader->Finish().ok());
}

TEST_F(RequestCalls, a_busy_peer_is_asked_again_when_it_says_so) {
    serve();
    const auto stub = calls();
    grpc::ClientContext context;
    auto request = call("notes.list");
    request.set_retries(1);
    request.set_time_ms(600'000);
    const auto reader = stub->Request(&context, request);
    answer_with([&](auto& answerer, const streams::Request& asked, Bytes& out) {
        auto busy = streams::refusal_of(asked.id, Errc::kBusy);
        busy.retry_after_ms = 100;
        answerer.refuse(world_.wire.now, busy, out);
    });
    answer_with([&](auto& answerer, const streams::Request& asked, Bytes& out) {
        answerer.answer(world_.wire.now, asked.id, {}, true, out);
    });
    v1::RequestAnswer part;
    ASSERT_TRUE(reader->Read(&part));
    EXPECT_TRUE(part.last());
    EXPECT_TRUE(reader->Finish().ok());
}

TEST_F(RequestCalls, an_answer_that_may_be_kept_is_given_again_without_asking) {
    serve();
    const auto stub = calls();
    const auto ask = [&](bool fresh, std::string_view from_peer) {
        grpc::ClientContext context;
        auto request = call("notes.list");
        request.set_fresh(fresh);
        const auto reader = stub->Request(&context, request);
        if (!from_peer.empty()) {
            answer_with([&](auto& answerer, const streams::Request& asked, Bytes& out) {
                const Bytes text = to_bytes(as_bytes(from_peer));
                answerer.answer(world_.wire.now, asked.id, text, false, out);
                answerer.answer(world_.wire.now, asked.id, text, true, out, 60'000);
            });
        }
        std::string all;
        v1::RequestAnswer part;
        while (reader->Read(&part)) {
            EXPECT_EQ(part.kept(), from_peer.empty());
            all += part.body();
        }
        EXPECT_TRUE(part.last());
        EXPECT_TRUE(reader->Finish().ok());
        return all;
    };
    EXPECT_EQ(ask(false, "old"), "oldold");
    EXPECT_EQ(ask(false, ""), "oldold");
    EXPECT_EQ(ask(true, "new"), "newnew");
    EXPECT_EQ(ask(false, ""), "newnew");
    later(std::chrono::seconds(61));
    EXPECT_EQ(ask(false, "late"), "latelate");
}

TEST_F(RequestCalls, nobody_waits_for_ever) {
    serve();
    const auto stub = calls();
    grpc::ClientContext context;
    auto request = call("notes.list");
    request.set_time_ms(3000);
    const auto reader = stub->Request(&context, request);
    ASSERT_TRUE(soon([&] { return !there_.app.got.empty(); }));
    later(std::chrono::seconds(4));
    v1::RequestAnswer part;
    EXPECT_FALSE(reader->Read(&part));
    EXPECT_EQ(reader->Finish().error_code(), grpc::StatusCode::DEADLINE_EXCEEDED);
}

TEST_F(RequestCalls, what_is_out_of_range_is_refused_at_once) {
    serve();
    const auto stub = calls();
    const auto field_of = [&](const v1::RequestCall& request) {
        grpc::ClientContext context;
        const auto reader = stub->Request(&context, request);
        v1::RequestAnswer part;
        EXPECT_FALSE(reader->Read(&part));
        return detail(reader->Finish()).field();
    };
    EXPECT_EQ(field_of(call("")), "name");
    auto large = call("x");
    large.set_body(std::string(kRequestBytesMax + 1, 'x'));
    EXPECT_EQ(field_of(large), "body");
    auto slow = call("x");
    slow.set_time_ms(600'001);
    EXPECT_EQ(field_of(slow), "time_ms");
    auto stubborn = call("x");
    stubborn.set_retries(6);
    EXPECT_EQ(field_of(stubborn), "retries");
}

/// An app that answers.
class Answerer {
  public:
    Answerer(v1::Connections::Stub& stub, const std::vector<std::string>& names)
        : call_(stub.ServeRequests(&context_)) {
        v1::RequestsInput input;
        for (const auto& name : names) input.mutable_serve()->add_names(name);
        call_->Write(input);
    }
    ~Answerer() {
        if (!ended_) (void)end();
    }
    Answerer(const Answerer&) = delete;
    Answerer& operator=(const Answerer&) = delete;
    v1::RequestsOutput next() {
        v1::RequestsOutput output;
        EXPECT_TRUE(call_->Read(&output));
        return output;
    }
    void answer(std::uint64_t request, const std::string& body, bool last,
                std::uint32_t keep_ms = 0) {
        v1::RequestsInput input;
        input.mutable_answer()->set_keep_ms(keep_ms);
        input.mutable_answer()->set_request(request);
        input.mutable_answer()->set_body(body);
        input.mutable_answer()->set_last(last);
        EXPECT_TRUE(call_->Write(input));
    }
    void refuse(std::uint64_t request, std::uint32_t code) {
        v1::RequestsInput input;
        input.mutable_refuse()->set_request(request);
        input.mutable_refuse()->mutable_refusal()->set_code(code);
        EXPECT_TRUE(call_->Write(input));
    }
    grpc::Status end() {
        ended_ = true;
        call_->WritesDone();
        v1::RequestsOutput output;
        while (call_->Read(&output)) {
        }
        return call_->Finish();
    }

  private:
    grpc::ClientContext context_;
    std::unique_ptr<grpc::ClientReaderWriter<v1::RequestsInput, v1::RequestsOutput>> call_;
    bool ended_ = false;
};

/// The peer's side of a request stream to us.
class RequestServing : public RequestCalls {
  protected:
    /// Opens a stream and asks; outcomes come with outcomes().
    void ask(const std::string& name, Duration time = std::chrono::seconds(10)) {
        on_core([&] {
            if (there_.app.opened.empty()) {
                (void)there_.hub->open_stream(world_.wire.now, here_.id(),
                                              {std::string(streams::kRequestProtocol)}, there_.app);
                pass(std::chrono::milliseconds(200));
            }
            ASSERT_FALSE(there_.app.opened.empty()) << there_.app.last_words;
            Bytes out;
            ASSERT_TRUE(
                asker_.ask(world_.wire.now, name, to_bytes(as_bytes("q")), time, out).has_value());
            there_.app.send(there_.app.first().id, out, false);
        });
        later(std::chrono::milliseconds(200));
    }
    std::vector<streams::RequestAsker::Outcome> outcomes(std::size_t count) {
        std::vector<streams::RequestAsker::Outcome> all;
        EXPECT_TRUE(soon([&] {
            Bytes& got = there_.app.got[there_.app.first().id];
            EXPECT_TRUE(asker_.receive(got, all).has_value());
            got.clear();
            return all.size() >= count;
        }));
        return all;
    }
    streams::RequestAsker asker_;
};

TEST_F(RequestServing, apps_answer_by_name) {
    serve();
    const auto stub = calls(kUser);
    Answerer app(*stub, {"notes.list", "notes.get"});
    ASSERT_TRUE(app.next().has_serving());
    ask("notes.get");
    const auto asked = app.next().asked();
    EXPECT_EQ(asked.name(), "notes.get");
    EXPECT_EQ(asked.body(), "q");
    EXPECT_EQ(asked.peer().text(), there_text());
    EXPECT_GT(asked.time_left_ms(), 5000U);
    app.answer(asked.request(), "part", false);
    app.answer(asked.request(), "rest", true);
    app.answer(asked.request(), "too much", true);
    auto got = outcomes(2);
    EXPECT_EQ(to_text(std::get<streams::Answer>(got.at(0)).body), "part");
    EXPECT_TRUE(std::get<streams::Answer>(got.at(1)).last);
    ask("notes.burn");
    EXPECT_EQ(std::get<streams::Refusal>(outcomes(1).at(0)).code,
              static_cast<std::uint16_t>(Errc::kUnsupported));
    ask("notes.list");
    app.refuse(app.next().asked().request(), streams::kOwnCodes);
    EXPECT_EQ(std::get<streams::Refusal>(outcomes(1).at(0)).code, streams::kOwnCodes);
    ask("notes.list");
    (void)app.next();
    EXPECT_TRUE(app.end().ok());
    EXPECT_EQ(std::get<streams::Refusal>(outcomes(1).at(0)).code,
              static_cast<std::uint16_t>(Errc::kUnsupported))
        << "what an app leaves behind is refused";
}

TEST_F(RequestServing, an_app_says_for_how_long_its_answer_stays_true) {
    serve();
    const auto stub = calls(kUser);
    Answerer app(*stub, {"a"});
    ASSERT_TRUE(app.next().has_serving());
    ask("a");
    app.answer(app.next().asked().request(), "x", true, 3'600'000);
    EXPECT_EQ(std::get<streams::Answer>(outcomes(1).at(0)).keep_ms, 3'600'000U);
    ask("a");
    app.answer(app.next().asked().request(), "x", false, 1);
    EXPECT_EQ(app.end().error_code(), grpc::StatusCode::INVALID_ARGUMENT);
    Answerer other(*stub, {"b"});
    ASSERT_TRUE(other.next().has_serving());
    ask("b");
    other.answer(other.next().asked().request(), "x", true, 3'600'001);
    EXPECT_EQ(other.end().error_code(), grpc::StatusCode::INVALID_ARGUMENT);
}

TEST_F(RequestServing, a_name_has_one_app_and_a_user_so_many_names) {
    serve();
    const auto stub = calls(kUser);
    Answerer app(*stub, {"a"});
    ASSERT_TRUE(app.next().has_serving());
    Answerer twice(*stub, {"b", "a"});
    EXPECT_EQ(twice.end().error_code(), grpc::StatusCode::ALREADY_EXISTS);
    std::vector<std::string> names;
    for (std::size_t count = 0; count < AppRequests::kNamesPerUserMax; ++count)
        names.push_back("n" + std::to_string(count));
    Answerer many(*stub, names);
    EXPECT_EQ(many.end().error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
    Answerer none(*stub, {});
    EXPECT_EQ(none.end().error_code(), grpc::StatusCode::INVALID_ARGUMENT);
    Answerer unnamed(*stub, {"n\n"});
    EXPECT_EQ(unnamed.end().error_code(), grpc::StatusCode::INVALID_ARGUMENT);
}

TEST_F(RequestServing, an_app_that_does_not_read_is_busy) {
    serve();
    const auto stub = calls(kUser);
    Answerer app(*stub, {"a"});
    ASSERT_TRUE(app.next().has_serving());
    // More than what gRPC takes for a reader and the queue behind it.
    for (int count = 0; count < 64; ++count) ask("a", std::chrono::minutes(5));
    ask("a", std::chrono::minutes(5));
    const auto got = outcomes(1);
    EXPECT_EQ(std::get<streams::Refusal>(got.at(0)).code, static_cast<std::uint16_t>(Errc::kBusy));
}

}  // namespace
}  // namespace sov::api
