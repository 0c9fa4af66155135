#pragma once

#include <grpcpp/create_channel.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <atomic>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <filesystem>
#include <future>
#include <memory>
#include <string>
#include <thread>

#include "daemon/api/api_server.h"
#include "daemon/core/base/contact_book.h"
#include "daemon/core/base/packet_pool.h"
#include "daemon/io/node_driver.h"
#include "platform/openssl/host_crypto.h"
#include "sovereign/v1/dht.grpc.pb.h"
#include "sovereign/v1/discovery.grpc.pb.h"
#include "sovereign/v1/local.grpc.pb.h"
#include "sovereign/v1/node.grpc.pb.h"
#include "tests/support/temporary_folder.h"

namespace sov::api::test {

/// A vault without files: its work is done at once, on the thread that asks for it.
class RememberingVault final : public IdentityVault {
  public:
    bool begin(std::function<void()> job) override {
        if (busy) return false;
        job();
        return true;
    }
    std::optional<PeerId> next() const override { return waiting; }
    std::string source() const override { return "a test"; }
    std::variant<std::string, VaultProblem> seal(std::string_view passphrase) override {
        return "sealed with " + std::string(passphrase);
    }
    std::variant<Opened, VaultProblem> open(std::string_view sealed, std::string_view, bool take,
                                            bool in_use, bool replace) override {
        if (sealed == "damaged") return VaultProblem{"damaged", "it is damaged", "take another"};
        if (take && in_use && !replace)
            return VaultProblem{"identity_in_use", "it is in use", "--force"};
        return Opened{PeerId{{7}}, 1, false, take ? "old.key" : ""};
    }
    std::variant<Rotated, VaultProblem> rotate() override {
        if (waiting) return VaultProblem{"identity_in_use", "replaced already", "restart"};
        waiting = PeerId{{8}};
        return Rotated{PeerId{{7}}, *waiting, "old.key"};
    }

    bool busy = false;
    std::optional<PeerId> waiting;
};

/// A daemon around the node that only remembers what it was asked for.
class RememberingHost final : public Host {
  public:
    const HostFacts& facts() const override { return facts_; }
    std::vector<Endpoint> listening() const override { return {Endpoint::v4(0, 6881)}; }
    std::vector<Endpoint> local_addresses() const override {
        return {Endpoint::v4(0xc0000201, 6881)};
    }
    std::string store_problem() const override { return {}; }
    std::string store_notice() const override { return {}; }
    IdentityVault& vault() override { return identity_vault; }
    MachineFacts machine() const override { return machine_facts; }
    std::optional<ports::MappingChanged> port_mapping() const override { return mapping; }
    bool port_mapping_wanted() const override { return mapping.has_value(); }
    std::string datagram_relay() const override { return relay; }
    std::vector<LinkFact> links() const override { return {{"wlan0", true, true}}; }
    bool check_network(Instant, Node&, NetSink sink) override {
        if (net_checks_refused) return false;
        sink({4, 1, nullptr});
        sink({4, 4, &net_tests});
        return true;
    }
    std::optional<ListFacts> bootstrap_list() const override { return list; }
    std::vector<LayerSwitch> layers() const override {
        return {{"bootstrap", true}, {"dht", true}};
    }
    void layer_switched(std::string_view, bool) override {}
    std::vector<ModuleLevel> log_levels() const override { return {{"dht", level_, {}, {}}}; }
    bool set_log_level(std::string_view module, LogLevel level,
                       std::chrono::milliseconds) override {
        if (module == "dht") level_ = level;
        return module == "dht";
    }
    ReloadOutcome reload_config() override { return {reload_error, {}, {}}; }
    void shut_down(bool) override { ++shutdowns; }
    void name_unpinned(std::string_view) override {}

    RememberingVault identity_vault;
    std::string reload_error;
    MachineFacts machine_facts;
    std::optional<ListFacts> list;
    std::optional<ports::MappingChanged> mapping;
    std::string relay;
    NetTests net_tests;
    bool net_checks_refused = false;
    std::atomic<int> shutdowns = 0;

  private:
    HostFacts facts_{.version = "1.2.3",
                     .peer = {},
                     .node = {},
                     .network = {},
                     .network_name = "test",
                     .mode = {},
                     .node_key_persistent = true};
    LogLevel level_ = LogLevel::kInfo;
};

/// The API around a real node that has no sockets, on a core thread of its own. Who the next caller
/// is decides `caller_uid`: 0 is root, kUser is in the group with the role use, everybody else
/// observes, apart from who sits at this host.
class ApiFixture : public testing::Test {
  protected:
    static constexpr uid_t kUser = 1000, kStranger = 1001, kSeated = 1002;
    static constexpr gid_t kUseGroup = 500;

    ApiFixture() {
        NodeOptions options;
        options.user_key = crypto_.make_signing_key({1});
        options.node_key = crypto_.make_signing_key({2});
        options.key_work_bits = options.name_work_bits = 0;
        options.mode = NodeMode::kServer;
        options.local = true;
        node_ = std::make_unique<Node>(Surroundings{crypto_, book_, packets_}, options,
                                       RestoredState{}, 0, 1);
        driver_ = std::make_unique<io::NodeDriver>(
            context_, *node_, io::NodeDriver::Transports{},
            [this](Instant, const Event& event) { server_->handle_event(event); });
    }

    ~ApiFixture() override { leave(); }

    /// What a test wants otherwise.
    virtual void adjust(ApiServer::Options&) {}

    void serve(ApiLimits limits = {}) {
        auto socket = ApiSocket::bind(path(), 0666);
        ASSERT_TRUE(std::holds_alternative<ApiSocket>(socket));
        ApiServer::Options options;
        options.rules = {990, {kUseGroup}, {}, true};
        options.journal = journal;
        options.sessions = [this](uid_t uid) { return uid == seated_uid; };
        options.limits = limits;
        options.post = [this](CoreBridge::Work work) { driver_->post(std::move(work)); };
        options.caller_reader = [this](int) {
            const uid_t uid = caller_uid;
            return std::optional(
                Caller{uid,
                       uid,
                       caller_pid,
                       uid == kUser ? std::vector<gid_t>{kUseGroup} : std::vector<gid_t>{},
                       {}});
        };
        adjust(options);
        server_ = std::make_unique<ApiServer>(std::move(std::get<ApiSocket>(socket)), host_,
                                              crypto_, std::move(options));
        driver_->start();
        core_ = std::thread([this] { context_.run(); });
    }

    /// What the daemon does when it leaves. Idempotent.
    void leave() {
        if (!core_.joinable()) return;
        boost::asio::post(context_, [this] {
            driver_->stop();
            server_->close_bridge();
            context_.stop();
        });
        core_.join();
        context_.restart();
        context_.poll();
        server_.reset();
    }

    /// Runs something on the core thread and waits for it.
    template <typename Work>
    auto on_core(Work work) {
        std::promise<decltype(work())> done;
        boost::asio::post(context_, [&] {
            if constexpr (std::is_void_v<decltype(work())>) {
                work();
                done.set_value();
            } else {
                done.set_value(work());
            }
        });
        return done.get_future().get();
    }

    std::string path() const { return folder_ + "/api.sock"; }

    /// A connection of its own, not one that gRPC shares between channels.
    std::shared_ptr<grpc::Channel> channel(uid_t uid = 0) {
        caller_uid = uid;
        grpc::ChannelArguments arguments;
        arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
        auto made = grpc::CreateCustomChannel("unix:" + path(), grpc::InsecureChannelCredentials(),
                                              arguments);
        EXPECT_TRUE(
            made->WaitForConnected(std::chrono::system_clock::now() + std::chrono::seconds(10)));
        return made;
    }

    /// The detail of a status that is not OK.
    static sovereign::v1::ErrorDetail detail(const grpc::Status& status) {
        sovereign::v1::ErrorDetail detail;
        EXPECT_TRUE(detail.ParseFromString(status.error_details()));
        EXPECT_EQ(detail.message(), status.error_message());
        return detail;
    }

    std::atomic<uid_t> caller_uid = 0;
    AuditLog::Journal journal;
    std::atomic<pid_t> caller_pid = 1;
    std::atomic<uid_t> seated_uid = 0;  ///< who sits at this host; 0: nobody
    support::TemporaryFolder temporary_;
    std::string folder_ = temporary_.path();
    openssl::HostCrypto crypto_;
    ContactBook book_;
    PacketPool packets_;
    RememberingHost host_;
    boost::asio::io_context context_{1};
    boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_ =
        boost::asio::make_work_guard(context_);
    std::unique_ptr<Node> node_;
    std::unique_ptr<io::NodeDriver> driver_;
    std::unique_ptr<ApiServer> server_;
    std::thread core_;
};

}  // namespace sov::api::test
