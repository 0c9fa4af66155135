// Whole daemons in this process: real sockets on loopback, a real database, a real client.

#include "daemon/app/daemon.h"

#include <grpcpp/create_channel.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <thread>

#include "sovereign/v1/discovery.grpc.pb.h"
#include "sovereign/v1/node.grpc.pb.h"
#include "tests/support/temporary_folder.h"

namespace sov::app {
namespace {

namespace v1 = sovereign::v1;
using namespace std::chrono_literals;

/// One daemon on a thread of its own. Its UDP port is chosen by the system.
class RunningDaemon {
  public:
    RunningDaemon(const std::string& folder, const std::string& name, const std::string& bootstrap,
                  Overrides more = {})
        : socket_(folder + "/" + name + ".sock") {
        Overrides overrides{{"node.state_dir", folder + "/" + name},
                            {"node.mode", "server"},
                            {"node.network", "unit test"},
                            {"node.work_bits", "2"},
                            {"names.work_bits", "2"},
                            {"udp.port", "0"},
                            {"udp.ipv6", "no"},
                            {"udp.bind", "127.0.0.1"},
                            {"api.socket", socket_}};
        if (!bootstrap.empty()) overrides.emplace_back("bootstrap.peer", bootstrap);
        std::erase_if(overrides, [&](const auto& mine) {
            return std::any_of(more.begin(), more.end(),
                               [&](const auto& other) { return other.first == mine.first; });
        });
        overrides.insert(overrides.end(), more.begin(), more.end());
        // An empty file, so that nothing of this host's own configuration comes in.
        const std::string file = folder + "/" + name + ".conf";
        std::ofstream(file).close();
        const ConfigOutcome outcome = load_config(file, overrides);
        EXPECT_TRUE(outcome.problems.empty()) << describe(outcome.problems);
        daemon_ = std::make_unique<Daemon>(outcome.config, ConfigSource{file, overrides}, log_);
        failure = daemon_->prepare();
        if (!failure) thread_ = std::thread([this] { daemon_->run(); });
    }
    ~RunningDaemon() { leave(); }

    /// Asks it to leave and waits; how long that took.
    std::chrono::milliseconds leave(bool at_once = false) {
        const auto began = std::chrono::steady_clock::now();
        if (thread_.joinable()) {
            grpc::ClientContext context;
            v1::ShutdownRequest request;
            request.set_at_once(at_once);
            v1::ShutdownResponse response;
            const auto status =
                v1::Node::NewStub(channel())->Shutdown(&context, request, &response);
            EXPECT_TRUE(status.ok()) << status.error_message();
            thread_.join();
        }
        daemon_.reset();
        return std::chrono::duration_cast<std::chrono::milliseconds>(
            std::chrono::steady_clock::now() - began);
    }

    std::shared_ptr<grpc::Channel> channel() const {
        grpc::ChannelArguments arguments;
        arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
        return grpc::CreateCustomChannel("unix:" + socket_, grpc::InsecureChannelCredentials(),
                                         arguments);
    }

    v1::GetStatusResponse status() const {
        grpc::ClientContext context;
        context.set_deadline(std::chrono::system_clock::now() + 10s);
        context.set_wait_for_ready(true);
        v1::GetStatusResponse response;
        const auto status = v1::Node::NewStub(channel())->GetStatus(&context, {}, &response);
        EXPECT_TRUE(status.ok()) << status.error_message();
        return response;
    }

    std::string bootstrap_line() const {
        grpc::ClientContext context;
        v1::GetIdentityResponse response;
        EXPECT_TRUE(v1::Node::NewStub(channel())->GetIdentity(&context, {}, &response).ok());
        return response.bootstrap_line();
    }

    /// Follows its discovery until it is ready; false after twenty seconds.
    bool wait_ready() const {
        grpc::ClientContext context;
        context.set_deadline(std::chrono::system_clock::now() + 20s);
        v1::WatchRequest request;
        request.set_from_oldest(true);
        auto stream = v1::Discovery::NewStub(channel())->Watch(&context, request);
        v1::Event event;
        while (stream->Read(&event)) {
            if (event.has_state_changed() &&
                event.state_changed().to() == v1::DISCOVERY_STATE_READY)
                return true;
        }
        return false;
    }

    std::optional<StartFailure> failure;

  private:
    std::string socket_;
    LogSink log_{{.base = api::LogLevel::kError, .modules = {}}, LogTarget::kStderr};
    std::unique_ptr<Daemon> daemon_;
    std::thread thread_;
};

class DaemonTest : public testing::Test {
  protected:
    support::TemporaryFolder temporary_;
    std::string folder_ = temporary_.path();
};

grpc::Status claim(const RunningDaemon& daemon, const std::string& name,
                   v1::ClaimNameResponse& response) {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + 20s);
    v1::ClaimNameRequest request;
    request.set_name(name);
    return v1::Discovery::NewStub(daemon.channel())->ClaimName(&context, request, &response);
}

grpc::Status find(const RunningDaemon& daemon, const std::string& name,
                  v1::FindPeerResponse& response) {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + 20s);
    v1::FindPeerRequest request;
    request.set_name(name);
    request.set_trace(true);
    return v1::Discovery::NewStub(daemon.channel())->FindPeer(&context, request, &response);
}

TEST_F(DaemonTest, answers_its_api_before_it_has_found_anybody) {
    RunningDaemon daemon(folder_, "alone", "");
    ASSERT_FALSE(daemon.failure) << daemon.failure->message;
    const auto status = daemon.status();
    EXPECT_EQ(status.verdict(), v1::VERDICT_OFFLINE) << status.sentence();
    ASSERT_GE(status.reasons_size(), 1);
    EXPECT_EQ(status.reasons(0).code(), "no_bootstrap");
    EXPECT_FALSE(status.reasons(0).next_step().empty());
    EXPECT_EQ(status.network_name(), "unit test");
    EXPECT_NE(daemon.bootstrap_line().find("@127.0.0.1:"), std::string::npos);
}

TEST_F(DaemonTest, finds_a_peer_by_the_name_it_claimed) {
    RunningDaemon first(folder_, "first", "");
    ASSERT_FALSE(first.failure);
    RunningDaemon second(folder_, "second", first.bootstrap_line());
    ASSERT_FALSE(second.failure);
    ASSERT_TRUE(second.wait_ready());
    v1::ClaimNameResponse claimed;
    const auto claiming = claim(second, "Bob", claimed);
    ASSERT_TRUE(claiming.ok()) << claiming.error_message();
    EXPECT_EQ(claimed.name(), "bob");
    EXPECT_GE(claimed.stored(), 1u);
    v1::FindPeerResponse found;
    const auto finding = find(first, "bob", found);
    ASSERT_TRUE(finding.ok()) << finding.error_message();
    ASSERT_EQ(found.peers_size(), 1);
    EXPECT_EQ(found.peers(0).peer().text(), second.status().peer().text());
    EXPECT_TRUE(found.peers(0).located());
    EXPECT_GE(found.peers(0).nodes_size(), 1);
    v1::FindPeerResponse missed;
    const auto missing = find(first, "nobody-has-this-name", missed);
    ASSERT_TRUE(missing.ok()) << missing.error_message();
    EXPECT_EQ(missed.miss().code(), "not_found");
    EXPECT_EQ(second.status().verdict(), v1::VERDICT_ONLINE) << second.status().sentence();
}

TEST_F(DaemonTest, keeps_its_identity_and_its_names_over_a_restart) {
    RunningDaemon first(folder_, "first", "");
    const std::string line = first.bootstrap_line();
    std::string peer;
    {
        RunningDaemon second(folder_, "second", line);
        ASSERT_TRUE(second.wait_ready());
        v1::ClaimNameResponse claimed;
        ASSERT_TRUE(claim(second, "bob", claimed).ok());
        peer = second.status().peer().text();
    }
    RunningDaemon again(folder_, "second", line);
    ASSERT_FALSE(again.failure);
    EXPECT_EQ(again.status().peer().text(), peer);
    const auto status = again.status();
    ASSERT_EQ(status.names_size(), 1);
    EXPECT_EQ(status.names(0).name(), "bob");
}

TEST_F(DaemonTest, leaves_in_under_three_seconds) {
    RunningDaemon first(folder_, "first", "");
    RunningDaemon second(folder_, "second", first.bootstrap_line());
    ASSERT_TRUE(second.wait_ready());
    EXPECT_LT(second.leave(), 3000ms);
    EXPECT_LT(first.leave(true), 3000ms);
}

TEST_F(DaemonTest, refuses_to_be_the_second_on_one_state_folder) {
    RunningDaemon first(folder_, "first", "");
    RunningDaemon second(folder_, "second", "", {{"node.state_dir", folder_ + "/first"}});
    ASSERT_TRUE(second.failure);
    EXPECT_EQ(second.failure->exit_code, kExitSecondInstance);
    EXPECT_NE(second.failure->message.find(folder_ + "/first"), std::string::npos)
        << second.failure->message;
}

TEST_F(DaemonTest, refuses_to_be_the_second_on_one_socket) {
    RunningDaemon first(folder_, "first", "");
    RunningDaemon second(folder_, "second", "", {{"api.socket", folder_ + "/first.sock"}});
    ASSERT_TRUE(second.failure);
    EXPECT_EQ(second.failure->exit_code, kExitSecondInstance);
    EXPECT_FALSE(first.status().version().empty()) << "the first one is not disturbed";
}

TEST_F(DaemonTest, refuses_to_require_a_signature_that_it_cant_check) {
    openssl::HostCrypto crypto;
    RunningDaemon strict(folder_, "strict", "", {{"identity.post_quantum", "require"}});
    if (crypto.has_post_quantum()) {
        EXPECT_FALSE(strict.failure);
        EXPECT_TRUE(strict.status().signatures().signs());
        return;
    }
    ASSERT_TRUE(strict.failure);
    EXPECT_EQ(strict.failure->exit_code, kExitUnusable);
    EXPECT_NE(strict.failure->message.find("OpenSSL 3.5"), std::string::npos);
    EXPECT_NE(strict.failure->message.find("identity.post_quantum = prefer"), std::string::npos);
    RunningDaemon usual(folder_, "usual", "");
    EXPECT_EQ(usual.status().signatures().post_quantum_policy(), "prefer");
    EXPECT_FALSE(usual.status().signatures().post_quantum_available());
    EXPECT_TRUE(usual.status().signatures().crypto_library().starts_with("OpenSSL "));
}

TEST_F(DaemonTest, names_a_busy_port_and_how_to_find_who_has_it) {
    RunningDaemon first(folder_, "first", "");
    const std::string line = first.bootstrap_line();
    const std::string port = line.substr(line.rfind(':') + 1);
    RunningDaemon second(folder_, "second", "", {{"udp.port", port}});
    ASSERT_TRUE(second.failure);
    EXPECT_EQ(second.failure->exit_code, kExitFailed);
    EXPECT_NE(second.failure->message.find(port), std::string::npos);
    EXPECT_NE(second.failure->message.find("ss -ulpn"), std::string::npos);
}

}  // namespace
}  // namespace sov::app
