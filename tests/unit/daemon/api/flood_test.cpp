// One client that begins calls and gives them up, as no library would.

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <future>
#include <string>
#include <string_view>

#include "tests/unit/daemon/api/api_fixture.h"

namespace sov::api {
namespace {

namespace v1 = sovereign::v1;

/// A frame of HTTP/2 (RFC 9113, 4.1).
std::string h2_frame(char type, char flags, std::uint32_t stream, std::string_view payload) {
    std::string frame = {'\0', static_cast<char>(payload.size() >> 8U),
                         static_cast<char>(payload.size()), type, flags};
    for (const unsigned shift : {24U, 16U, 8U, 0U}) frame += static_cast<char>(stream >> shift);
    return frame.append(payload);
}

/// A header field that is not remembered (RFC 7541, 6.2.2).
std::string h2_field(std::string_view name, std::string_view value) {
    std::string field(1, '\0');
    for (const std::string_view text : {name, value}) {
        field += static_cast<char>(text.size());
        field += text;
    }
    return field;
}

/// A call for the status that is cancelled at once.
std::string given_up_call(std::uint32_t stream) {
    const std::string head = h2_field(":method", "POST") + h2_field(":scheme", "http") +
                             h2_field(":path", "/sovereign.v1.Node/GetStatus") +
                             h2_field(":authority", "localhost") + h2_field("te", "trailers") +
                             h2_field("content-type", "application/grpc");
    return h2_frame(1, 4, stream, head) + h2_frame(0, 1, stream, std::string(5, '\0')) +
           h2_frame(3, 0, stream, {"\0\0\0\x8", 4});
}

class ApiFlood : public test::ApiFixture {
  protected:
    int connect_raw() const {
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        std::strncpy(address.sun_path, path().c_str(), sizeof address.sun_path - 1);
        const int client = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        const timeval patience{10, 0};
        setsockopt(client, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
        // What is written is soon read: else thousands of calls wait in the socket, all of which
        // the server begins before it sees that the connection has ended.
        const int written_ahead = 4096;
        setsockopt(client, SOL_SOCKET, SO_SNDBUF, &written_ahead, sizeof written_ahead);
        return ::connect(client, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0
                   ? client
                   : -1;
    }
    /// Greets over a new connection.
    int greet() const {
        const int client = connect_raw();
        EXPECT_TRUE(say(client, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + h2_frame(4, 0, 0, {})));
        return client;
    }
    static bool say(int client, std::string_view words) {
        return send(client, words.data(), words.size(), MSG_NOSIGNAL) ==
               static_cast<ssize_t>(words.size());
    }
    /// Begins and gives up `calls` calls, the first on this stream; false when the connection
    /// ended.
    static bool give_up(int client, std::uint32_t stream, std::uint32_t calls) {
        std::string words;
        for (std::uint32_t call = 0; call < calls; ++call)
            words += given_up_call(stream + 2 * call);
        if (!say(client, words)) return false;
        std::array<char, 4096> answers{};
        ssize_t got = 0;
        while ((got = recv(client, answers.data(), answers.size(), MSG_DONTWAIT)) > 0) {
        }
        return got < 0 && errno == EAGAIN;
    }
};

TEST_F(ApiFlood, ends_the_connection_that_gives_up_calls_without_end) {
    ApiLimits limits;
    limits.streams_per_connection = 4;  // and 32 that have not ended
    std::promise<std::string> told;
    journal = [&](const v1::Event& entry) { told.set_value(entry.summary()); };
    serve(limits);
    caller_uid = kStranger;
    const int client = greet();
    // A million calls are some minutes of it; it ends after the first look.
    std::uint32_t stream = 1;
    while (stream < 2'000'000 && give_up(client, stream, 100)) stream += 200;
    EXPECT_LT(stream, 2'000'000U);
    close(client);
    auto entry = told.get_future();
    ASSERT_EQ(entry.wait_for(std::chrono::seconds(10)), std::future_status::ready);
    EXPECT_EQ(entry.get(), "uid 1001 (process 1, observe): connection: flood");
    EXPECT_EQ(server_->connection_counts().cut, 1u);

    // Everybody else is served at once.
    caller_pid = 2;
    auto node = v1::Node::NewStub(channel(0));
    grpc::ClientContext context;
    v1::GetStatusResponse status;
    EXPECT_TRUE(node->GetStatus(&context, {}, &status).ok());
}

TEST_F(ApiFlood, bears_with_an_app_that_gives_up_all_that_it_may_have) {
    serve();
    const int client = greet();
    EXPECT_TRUE(give_up(client, 1, 64));
    auto node = v1::Node::NewStub(channel(0));
    for (int call = 0; call < 50; ++call) {
        grpc::ClientContext context;
        v1::GetStatusResponse status;
        ASSERT_TRUE(node->GetStatus(&context, {}, &status).ok());
    }
    EXPECT_EQ(server_->connection_counts().cut, 0u);
    close(client);
}

}  // namespace
}  // namespace sov::api
