#include "client/sovereign_client.h"

#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <latch>
#include <thread>

#include "sovereign/v1/dht.grpc.pb.h"
#include "sovereign/v1/discovery.grpc.pb.h"
#include "sovereign/v1/node.grpc.pb.h"
#include "tests/support/temporary_folder.h"

namespace sov::client {
namespace {

namespace v1 = sovereign::v1;
using namespace std::chrono_literals;

/// Answers what a test needs; a find of "slow" lasts until its caller gives up.
class ScriptedNode final : public v1::Node::Service {
  public:
    grpc::Status WatchEvents(grpc::ServerContext* context, const v1::WatchEventsRequest* request,
                             grpc::ServerWriter<v1::Event>* writer) override {
        for (std::uint64_t cursor = 1; cursor <= 3; ++cursor) {
            v1::Event event;
            event.set_cursor(cursor);
            event.set_type(request->type_glob_size() > 0 ? request->type_glob(0) : "any");
            writer->Write(event);
        }
        while (!request->replay_only() && !context->IsCancelled()) std::this_thread::yield();
        return grpc::Status::OK;
    }
    grpc::Status SetLogLevel(grpc::ServerContext*, const v1::SetLogLevelRequest* request,
                             v1::SetLogLevelResponse* response) override {
        auto& module = *response->add_modules();
        module.set_module(request->module());
        module.set_level(request->level());
        return grpc::Status::OK;
    }
};

class ScriptedDiscovery final : public v1::Discovery::Service {
  public:
    grpc::Status FindPeer(grpc::ServerContext* context, const v1::FindPeerRequest* request,
                          v1::FindPeerResponse* response) override {
        if (request->name() == "slow") {
            asked.count_down();
            while (!context->IsCancelled()) std::this_thread::yield();
            cancelled.count_down();
        }
        auto& peer = *response->add_peers()->mutable_peer();
        peer.set_text(request->has_peer_text() ? "by id" : "by name " + request->name());
        return grpc::Status::OK;
    }

    std::latch asked{1}, cancelled{1};
};

class ScriptedDht final : public v1::Dht::Service {
  public:
    grpc::Status Trace(grpc::ServerContext*, const v1::TraceRequest* request,
                       v1::TraceResponse* response) override {
        response->mutable_lookup()->mutable_target()->set_hex(
            request->has_key() ? "key of " + std::to_string(request->key().size())
                               : request->name() + request->peer_text());
        return grpc::Status::OK;
    }
    grpc::Status ListHeld(grpc::ServerContext*, const v1::ListHeldRequest* request,
                          v1::ListHeldResponse* response) override {
        response->add_records()->set_sequence(request->page_token().size() + 1);
        response->set_total(3);
        if (request->page_token().size() < 2)
            response->set_next_page_token(request->page_token() + "x");
        return grpc::Status::OK;
    }
};

class Daemon : public testing::Test {
  protected:
    Daemon() { options_.socket = folder_.path("api.sock"); }
    ~Daemon() override {
        if (server_ != nullptr) server_->Shutdown(std::chrono::system_clock::now());
    }

    std::unique_ptr<Client> started() {
        grpc::ServerBuilder builder;
        builder.AddListeningPort("unix:" + options_.socket, grpc::InsecureServerCredentials());
        builder.RegisterService(&node_);
        builder.RegisterService(&discovery_);
        builder.RegisterService(&dht_);
        server_ = builder.BuildAndStart();
        auto client = connect(options_);
        if (!client) std::abort();
        return std::move(*client);
    }

    support::TemporaryFolder folder_;
    ConnectOptions options_;
    ScriptedNode node_;
    ScriptedDiscovery discovery_;
    ScriptedDht dht_;
    std::unique_ptr<grpc::Server> server_;
};

TEST_F(Daemon, without_a_socket_is_not_running) {
    const auto client = connect(options_);
    ASSERT_FALSE(client);
    EXPECT_EQ(client.error().code, "not_running");
    EXPECT_EQ(client.error().system_error, ENOENT);
    EXPECT_EQ(client.error().exit_code, 3);
    EXPECT_EQ(client.error().message, "there is no socket at " + options_.socket);
}

TEST_F(Daemon, that_left_its_socket_behind_is_not_running) {
    const int stale = socket(AF_UNIX, SOCK_STREAM, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    options_.socket.copy(address.sun_path, sizeof(address.sun_path) - 1);
    ASSERT_EQ(bind(stale, reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0);
    close(stale);
    const auto client = connect(options_);
    ASSERT_FALSE(client);
    EXPECT_EQ(client.error().code, "not_running");
    EXPECT_EQ(client.error().system_error, ECONNREFUSED);
}

TEST_F(Daemon, with_a_full_queue_is_given_the_patience_asked_for) {
    const int full = socket(AF_UNIX, SOCK_STREAM, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    options_.socket.copy(address.sun_path, sizeof(address.sun_path) - 1);
    ASSERT_EQ(bind(full, reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0);
    ASSERT_EQ(listen(full, 0), 0);
    const int first = socket(AF_UNIX, SOCK_STREAM, 0);
    ASSERT_EQ(::connect(first, reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0);
    options_.patience = 50ms;
    const auto began = std::chrono::steady_clock::now();
    const auto client = connect(options_);
    EXPECT_GE(std::chrono::steady_clock::now() - began, 40ms);
    ASSERT_FALSE(client);
    EXPECT_EQ(client.error().code, "not_answering");
    EXPECT_EQ(client.error().exit_code, 3);
    close(first);
    close(full);
}

TEST_F(Daemon, path_that_no_socket_can_have_is_a_bad_argument) {
    options_.socket = "/" + std::string(200, 'x');
    ASSERT_FALSE(connect(options_));
    EXPECT_EQ(connect(options_).error().exit_code, 2);
}

TEST_F(Daemon, tells_ids_from_names_in_any_spelling) {
    const auto client = started();
    const std::string id = "sov1" + std::string(58, 'q');
    for (const std::string& query :
         {id, "SOV1" + std::string(58, 'Q'), "sov1-qqqq qqqq" + std::string(50, 'q')}) {
        EXPECT_EQ((*client->find({query, false})).peers[0].peer.text, "by id") << query;
    }
    for (const std::string query : {"bob", "sov1", "sov1bob"}) {
        EXPECT_EQ((*client->find({query, false})).peers[0].peer.text, "by name " + query);
    }
}

TEST_F(Daemon, deadline_ends_a_call) {
    const auto client = started();
    const auto found = client->find({"slow", false}, {30ms, {}});
    ASSERT_FALSE(found);
    EXPECT_EQ(found.error().code, "timed_out");
    EXPECT_EQ(found.error().exit_code, 6);
    discovery_.cancelled.wait();
}

TEST_F(Daemon, cancellation_reaches_the_daemon) {
    const auto client = started();
    std::stop_source interrupt;
    std::jthread interrupter([&] {
        discovery_.asked.wait();
        interrupt.request_stop();
    });
    const auto found = client->find({"slow", false}, {0ms, interrupt.get_token()});
    ASSERT_FALSE(found);
    EXPECT_EQ(found.error().code, "cancelled");
    EXPECT_EQ(found.error().exit_code, 130);
    discovery_.cancelled.wait();
}

TEST_F(Daemon, call_that_is_cancelled_before_it_begins_is_not_made) {
    const auto client = started();
    std::stop_source interrupt;
    interrupt.request_stop();
    EXPECT_EQ(client->find({"bob", false}, {0ms, interrupt.get_token()}).error().code, "cancelled");
}

TEST_F(Daemon, events_end_with_the_past_or_when_the_reader_has_enough) {
    const auto client = started();
    std::vector<std::uint64_t> cursors;
    EventQuery query;
    query.type_globs = {"name.*"};
    const auto past = client->events(query, [&](const Event& event) {
        EXPECT_EQ(event.type, "name.*");
        cursors.push_back(event.cursor);
        return true;
    });
    EXPECT_TRUE(past);
    EXPECT_EQ(cursors, (std::vector<std::uint64_t>{1, 2, 3}));
    query.follow = true;
    cursors.clear();
    const auto enough = client->events(query,
                                       [&](const Event& event) {
                                           cursors.push_back(event.cursor);
                                           return event.cursor < 2;
                                       },
                                       {0ms, {}});
    EXPECT_TRUE(enough);
    EXPECT_EQ(cursors, (std::vector<std::uint64_t>{1, 2}));
}

TEST_F(Daemon, places_are_written_in_three_ways) {
    const auto client = started();
    EXPECT_EQ((*client->trace(std::string(40, 'A'))).lookup.target_hex, "key of 20");
    EXPECT_EQ((*client->trace("name:bob")).lookup.target_hex, "bob");
    EXPECT_EQ((*client->trace("peer:sov1x")).lookup.target_hex, "sov1x");
    EXPECT_EQ(client->trace("bob").error().exit_code, 2);
    EXPECT_EQ(client->trace(std::string(40, 'g')).error().code, "invalid_argument");
}

TEST_F(Daemon, log_levels_are_words) {
    const auto client = started();
    EXPECT_EQ((*client->set_log_level("dht", "debug", 0ms))[0].level, "debug");
    EXPECT_EQ(client->set_log_level("dht", "loud", 0ms).error().field, "level");
    EXPECT_FALSE(client->set_log_level("dht", "", 0ms));
}

TEST_F(Daemon, held_records_come_from_all_pages) {
    const auto client = started();
    const auto held = client->held();
    ASSERT_TRUE(held);
    EXPECT_EQ(held->records.size(), 3U);
    EXPECT_EQ(held->total, 3U);
}

TEST_F(Daemon, that_is_older_than_the_client_is_said_so) {
    const auto client = started();
    // The scripted node implements no status.
    const auto status = client->status();
    ASSERT_FALSE(status);
    EXPECT_EQ(status.error().code, "not_supported");
    EXPECT_EQ(status.error().exit_code, 9);
}

TEST_F(Daemon, that_leaves_is_a_lost_connection) {
    const auto client = started();
    ASSERT_TRUE(client->find({"bob", false}));
    server_->Shutdown(std::chrono::system_clock::now());
    server_.reset();
    const auto found = client->find({"bob", false}, {5s, {}});
    ASSERT_FALSE(found);
    EXPECT_EQ(found.error().code, "connection_lost");
    EXPECT_EQ(found.error().exit_code, 3);
}

TEST(Result, asking_for_what_is_not_there_aborts) {
    const Result<int> good(1);
    EXPECT_DEATH(static_cast<void>(good.error()), "");
    const Result<int> bad{Error{}};
    EXPECT_DEATH(static_cast<void>(*bad), "");
}

}  // namespace
}  // namespace sov::client
