// Many clients, few descriptors, and the services that gRPC brings along.

#include <fcntl.h>
#include <grpcpp/generic/generic_stub.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <thread>

#include "tests/unit/daemon/api/api_fixture.h"

namespace sov::api {
namespace {

namespace v1 = sovereign::v1;

int connect_to(const std::string& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
    const int client = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (client >= 0 &&
        ::connect(client, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
        close(client);
        return -1;
    }
    return client;
}

std::size_t open_descriptors() {
    std::size_t count = 0;
    std::error_code error;
    for (auto at = std::filesystem::directory_iterator("/proc/self/fd", error);
         !error && at != std::filesystem::directory_iterator(); at.increment(error))
        ++count;
    return count;
}

/// Another process that opens connections and does nothing with them until it is dropped.
class IdleClients {
  public:
    IdleClients(const std::string& path, int count, uid_t uid) {
        std::array<int, 2> ready{}, hold{};
        EXPECT_EQ(pipe2(ready.data(), O_CLOEXEC), 0);
        EXPECT_EQ(pipe2(hold.data(), O_CLOEXEC), 0);
        child_ = fork();
        if (child_ == 0) {
            close(hold[1]);
            // The scarcity that a test makes is the daemon's, not its clients'.
            rlimit descriptors{};
            getrlimit(RLIMIT_NOFILE, &descriptors);
            descriptors.rlim_cur = descriptors.rlim_max;
            setrlimit(RLIMIT_NOFILE, &descriptors);
            if (setresgid(uid, uid, uid) != 0 || setresuid(uid, uid, uid) != 0) _exit(1);
            int connected = 0;
            for (int at = 0; at < count; ++at) connected += connect_to(path) >= 0 ? 1 : 0;
            char byte = connected == count ? 'y' : 'n';
            if (write(ready[1], &byte, 1) != 1 || read(hold[0], &byte, 1) != 0) _exit(1);
            _exit(0);
        }
        close(ready[1]);
        close(hold[0]);
        char byte = 0;
        EXPECT_EQ(read(ready[0], &byte, 1), 1);
        EXPECT_EQ(byte, 'y') << "every client gets its connection";
        close(ready[0]);
        hold_ = hold[1];
    }
    ~IdleClients() {
        close(hold_);
        int status = 0;
        waitpid(child_, &status, 0);
    }

  private:
    pid_t child_ = -1;
    int hold_ = -1;
};

/// A smaller limit of descriptors for as long as it lives.
class FewDescriptors {
  public:
    explicit FewDescriptors(rlim_t count) {
        getrlimit(RLIMIT_NOFILE, &before_);
        rlimit few = before_;
        few.rlim_cur = count;
        EXPECT_EQ(setrlimit(RLIMIT_NOFILE, &few), 0);
    }
    ~FewDescriptors() { setrlimit(RLIMIT_NOFILE, &before_); }

  private:
    rlimit before_{};
};

/// Calls an RPC of which this project has no generated code.
grpc::Status call_raw(const std::shared_ptr<grpc::Channel>& channel, const std::string& method,
                      const std::string& request, std::string& response) {
    grpc::GenericStub stub(channel);
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(10));
    grpc::CompletionQueue queue;
    const grpc::Slice slice(request);
    const grpc::ByteBuffer out(&slice, 1);
    grpc::ByteBuffer in;
    grpc::Status status;
    auto call = stub.PrepareUnaryCall(&context, method, out, &queue);
    call->StartCall();
    call->Finish(&in, &status, nullptr);
    void* tag = nullptr;
    bool ok = false;
    queue.Next(&tag, &ok);
    std::vector<grpc::Slice> slices;
    if (in.Dump(&slices).ok()) {
        for (const auto& part : slices)
            response.append(reinterpret_cast<const char*>(part.begin()), part.size());
    }
    return status;
}

class ApiLoad : public test::ApiFixture {
  protected:
    void TearDown() override { leave(); }

    grpc::Status status_call(uid_t uid) {
        auto node = v1::Node::NewStub(channel(uid));
        grpc::ClientContext context;
        context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(10));
        v1::GetStatusResponse response;
        return node->GetStatus(&context, {}, &response);
    }
};

TEST_F(ApiLoad, five_hundred_idle_clients_starve_nobody) {
    serve();
    const IdleClients idle(path(), 500, 0);
    EXPECT_TRUE(status_call(0).ok()) << "the same user";
    EXPECT_TRUE(status_call(kStranger).ok()) << "another user";
}

TEST_F(ApiLoad, running_out_of_descriptors_starves_nobody) {
    const FewDescriptors few(96);
    serve();
    const IdleClients idle(path(), 500, 0);
    EXPECT_TRUE(status_call(0).ok());
    EXPECT_TRUE(status_call(kStranger).ok());
}

TEST_F(ApiLoad, gives_descriptors_back_when_clients_leave) {
    const FewDescriptors few(96);
    serve();
    // What gRPC opens for itself when it is first used stays.
    const std::size_t few_more = open_descriptors() + 8;
    for (int round = 0; round < 10; ++round) {
        { const IdleClients idle(path(), 100, 0); }
        // gRPC closes what its clients left behind on threads of its own.
        const auto patience = std::chrono::steady_clock::now() + std::chrono::seconds(10);
        while (open_descriptors() > few_more && std::chrono::steady_clock::now() < patience)
            std::this_thread::yield();
        ASSERT_LE(open_descriptors(), few_more);
    }
    EXPECT_TRUE(status_call(0).ok());
    EXPECT_EQ(server_->connection_counts().refused, 0u);
}

TEST_F(ApiLoad, tells_health_of_the_daemon_and_of_its_table) {
    serve();
    const auto connection = channel(kStranger);
    const auto health = [&](const std::string& subsystem) {
        std::string request, response;
        if (!subsystem.empty())
            request = "\x0a" + std::string(1, static_cast<char>(subsystem.size())) + subsystem;
        EXPECT_TRUE(call_raw(connection, "/grpc.health.v1.Health/Check", request, response).ok());
        return response;
    };
    const std::string serving = "\x08\x01", not_serving = "\x08\x02";
    EXPECT_EQ(health(""), serving);
    EXPECT_EQ(health("dht"), not_serving);
    on_core([this] {
        server_->handle_event(StateChanged{DiscoveryState::kPopulating, DiscoveryState::kReady});
    });
    EXPECT_EQ(health("dht"), serving);
    on_core([this] {
        server_->handle_event(StateChanged{DiscoveryState::kReady, DiscoveryState::kIsolated});
    });
    EXPECT_EQ(health("dht"), not_serving);
}

TEST_F(ApiLoad, describes_itself_by_reflection) {
    serve();
    // ServerReflectionRequest { list_services: "" }, field 7.
    std::string response;
    const auto status =
        call_raw(channel(), "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
                 std::string("\x3a\x00", 2), response);
    EXPECT_TRUE(status.ok()) << status.error_message();
    for (const char* service : {"sovereign.v1.Node", "sovereign.v1.Discovery", "sovereign.v1.Dht",
                                "grpc.health.v1.Health"}) {
        EXPECT_NE(response.find(service), std::string::npos) << service;
    }
}

}  // namespace
}  // namespace sov::api
