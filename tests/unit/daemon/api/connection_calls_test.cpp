#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cstring>

#include "daemon/api/app_streams.h"
#include "daemon/api/stream_call.h"
#include "tests/unit/daemon/api/connection_fixture.h"

namespace sov::api {
namespace {

namespace v1 = sovereign::v1;
using test::ApiFixture;

class ConnectionCalls : public test::ConnectionCalls {};

TEST_F(ConnectionCalls, connects_tells_how_and_lists) {
    serve();
    const auto stub = calls();
    v1::ConnectRequest request;
    request.mutable_target()->set_peer_text(there_text());
    v1::ConnectProgress last;
    const auto status = connect(*stub, request, &last);
    ASSERT_TRUE(status.ok()) << status.error_message();
    EXPECT_EQ(last.peer().text(), there_text());
    EXPECT_EQ(last.connection().carrier(), "udp");
    EXPECT_EQ(last.connection().remote(), there_.at.text());
    ASSERT_GE(last.attempts_size(), 1);
    EXPECT_TRUE(last.attempts(0).won());
    EXPECT_TRUE(last.has_took_us());

    grpc::ClientContext list, ping, bye, again;
    v1::ListConnectionsResponse connections;
    ASSERT_TRUE(stub->ListConnections(&list, {}, &connections).ok());
    ASSERT_EQ(connections.connections_size(), 1);
    EXPECT_FALSE(connections.connections(0).inbound());
    v1::PingRequest whom;
    *whom.mutable_target() = request.target();
    v1::PingResponse answer;
    ASSERT_TRUE(stub->Ping(&ping, whom, &answer).ok());
    EXPECT_GE(answer.round_trip_us(), 20'000U) << "the network takes 10 ms each way";
    v1::DisconnectRequest from;
    *from.mutable_target() = request.target();
    v1::DisconnectResponse gone;
    EXPECT_TRUE(stub->Disconnect(&bye, from, &gone).ok());
    EXPECT_TRUE(soon([&] { return there_.hub->connections().empty(); }));
    EXPECT_EQ(stub->Disconnect(&again, from, &gone).error_code(), grpc::StatusCode::NOT_FOUND);
}

TEST_F(ConnectionCalls, a_target_is_an_id_a_friend_or_nobody) {
    serve();
    const auto stub = calls();
    v1::ConnectRequest request;
    v1::ConnectProgress last;
    EXPECT_EQ(connect(*stub, request, &last).error_code(), grpc::StatusCode::INVALID_ARGUMENT);
    request.mutable_target()->set_name("nobody at all");
    EXPECT_EQ(connect(*stub, request, &last).error_code(), grpc::StatusCode::NOT_FOUND);
    befriend(there_.id(), "Bob at work");
    request.mutable_target()->set_name("Bob at work");
    EXPECT_TRUE(connect(*stub, request, &last).ok());
    EXPECT_EQ(last.peer().text(), there_text());
    befriend(PeerId::from(crypto_.make_signing_key({9}).public_key), "Bob at work");
    const auto status = connect(*stub, request, &last);
    EXPECT_EQ(status.error_code(), grpc::StatusCode::FAILED_PRECONDITION);
    EXPECT_EQ(detail(status).code(), "ambiguous");
    request.mutable_target()->set_peer_key(std::string(32, '\0'));
    EXPECT_EQ(detail(connect(*stub, request, &last)).code(), "invalid_argument")
        << "that is the fixture's own id";
    request.mutable_target()->set_peer_text(there_text());
    request.set_policy(static_cast<v1::DialPolicy>(9));
    EXPECT_EQ(detail(connect(*stub, request, &last)).field(), "policy");
    request.clear_policy();
    request.set_time_ms(120'001);
    EXPECT_EQ(detail(connect(*stub, request, &last)).field(), "time_ms");
}

TEST_F(ConnectionCalls, a_peer_that_does_not_take_us_says_so) {
    serve();
    on_core([&] { world_.strangers.push_back(here_.id()); });
    v1::ConnectRequest request;
    request.mutable_target()->set_peer_text(there_text());
    v1::ConnectProgress last;
    const auto status = connect(*calls(), request, &last);
    EXPECT_EQ(status.error_code(), grpc::StatusCode::FAILED_PRECONDITION);
    EXPECT_EQ(detail(status).code(), "refused");
    EXPECT_NE(status.error_message().find("friends"), std::string::npos) << status.error_message();
    EXPECT_GE(last.attempts_size(), 1) << "what was tried comes before the failure";
}

TEST_F(ConnectionCalls, whoever_only_observes_may_not_connect) {
    serve();
    v1::ConnectRequest request;
    request.mutable_target()->set_peer_text(there_text());
    v1::ConnectProgress last;
    EXPECT_EQ(connect(*calls(kStranger), request, &last).error_code(),
              grpc::StatusCode::PERMISSION_DENIED);
    grpc::ClientContext context;
    v1::StreamOutput opened;
    grpc::Status status;
    EXPECT_EQ(open(*calls(kStranger), context, opening(), &opened, &status), nullptr);
    EXPECT_EQ(status.error_code(), grpc::StatusCode::PERMISSION_DENIED);
}

TEST_F(ConnectionCalls, a_stream_carries_bytes_both_ways_and_ends_well) {
    serve();
    there_.app.echoes = true;
    grpc::ClientContext context;
    v1::StreamOutput output;
    const auto stub = calls();
    const auto stream = open(*stub, context, opening(), &output);
    ASSERT_NE(stream, nullptr);
    EXPECT_EQ(output.opened().peer().text(), there_text());
    EXPECT_EQ(output.opened().protocol(), hub::kTalk);
    const std::string piece(kCallBytesMax, 'x');
    std::thread writer([&] {
        for (int count = 0; count < 20; ++count) EXPECT_TRUE(stream->Write(data(piece)));
        stream->WritesDone();
    });
    std::size_t got = 0;
    bool ended = false;
    while (stream->Read(&output)) {
        got += output.data().size();
        ended = output.ended();
    }
    writer.join();
    EXPECT_TRUE(stream->Finish().ok());
    EXPECT_TRUE(ended);
    EXPECT_EQ(got, 20 * kCallBytesMax);
}

TEST_F(ConnectionCalls, a_stream_begins_with_the_bytes_of_its_opening) {
    serve();
    there_.app.echoes = true;
    const auto stub = calls();
    grpc::ClientContext context, too_much;
    auto first = opening();
    first.mutable_opening()->set_first("first ");
    v1::StreamOutput output;
    const auto stream = open(*stub, context, first, &output);
    ASSERT_NE(stream, nullptr);
    EXPECT_TRUE(stream->Write(data("second")));
    EXPECT_TRUE(stream->WritesDone());
    std::string got;
    while (stream->Read(&output)) got += output.data();
    EXPECT_TRUE(stream->Finish().ok());
    EXPECT_EQ(got, "first second");

    first.mutable_opening()->set_first(std::string(kCallBytesMax + 1, 'x'));
    grpc::Status status;
    EXPECT_EQ(open(*stub, too_much, first, &output, &status), nullptr);
    EXPECT_EQ(detail(status).field(), "opening.first");
}

TEST_F(ConnectionCalls, a_first_message_that_says_nothing_is_refused) {
    serve();
    const auto stub = calls();
    for (const bool taking : {false, true}) {
        grpc::ClientContext context;
        const auto stream = taking ? stub->Take(&context) : stub->OpenStream(&context);
        stream->Write(taking ? opening() : data("x"));
        v1::StreamOutput output;
        EXPECT_FALSE(stream->Read(&output));
        EXPECT_EQ(stream->Finish().error_code(), grpc::StatusCode::INVALID_ARGUMENT);
    }
    grpc::ClientContext context;
    v1::StreamOutput output;
    const auto stream = open(*stub, context, opening(), &output);
    ASSERT_NE(stream, nullptr);
    stream->Write(data(std::string(kCallBytesMax + 1, 'x')));
    while (stream->Read(&output)) {
    }
    EXPECT_EQ(detail(stream->Finish()).field(), "data");
    EXPECT_TRUE(soon([&] { return there_.app.over.size() == 1; })) << "the other side hears of it";
}

TEST_F(ConnectionCalls, a_protocol_that_nobody_serves_is_said_to_be_so) {
    serve();
    grpc::ClientContext context;
    v1::StreamOutput output;
    grpc::Status status;
    EXPECT_EQ(open(*calls(), context, opening("/other/1"), &output, &status), nullptr);
    EXPECT_EQ(status.error_code(), grpc::StatusCode::FAILED_PRECONDITION);
    EXPECT_EQ(detail(status).code(), "not_served");
}

TEST_F(ConnectionCalls, a_stream_that_the_other_side_gives_up_ends_with_that_reason) {
    serve();
    grpc::ClientContext context;
    v1::StreamOutput output;
    const auto stub = calls();
    const auto stream = open(*stub, context, opening(), &output);
    ASSERT_NE(stream, nullptr);
    ASSERT_TRUE(soon([&] { return there_.app.opened.size() == 1; }));
    on_core([&] { there_.hub->reset(there_.app.first().id); });
    later(std::chrono::seconds(1));
    EXPECT_FALSE(stream->Read(&output));
    const auto status = stream->Finish();
    EXPECT_EQ(status.error_code(), grpc::StatusCode::ABORTED);
    EXPECT_EQ(detail(status).code(), "reset");
}

TEST_F(ConnectionCalls, who_does_not_read_holds_the_writer_back) {
    serve();
    grpc::ClientContext context;
    v1::StreamOutput output;
    const auto stub = calls();
    const auto stream = open(*stub, context, opening(), &output);
    ASSERT_NE(stream, nullptr);
    ASSERT_TRUE(soon([&] { return there_.app.opened.size() == 1; }));
    const Bytes much = hub::HubWorld::pattern(8 << 20);
    const auto id = there_.app.first().id;
    on_core([&] { there_.app.send(id, much, true); });
    later(std::chrono::seconds(30));
    const std::size_t unsent = on_core([&] { return there_.app.unsent[id].size(); });
    // What is on its way fills the windows of QUIC and of gRPC, and no more.
    EXPECT_GE(unsent, std::size_t{3} << 20) << "somebody holds what nobody reads";
    Bytes got;
    while (stream->Read(&output)) {
        got.insert(got.end(), output.data().begin(), output.data().end());
        if (output.ended()) stream->WritesDone();
    }
    EXPECT_TRUE(stream->Finish().ok());
    EXPECT_TRUE(got == much);
}

TEST_F(ConnectionCalls, a_user_has_so_many_streams_and_no_more) {
    serve();
    const auto first = calls(kUser), second = calls(kUser);
    std::vector<std::unique_ptr<grpc::ClientContext>> contexts;
    std::vector<std::unique_ptr<StreamChannel>> streams;
    v1::StreamOutput output;
    for (std::size_t count = 0; count < AppStreams::kStreamsPerUserMax; ++count) {
        contexts.push_back(std::make_unique<grpc::ClientContext>());
        streams.push_back(
            open(count % 2 == 0 ? *first : *second, *contexts.back(), opening(), &output));
        ASSERT_NE(streams.back(), nullptr) << count;
    }
    grpc::ClientContext one_more;
    grpc::Status status;
    EXPECT_EQ(open(*first, one_more, opening(), &output, &status), nullptr);
    EXPECT_EQ(detail(status).code(), "over_quota");
    contexts.front()->TryCancel();
    EXPECT_FALSE(streams.front()->Finish().ok());
    EXPECT_TRUE(soon([&] { return !there_.app.over.empty(); })) << "a cancelled call resets it";
    for (const auto& context : contexts) context->TryCancel();
    for (std::size_t at = 1; at < streams.size(); ++at) (void)streams[at]->Finish();
}

/// Serves a protocol in a thread of its own.
class Server {
  public:
    Server(v1::Connections::Stub& stub, const v1::ServeRequest& request)
        : reader_(stub.Serve(&context_, request)) {}
    ~Server() {
        if (!finished_) (void)finish();
    }
    Server(const Server&) = delete;
    Server& operator=(const Server&) = delete;
    v1::ServeEvent next() {
        v1::ServeEvent event;
        EXPECT_TRUE(reader_->Read(&event));
        return event;
    }
    grpc::Status finish() {
        finished_ = true;
        context_.TryCancel();
        v1::ServeEvent event;
        while (reader_->Read(&event)) {
        }
        return reader_->Finish();
    }
    /// How it ended by itself.
    grpc::Status end() {
        finished_ = true;
        v1::ServeEvent event;
        while (reader_->Read(&event)) {
        }
        return reader_->Finish();
    }

  private:
    grpc::ClientContext context_;
    std::unique_ptr<grpc::ClientReader<v1::ServeEvent>> reader_;
    bool finished_ = false;
};

v1::ServeRequest serving(const std::string& protocol) {
    v1::ServeRequest request;
    request.set_protocol(protocol);
    return request;
}

TEST_F(ConnectionCalls, a_served_stream_is_taken_once_by_the_user_it_was_told_to) {
    serve();
    const auto stub = calls(kUser), root = calls(0);
    Server server(*stub, serving("/mine/1"));
    ASSERT_TRUE(server.next().has_serving());
    on_core([&] {
        (void)there_.hub->open_stream(world_.wire.now, here_.id(), {"/mine/1"}, there_.app);
    });
    later(std::chrono::seconds(1));
    const auto event = server.next();
    ASSERT_TRUE(event.has_incoming());
    EXPECT_EQ(event.incoming().peer().text(), there_text());
    v1::StreamInput taking;
    taking.mutable_taking()->set_token(event.incoming().token());
    v1::StreamOutput output;
    {
        grpc::ClientContext context;
        const auto foreign = root->Take(&context);
        foreign->Write(taking);
        EXPECT_FALSE(foreign->Read(&output));
        EXPECT_EQ(foreign->Finish().error_code(), grpc::StatusCode::NOT_FOUND);
    }
    grpc::ClientContext context;
    const auto stream = stub->Take(&context);
    stream->Write(taking);
    ASSERT_TRUE(stream->Read(&output) && output.has_opened());
    {
        grpc::ClientContext twice;
        const auto again = stub->Take(&twice);
        again->Write(taking);
        v1::StreamOutput nothing;
        EXPECT_FALSE(again->Read(&nothing));
        EXPECT_EQ(again->Finish().error_code(), grpc::StatusCode::NOT_FOUND);
    }
    const auto id = there_.app.first().id;
    on_core([&] { there_.app.send(id, as_bytes("hello"), true); });
    later(std::chrono::milliseconds(100));
    ASSERT_TRUE(stream->Read(&output));
    EXPECT_EQ(output.data(), "hello");
    stream->Write(data("answer"));
    stream->WritesDone();
    while (stream->Read(&output)) {
    }
    EXPECT_TRUE(stream->Finish().ok());
    EXPECT_EQ(on_core([&] { return to_text(there_.app.got[id]); }), "answer");
}

TEST_F(ConnectionCalls, a_stream_that_nobody_takes_is_reset) {
    serve();
    const auto stub = calls(kUser);
    Server server(*stub, serving("/mine/1"));
    ASSERT_TRUE(server.next().has_serving());
    for (std::size_t count = 0; count <= AppStreams::kWaitingMax; ++count) {
        on_core([&] {
            (void)there_.hub->open_stream(world_.wire.now, here_.id(), {"/mine/1"}, there_.app);
        });
    }
    ASSERT_TRUE(soon([&] { return turned_away() == 1; })) << "one was too many";
    later(AppStreams::kTakeTime);
    EXPECT_TRUE(soon([&] { return turned_away() == AppStreams::kWaitingMax + 1; }));
}

TEST_F(ConnectionCalls, only_the_peers_of_the_list_get_through) {
    serve();
    const auto stub = calls(kUser);
    auto request = serving("/mine/1");
    request.add_only_peers(identity::peer_text(here_.id()));
    Server server(*stub, request);
    ASSERT_TRUE(server.next().has_serving());
    on_core([&] {
        (void)there_.hub->open_stream(world_.wire.now, here_.id(), {"/mine/1"}, there_.app);
    });
    EXPECT_TRUE(soon([&] { return turned_away() == 1; }));
    request.set_only_peers(0, "sov1nobody");
    Server wrong(*stub, request);
    EXPECT_EQ(wrong.end().error_code(), grpc::StatusCode::INVALID_ARGUMENT);
}

TEST_F(ConnectionCalls, a_protocol_has_one_server_and_a_user_so_many) {
    serve();
    const auto stub = calls(kUser);
    std::vector<std::unique_ptr<Server>> servers;
    for (std::size_t count = 0; count < AppStreams::kServedPerUserMax; ++count) {
        servers.push_back(
            std::make_unique<Server>(*stub, serving("/mine/" + std::to_string(count))));
        ASSERT_TRUE(servers.back()->next().has_serving());
    }
    Server more(*stub, serving("/mine/more"));
    EXPECT_EQ(detail(more.end()).code(), "over_quota");
    const auto root = calls(0);
    Server taken(*root, serving("/mine/0"));
    EXPECT_EQ(taken.end().error_code(), grpc::StatusCode::ALREADY_EXISTS);
    Server unnamed(*root, serving("no name"));
    EXPECT_EQ(unnamed.end().error_code(), grpc::StatusCode::INVALID_ARGUMENT);
    (void)servers.front()->finish();
    EXPECT_TRUE(soon([&] {
        const auto served = here_.hub->serve("/mine/0", there_.app);
        if (served.has_value()) here_.hub->withdraw("/mine/0");
        return served.has_value();
    })) << "a server that has gone leaves its name";
}

/// A client of the door where streams are taken up.
class Knock {
  public:
    Knock(const std::string& path, const std::string& token) {
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
        socket_ = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        EXPECT_EQ(::connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
        say(token);
    }
    ~Knock() { close(socket_); }
    Knock(const Knock&) = delete;
    Knock& operator=(const Knock&) = delete;
    void say(const std::string& text) {
        EXPECT_EQ(::send(socket_, text.data(), text.size(), MSG_NOSIGNAL),
                  static_cast<ssize_t>(text.size()));
    }
    void end() { shutdown(socket_, SHUT_WR); }
    std::string rest() {
        std::string text;
        std::array<char, 65536> piece{};
        for (ssize_t count = 0; (count = read(socket_, piece.data(), piece.size())) > 0;)
            text.append(piece.data(), static_cast<std::size_t>(count));
        return text;
    }

  private:
    int socket_ = -1;
};

TEST_F(ConnectionCalls, a_stream_goes_over_a_socket_for_whoever_has_its_token) {
    serve();
    there_.app.echoes = true;
    const auto stub = calls(kUser);
    grpc::ClientContext context;
    v1::StreamOutput output;
    const auto stream = open(*stub, context, opening(hub::kTalk, true), &output);
    ASSERT_NE(stream, nullptr);
    const std::string where = output.opened().socket_path();
    const std::string token = output.opened().socket_token();
    EXPECT_EQ(where, path() + ".streams");
    caller_uid = kStranger;
    EXPECT_EQ(Knock(where, token).rest(), "") << "another user's token is of no use";
    caller_uid = kUser;
    EXPECT_EQ(Knock(where, std::string(32, 'x')).rest(), "");
    Knock app(where, token);
    const std::string much(1 << 20, 'y');
    std::thread writer([&] {
        app.say(much);
        app.end();
    });
    EXPECT_EQ(app.rest(), much);
    writer.join();
    EXPECT_FALSE(stream->Read(&output));
    EXPECT_TRUE(stream->Finish().ok()) << "the call tells how it ended";
    EXPECT_EQ(Knock(where, token).rest(), "") << "a token works once";
}

TEST_F(ConnectionCalls, a_socket_that_nobody_takes_up_ends_its_stream) {
    serve();
    const auto stub = calls(kUser);
    grpc::ClientContext context;
    v1::StreamOutput output;
    const auto stream = open(*stub, context, opening(hub::kTalk, true), &output);
    ASSERT_NE(stream, nullptr);
    later(std::chrono::seconds(31));
    EXPECT_FALSE(stream->Read(&output));
    EXPECT_EQ(stream->Finish().error_code(), grpc::StatusCode::DEADLINE_EXCEEDED);
    EXPECT_TRUE(soon([&] { return there_.app.over.size() == 1; }));
}

TEST_F(ConnectionCalls, changes_are_watched) {
    serve();
    const auto stub = calls();
    grpc::ClientContext context;
    const auto reader = stub->WatchConnections(&context, {});
    reader->WaitForInitialMetadata();
    on_core([&] { (void)here_.hub->connect(world_.wire.now, there_.id(), {}); });
    later(std::chrono::seconds(1));
    v1::Event event;
    ASSERT_TRUE(reader->Read(&event));
    EXPECT_EQ(event.type(), "connection.opened");
    EXPECT_EQ(event.connection_changed().connection().peer().text(), there_text());
    on_core([&] { (void)here_.hub->disconnect(world_.wire.now, there_.id()); });
    later(std::chrono::seconds(1));
    ASSERT_TRUE(reader->Read(&event));
    EXPECT_EQ(event.type(), "connection.closed");
    EXPECT_EQ(event.connection_changed().reason(), "asked");
    context.TryCancel();
    (void)reader->Finish();
}

TEST_F(ConnectionCalls, everybody_is_told_when_the_daemon_leaves) {
    serve();
    const auto stub = calls(kUser);
    grpc::ClientContext context, other;
    v1::StreamOutput output;
    const auto stream = open(*stub, context, opening(), &output);
    const auto socket = open(*stub, other, opening(hub::kTalk, true), &output);
    ASSERT_TRUE(stream != nullptr && socket != nullptr);
    Server server(*stub, serving("/mine/1"));
    ASSERT_TRUE(server.next().has_serving());
    leave();
    EXPECT_FALSE(stream->Read(&output));
    EXPECT_EQ(stream->Finish().error_code(), grpc::StatusCode::UNAVAILABLE);
    EXPECT_FALSE(socket->Read(&output));
    EXPECT_EQ(socket->Finish().error_code(), grpc::StatusCode::UNAVAILABLE);
    EXPECT_EQ(server.end().error_code(), grpc::StatusCode::UNAVAILABLE);
}

TEST_F(ApiFixture, a_daemon_without_connections_says_so) {
    serve();
    const auto stub = v1::Connections::NewStub(channel());
    grpc::ClientContext context, list;
    v1::PingRequest request;
    v1::PingResponse response;
    EXPECT_EQ(stub->Ping(&context, request, &response).error_code(),
              grpc::StatusCode::UNIMPLEMENTED);
    v1::ListConnectionsResponse connections;
    EXPECT_TRUE(stub->ListConnections(&list, {}, &connections).ok());
}

}  // namespace
}  // namespace sov::api
