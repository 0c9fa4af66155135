// What the API of running daemons costs their callers: calls beside the same answer from a bare
// gRPC server, calls while another user's clients hold a thousand connections in silence, and a
// message from app to app and back through two daemons, beside the same two apps at a bare gRPC
// server.
//
//   api_bench SOCKET              calls; prints rows of a Markdown table
//   api_bench SOCKET BOB OTHER    messages to the peer BOB, whose daemon's socket is OTHER
//
// daemon_figures.py starts the daemons.

#include <grpcpp/grpcpp.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <array>
#include <atomic>
#include <cstring>
#include <thread>

#include "sovereign/v1/messaging.grpc.pb.h"
#include "sovereign/v1/node.grpc.pb.h"
#include "tests/bench/bare_post.h"
#include "tests/bench/measure.h"
#include "tests/support/temporary_folder.h"

namespace {

namespace v1 = sovereign::v1;
using namespace sov::bench;

constexpr int kRounds = 5;
constexpr int kCalls = 2000;  ///< a round
constexpr int kSilent = 1000;
constexpr int kMessages = 1000;
constexpr uid_t kStranger = 65534;

std::unique_ptr<v1::Node::Stub> node_at(const std::string& socket) {
    return v1::Node::NewStub(
        grpc::CreateChannel("unix:" + socket, grpc::InsecureChannelCredentials()));
}

v1::GetStatusResponse status_of(v1::Node::Stub& node) {
    grpc::ClientContext context;
    v1::GetStatusResponse response;
    require(node.GetStatus(&context, {}, &response).ok(), "the daemon does not answer");
    return response;
}

/// Answers with what it was given: what gRPC itself takes for such a call.
class BareNode final : public v1::Node::CallbackService {
  public:
    explicit BareNode(v1::GetStatusResponse answer) : answer_(std::move(answer)) {}

    grpc::ServerUnaryReactor* GetStatus(grpc::CallbackServerContext* context,
                                        const v1::GetStatusRequest*,
                                        v1::GetStatusResponse* response) override {
        *response = answer_;
        auto* reactor = context->DefaultReactor();
        reactor->Finish(grpc::Status::OK);
        return reactor;
    }

  private:
    v1::GetStatusResponse answer_;
};

/// Serves until it is killed. The process must not have used gRPC before it was forked.
[[noreturn]] void serve_bare(grpc::Service& service, const std::string& at) {
    grpc::ServerBuilder builder;
    builder.AddListeningPort("unix:" + at, grpc::InsecureServerCredentials());
    builder.RegisterService(&service);
    const auto server = builder.BuildAndStart();
    require(server != nullptr, "the bare server does not start");
    server->Wait();
    _exit(0);
}

void await_bare(const std::string& socket) {
    require(wait_for([&] { return access(socket.c_str(), F_OK) == 0; }, std::chrono::seconds(10)),
            "the bare server does not come up");
}

/// Connections of another user that never say a word; whichever is closed is opened again.
[[noreturn]] void keep_silence(const std::string& socket_path, std::atomic<int>& open) {
    const rlimit files{4096, 4096};
    require(setrlimit(RLIMIT_NOFILE, &files) == 0, "no limit of 4096 files");
    require(setgid(kStranger) == 0 && setuid(kStranger) == 0, "needs root");
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, socket_path.c_str(), sizeof address.sun_path - 1);
    std::vector<int> sockets(kSilent, -1);
    for (;;) {
        int there = 0;
        for (int& one : sockets) {
            // What the server says by itself is read and left; that it hangs up is what counts.
            std::array<char, 4096> said;
            const auto got = one < 0 ? 0 : recv(one, said.data(), said.size(), MSG_DONTWAIT);
            if (got > 0 || (got < 0 && errno == EAGAIN)) {
                ++there;
                continue;
            }
            if (one >= 0) close(one);
            one = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
            if (connect(one, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0)
                ++there;
        }
        open = there;
        usleep(10'000);
    }
}

std::vector<double> call_times(v1::Node::Stub& node, int calls) {
    std::vector<double> times;
    times.reserve(static_cast<std::size_t>(calls));
    for (int at = 0; at < calls; ++at) {
        const auto start = Clock::now();
        status_of(node);
        times.push_back(milliseconds_since(start) * 1e3);
    }
    return times;
}

std::string microseconds(const std::vector<double>& times) {
    return text("%.0f / %.0f", quantile(times, 0.5), quantile(times, 0.99));
}

int measure_calls(const std::string& socket) {
    const sov::support::TemporaryFolder folder;
    const std::string bare_socket = folder.path("bare.sock");
    Shared<std::atomic<int>> open;
    const Child bare([&] {
        BareNode service(status_of(*node_at(socket)));
        serve_bare(service, bare_socket);
    });
    await_bare(bare_socket);
    // Forked now, because nobody may be forked once gRPC has threads here; it waits for its turn.
    Shared<std::atomic<bool>> begin;
    Child silent([&] {
        while (!*begin) usleep(1000);
        keep_silence(socket, *open);
    });
    const auto daemon = node_at(socket), other = node_at(bare_socket);
    std::vector<double> ours, theirs, ratios;
    for (int round = 0; round < kRounds; ++round) {
        const auto us = call_times(*daemon, kCalls), them = call_times(*other, kCalls);
        ours.insert(ours.end(), us.begin(), us.end());
        theirs.insert(theirs.end(), them.begin(), them.end());
        ratios.push_back(median(us) / median(them));
    }
    *begin = true;
    sleep(1);
    std::vector<double> beside;
    int most = 0;
    const auto start = Clock::now();
    while (seconds_since(start) < 8) {
        const auto times = call_times(*daemon, 100);
        beside.insert(beside.end(), times.begin(), times.end());
        most = std::max<int>(most, *open);
    }
    silent.end(SIGKILL);
    row({"GetStatus, us, p50 / p99", microseconds(ours), ""});
    row({"the same answer by a bare gRPC server", microseconds(theirs), ""});
    row({"ratio of the medians, a round",
         text("%.2f (%.2f..%.2f)", median(ratios), quantile(ratios, 0), quantile(ratios, 1)),
         "1.3"});
    row({text("GetStatus beside silent clients of another user (%d open at once of %d), us", most,
              kSilent),
         microseconds(beside), "50,000 at p99"});
    return 0;
}

// ---- messages ----------------------------------------------------------------------------------

std::unique_ptr<v1::Messaging::Stub> messaging_at(const std::string& socket) {
    return v1::Messaging::NewStub(
        grpc::CreateChannel("unix:" + socket, grpc::InsecureChannelCredentials()));
}

void send(v1::Messaging::Stub& messaging, const std::string& to, const char* topic) {
    grpc::ClientContext context;
    v1::SendRequest request;
    request.mutable_target()->set_peer_text(to);
    request.set_topic(topic);
    request.set_body("Is anybody there?");
    const auto told = messaging.Send(&context, request);
    v1::SendProgress progress;
    while (told->Read(&progress)) {
    }
    const grpc::Status status = told->Finish();
    require(status.ok(), status.error_message().c_str());
}

void forget(v1::Messaging::Stub& messaging, std::uint64_t serial) {
    grpc::ClientContext context;
    v1::AcknowledgeMessagesRequest request;
    request.add_serials(serial);
    v1::AcknowledgeMessagesResponse response;
    require(messaging.AcknowledgeMessages(&context, request, &response).ok(),
            "a message cannot be acknowledged");
}

/// Hands every message of a topic to `take`, and then forgets it.
void receive(v1::Messaging::Stub& messaging, const char* topic,
             const std::function<bool(const v1::ReceivedMessage&)>& take) {
    grpc::ClientContext context;
    v1::ReceiveRequest request;
    request.set_topic(topic);
    const auto reader = messaging.Receive(&context, request);
    v1::ReceivedMessage message;
    while (reader->Read(&message)) {
        const bool more = take(message);
        forget(messaging, message.serial());
        if (!more) break;
    }
    context.TryCancel();
}

/// Answers every question, until it is killed.
[[noreturn]] void answer_at(const std::string& socket) {
    const auto messaging = messaging_at(socket);
    receive(*messaging, "question", [&](const v1::ReceivedMessage& message) {
        send(*messaging, message.from().text(), "answer");
        return true;
    });
    _exit(1);
}

/// How long each question to `bob` takes until its answer is here, in ms.
std::vector<double> times_until_answered(const std::string& socket, const std::string& bob) {
    const auto messaging = messaging_at(socket);
    std::atomic<int> answers = 0;
    std::thread reader([&] {
        receive(*messaging, "answer", [&](const v1::ReceivedMessage&) {
            ++answers;
            answers.notify_one();
            return answers != kMessages;
        });
    });
    std::vector<double> times;
    for (int at = 0; at < kMessages; ++at) {
        const auto start = Clock::now();
        send(*messaging, bob, "question");
        answers.wait(at);
        times.push_back(milliseconds_since(start));
    }
    reader.join();
    return times;
}

int measure_messages(const std::string& socket, const std::string& bob, const std::string& other) {
    const sov::support::TemporaryFolder folder;
    const std::string bare_socket = folder.path("bare.sock");
    // All are forked now, because nobody may be forked once gRPC has threads here.
    const Child bare([&] {
        BarePost service;
        serve_bare(service, bare_socket);
    });
    const Child answerer([&] { answer_at(other); });
    const Child bare_answerer([&] {
        await_bare(bare_socket);
        answer_at(bare_socket);
    });
    await_bare(bare_socket);
    const auto times = times_until_answered(socket, bob);
    row({"a message from app to app, and one back, ms, p50 / p99",
         text("%.2f / %.2f", quantile(times, 0.5), quantile(times, 0.99)), "0.6"});
    const auto least = times_until_answered(bare_socket, bob);
    row({"the same apps, with one bare gRPC server in place of both daemons",
         text("%.2f / %.2f", quantile(least, 0.5), quantile(least, 0.99)), ""});
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    if (argc == 2) return measure_calls(argv[1]);
    if (argc == 4) return measure_messages(argv[1], argv[2], argv[3]);
    std::fputs("usage: api_bench SOCKET [BOB OTHER]\n", stderr);
    return 2;
}
