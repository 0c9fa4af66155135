// What calls answer, and what happens to those that wait.

#include <thread>

#include "daemon/core/identity/peer_name.h"
#include "daemon/core/identity/values.h"
#include "tests/unit/daemon/api/api_fixture.h"

namespace sov::api {
namespace {

namespace v1 = sovereign::v1;
using namespace std::chrono_literals;

class ApiCalls : public test::ApiFixture {
  protected:
    void TearDown() override { leave(); }

    static void give_up_after(grpc::ClientContext& context, std::chrono::milliseconds time) {
        context.set_deadline(std::chrono::system_clock::now() + time);
    }

    /// Lets the core thread run until `condition` holds there; false after ten seconds.
    template <typename Condition>
    bool core_comes_to(Condition condition) {
        const auto until = std::chrono::steady_clock::now() + 10s;
        while (std::chrono::steady_clock::now() < until) {
            if (on_core(condition)) return true;
            std::this_thread::yield();
        }
        return false;
    }
};

template <typename Request>
Request with(void (*fill)(Request&)) {
    Request request;
    fill(request);
    return request;
}

TEST_F(ApiCalls, name_the_field_of_an_invalid_argument) {
    serve();
    const auto connection = channel();
    auto discovery = v1::Discovery::NewStub(connection);
    auto dht = v1::Dht::NewStub(connection);
    auto node = v1::Node::NewStub(connection);
    const auto expect_field = [](const grpc::Status& status, const std::string& field) {
        EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT)
            << field << ": " << status.error_message();
        EXPECT_EQ(detail(status).field(), field);
        EXPECT_TRUE(status.error_message().starts_with(field + ": ")) << status.error_message();
    };
    const auto find = [&](const v1::FindPeerRequest& request) {
        grpc::ClientContext context;
        v1::FindPeerResponse response;
        return discovery->FindPeer(&context, request, &response);
    };
    expect_field(find({}), "target");
    expect_field(find(with<v1::FindPeerRequest>(
                     [](auto& request) { request.set_name("no spaces, please"); })),
                 "name");
    expect_field(find(with<v1::FindPeerRequest>([](auto& request) { request.set_name(""); })),
                 "name");
    expect_field(find(with<v1::FindPeerRequest>(
                     [](auto& request) { request.set_peer_text("sov1mistyped"); })),
                 "peer_text");
    expect_field(
        find(with<v1::FindPeerRequest>([](auto& request) { request.set_peer_key("short"); })),
        "peer_key");

    grpc::ClientContext claiming, getting, putting, tracing, listing, level, module, layer;
    v1::ClaimNameRequest claim;
    claim.set_name("-bad-");
    v1::ClaimNameResponse claimed;
    expect_field(discovery->ClaimName(&claiming, claim, &claimed), "name");
    v1::GetRequest get;
    get.set_key(std::string(19, 'x'));
    v1::GetResponse gotten;
    expect_field(dht->Get(&getting, get, &gotten), "key");
    v1::PutRequest put;
    put.set_key(std::string(20, 'x'));
    put.set_record(std::string(1001, 'x'));
    v1::PutResponse stored;
    expect_field(dht->Put(&putting, put, &stored), "record");
    v1::TraceResponse traced;
    expect_field(dht->Trace(&tracing, {}, &traced), "target");
    v1::ListHeldRequest page;
    page.set_page_token("12x");
    v1::ListHeldResponse held;
    expect_field(dht->ListHeld(&listing, page, &held), "page_token");
    v1::SetLogLevelRequest wanted;
    wanted.set_module("dht");
    v1::SetLogLevelResponse levels;
    expect_field(node->SetLogLevel(&level, wanted, &levels), "level");
    wanted.set_level(v1::LOG_LEVEL_DEBUG);
    wanted.set_module("kitchen");
    expect_field(node->SetLogLevel(&module, wanted, &levels), "module");
    v1::SetLayerRequest kitchen;
    kitchen.set_layer("kitchen");
    v1::SetLayerResponse layers;
    expect_field(node->SetLayer(&layer, kitchen, &layers), "layer");
}

TEST_F(ApiCalls, block_list_explain_and_unblock) {
    serve();
    const auto node = v1::Node::NewStub(channel());
    grpc::ClientContext first, second, third, fourth, fifth, sixth, seventh;
    const std::string somebody = identity::peer_text(PeerId{{9}});
    v1::BlockRequest block;
    v1::BlockResponse blocked;
    block.set_who(somebody);
    EXPECT_TRUE(node->Block(&first, block, &blocked).ok());
    block.set_who("198.51.100.0/24");
    EXPECT_TRUE(node->Block(&second, block, &blocked).ok());
    EXPECT_EQ(blocked.who(), "198.51.100.0/24");
    block.set_who("198.51.100.7/24");
    EXPECT_EQ(node->Block(&third, block, &blocked).error_code(),
              grpc::StatusCode::INVALID_ARGUMENT);
    v1::ListBlocksResponse list;
    EXPECT_TRUE(node->ListBlocks(&fourth, {}, &list).ok());
    ASSERT_EQ(list.who_size(), 2);
    EXPECT_EQ(list.who(0), somebody);
    v1::ExplainPeerRequest explain;
    v1::ExplainPeerResponse why;
    explain.set_who(somebody);
    EXPECT_TRUE(node->ExplainPeer(&fifth, explain, &why).ok());
    EXPECT_TRUE(why.blocked());
    EXPECT_EQ(why.standing(), v1::STANDING_GOOD);
    EXPECT_EQ(why.deeds_size(), 0);
    v1::UnblockRequest unblock;
    v1::UnblockResponse done;
    unblock.set_who(somebody);
    EXPECT_TRUE(node->Unblock(&sixth, unblock, &done).ok());
    EXPECT_EQ(node->Unblock(&seventh, unblock, &done).error_code(), grpc::StatusCode::NOT_FOUND);
}

TEST_F(ApiCalls, refuse_a_record_that_nobody_signed) {
    serve();
    auto dht = v1::Dht::NewStub(channel());
    grpc::ClientContext context;
    v1::PutRequest request;
    request.set_key(std::string(20, 'x'));
    request.set_record("rubbish");
    v1::PutResponse response;
    const grpc::Status status = dht->Put(&context, request, &response);
    EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT) << status.error_message();
    EXPECT_EQ(detail(status).field(), "record");
}

TEST_F(ApiCalls, call_the_larger_of_two_records_under_one_sequence_a_conflict) {
    serve();
    auto dht = v1::Dht::NewStub(channel());
    const auto owner = crypto_.make_signing_key({7});
    const auto put = [&](std::uint8_t content) {
        const auto value = identity::make_mutable(
            crypto_, owner, NodeOptions{}.network, "x",
            {identity::RecordKind::kMutable, false, {}, 5, 10min}, Bytes{content});
        grpc::ClientContext context;
        v1::PutRequest request;
        request.set_key(to_text(value.key.view()));
        request.set_record(to_text(value.bytes));
        v1::PutResponse response;
        return std::pair(value.bytes, dht->Put(&context, request, &response));
    };
    const auto [first, stored] = put(1);
    EXPECT_TRUE(stored.ok()) << stored.error_message();
    const auto [second, answer] = put(2);
    if (second < first) {
        EXPECT_TRUE(answer.ok()) << "the smaller one stays";
        EXPECT_EQ(detail(put(1).second).code(), "conflict");
    } else {
        EXPECT_EQ(answer.error_code(), grpc::StatusCode::ABORTED) << answer.error_message();
        EXPECT_EQ(detail(answer).code(), "conflict");
    }
}

TEST_F(ApiCalls, say_that_nobody_is_connected_when_nobody_is) {
    serve();
    auto discovery = v1::Discovery::NewStub(channel());
    grpc::ClientContext context;
    v1::FindPeerRequest request;
    request.set_name("bob");
    v1::FindPeerResponse response;
    const grpc::Status status = discovery->FindPeer(&context, request, &response);
    EXPECT_EQ(status.error_code(), grpc::StatusCode::FAILED_PRECONDITION) << status.error_message();
    EXPECT_EQ(detail(status).code(), "no_peers");
}

TEST_F(ApiCalls, report_why_a_configuration_was_not_reloaded) {
    host_.reload_error = "line 3: dht.k must be 4..64";
    serve();
    auto node = v1::Node::NewStub(channel());
    grpc::ClientContext context;
    v1::ReloadConfigResponse response;
    const grpc::Status status = node->ReloadConfig(&context, {}, &response);
    EXPECT_EQ(status.error_code(), grpc::StatusCode::FAILED_PRECONDITION);
    EXPECT_EQ(detail(status).code(), "config_invalid");
    EXPECT_EQ(status.error_message(), host_.reload_error);
}

TEST_F(ApiCalls, refuse_messages_that_are_too_large) {
    serve();
    auto dht = v1::Dht::NewStub(channel());
    grpc::ClientContext context;
    v1::PutRequest request;
    request.set_record(std::string(1 << 20, 'x'));
    v1::PutResponse response;
    EXPECT_EQ(dht->Put(&context, request, &response).error_code(),
              grpc::StatusCode::RESOURCE_EXHAUSTED);
}

TEST_F(ApiCalls, stream_events_as_they_happen) {
    serve();
    auto node = v1::Node::NewStub(channel());
    grpc::ClientContext context;
    give_up_after(context, 10s);
    v1::WatchEventsRequest request;
    request.add_type_glob("name.*");
    request.add_type_glob("region.*");
    auto stream = node->WatchEvents(&context, request);
    stream->WaitForInitialMetadata();
    on_core([this] { server_->handle_event(RegionCrowded{Key{{7}}, true}); });
    on_core([this] { server_->handle_event(NameOwnerChanged{"bob", {}, {}}); });
    v1::Event event;
    ASSERT_TRUE(stream->Read(&event));
    EXPECT_EQ(event.type(), "region.crowded");
    EXPECT_TRUE(event.region_crowded().crowded());
    EXPECT_EQ(event.region_crowded().key().value().front(), 7);
    ASSERT_TRUE(stream->Read(&event));
    EXPECT_EQ(event.type(), "name.owner_changed");
    EXPECT_EQ(event.name_owner_changed().name(), "bob");
    EXPECT_GT(event.time_unix_ms(), 0u);
    EXPECT_GT(event.cursor(), 0u);
    EXPECT_FALSE(event.summary().empty());
}

TEST_F(ApiCalls, replay_the_past_and_end_when_nothing_else_is_wanted) {
    serve();
    on_core([this] {
        for (int at = 0; at < 3; ++at)
            server_->handle_event(NameOwnerChanged{"bob" + std::to_string(at), {}, {}});
    });
    auto node = v1::Node::NewStub(channel());
    grpc::ClientContext context;
    give_up_after(context, 10s);
    v1::WatchEventsRequest request;
    request.add_type_glob("name.*");
    request.set_from_oldest(true);
    request.set_replay_only(true);
    auto stream = node->WatchEvents(&context, request);
    v1::Event event;
    int count = 0;
    while (stream->Read(&event)) ++count;
    EXPECT_EQ(count, 3);
    EXPECT_TRUE(stream->Finish().ok());
}

TEST_F(ApiCalls, show_a_slow_reader_of_events_its_gap) {
    serve();
    auto node = v1::Node::NewStub(channel());
    grpc::ClientContext context;
    give_up_after(context, 30s);
    v1::WatchEventsRequest request;
    request.add_type_glob("name.*");
    auto stream = node->WatchEvents(&context, request);
    stream->WaitForInitialMetadata();
    // More than the flow control window of the connection and the queue together hold.
    const std::string long_name(2000, 'x');
    constexpr std::uint64_t kSent = 5000;
    on_core([&] {
        for (std::uint64_t at = 0; at < kSent; ++at)
            server_->handle_event(NameOwnerChanged{long_name, {}, {}});
        server_->handle_event(NameOwnerChanged{"last", {}, {}});
    });
    v1::Event event;
    std::uint64_t read = 0, missed = 0;
    while (stream->Read(&event)) {
        if (event.has_gap())
            missed += event.gap().missed();
        else
            ++read;
        // The last one may be among the missed: a slow enough reader learns of it by the gap alone.
        if (read + missed > kSent) break;
    }
    EXPECT_GT(missed, 0u);
    EXPECT_EQ(read + missed, kSent + 1);
}

TEST_F(ApiCalls, end_the_command_in_the_core_when_the_caller_gives_up) {
    serve();
    // Somebody to ask, who never answers: there are no sockets.
    on_core([this] {
        driver_->post([](Instant now, Node& node) {
            node.handle_sighting(
                now, {Sighting::Source::kPinned,
                      Contact::of(NodeKey::from(Bytes(32, 7)), Endpoint::v4(0xc0000207, 6881))});
        });
    });
    auto discovery = v1::Discovery::NewStub(channel());
    grpc::ClientContext context;
    v1::FindPeerRequest request;
    request.set_peer_key(std::string(32, 9));
    v1::FindPeerResponse response;
    std::thread caller(
        [&] { EXPECT_FALSE(discovery->FindPeer(&context, request, &response).ok()); });
    context.TryCancel();
    caller.join();
    EXPECT_TRUE(core_comes_to([this] { return server_->waiting_commands() == 0; }));
    EXPECT_TRUE(
        core_comes_to([this] { return node_->status(driver_->now()).lookups_running == 0; }));
}

TEST_F(ApiCalls, end_streams_when_the_daemon_leaves) {
    serve();
    auto node = v1::Node::NewStub(channel());
    grpc::ClientContext context;
    give_up_after(context, 20s);
    v1::WatchEventsRequest request;
    request.add_type_glob("nothing.of.this");
    auto stream = node->WatchEvents(&context, request);
    stream->WaitForInitialMetadata();
    leave();
    v1::Event event;
    EXPECT_FALSE(stream->Read(&event));
    EXPECT_EQ(stream->Finish().error_code(), grpc::StatusCode::UNAVAILABLE);
}

}  // namespace
}  // namespace sov::api
