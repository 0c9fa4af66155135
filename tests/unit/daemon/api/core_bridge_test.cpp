#include "daemon/api/core_bridge.h"

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <memory>
#include <string>
#include <vector>

#include "daemon/core/base/contact_book.h"
#include "daemon/core/base/packet_pool.h"
#include "platform/openssl/host_crypto.h"

namespace sov::api {
namespace {

/// A bridge to a core that runs only when the test says so.
class CoreBridgeTest : public testing::Test {
  protected:
    CoreBridgeTest()
        : node_(Surroundings{crypto_, book_, packets_}, options(), RestoredState{}, 0, 1) {}

    static NodeOptions options() {
        NodeOptions options;
        openssl::HostCrypto crypto;
        options.user_key = crypto.make_signing_key({1});
        options.node_key = crypto.make_signing_key({2});
        return options;
    }

    void run_core() {
        for (const auto& work : std::exchange(posted_, {})) {
            work(Instant{}, node_);
            while (node_.poll_transmit() != nullptr) {
            }
            while (auto event = node_.poll_event()) bridge_.handle_event(*event);
        }
    }

    /// An id that the node itself never gives out in these tests.
    static CoreBridge::Begin begins(std::uint64_t id) {
        return [id](Instant, Node&) { return static_cast<CommandId>(id); };
    }
    static Event answer_to(std::uint64_t id) {
        FindFinished finished;
        finished.command = static_cast<CommandId>(id);
        return finished;
    }

    openssl::HostCrypto crypto_;
    ContactBook book_;
    PacketPool packets_;
    Node node_;
    std::vector<CoreBridge::Work> posted_;
    CoreBridge bridge_{[this](CoreBridge::Work work) { posted_.push_back(std::move(work)); }};
};

TEST_F(CoreBridgeTest, gives_what_comes_before_the_answer_only_to_whoever_asked) {
    std::vector<std::string> heard;
    for (const std::string caller : {"one", "other"}) {
        bridge_.command(
            bridge_.reserve_ticket(), begins(caller == "one" ? 100 : 101),
            [&heard, caller](const Event*) { heard.push_back(caller + " answered"); },
            [&heard, caller](const ProviderConfirmed&) { heard.push_back(caller + " told"); });
    }
    run_core();
    bridge_.handle_event(ProviderConfirmed{CommandId{100}, {}});
    bridge_.handle_event(ProviderConfirmed{CommandId{7}, {}});
    bridge_.handle_event(answer_to(100));
    bridge_.handle_event(ProviderConfirmed{CommandId{100}, {}});
    EXPECT_EQ(heard, (std::vector<std::string>{"one told", "one answered"}));
    EXPECT_EQ(bridge_.waiting(), 1U);
    bridge_.close();
    EXPECT_EQ(heard.back(), "other answered");
}

TEST_F(CoreBridgeTest, gives_each_answer_to_whoever_asked) {
    std::vector<int> answered;
    for (int caller = 0; caller < 3; ++caller) {
        bridge_.command(bridge_.reserve_ticket(),
                        begins(1'000'000 + static_cast<std::uint64_t>(caller)),
                        [&answered, caller](const Event* event) {
                            EXPECT_NE(event, nullptr);
                            answered.push_back(caller);
                        });
    }
    EXPECT_EQ(bridge_.waiting(), 0u) << "the core has not run yet";
    run_core();
    EXPECT_EQ(bridge_.waiting(), 3u);
    bridge_.handle_event(answer_to(1'000'002));
    bridge_.handle_event(answer_to(1'000'000));
    bridge_.handle_event(answer_to(1'000'000));
    bridge_.handle_event(answer_to(7));
    EXPECT_EQ(answered, (std::vector{2, 0}));
    EXPECT_EQ(bridge_.waiting(), 1u);
    bridge_.handle_event(answer_to(1'000'001));
    EXPECT_EQ(answered, (std::vector{2, 0, 1}));
    EXPECT_EQ(bridge_.waiting(), 0u);
}

TEST_F(CoreBridgeTest, answers_a_command_that_the_node_refuses_at_once) {
    bool answered = false;
    bridge_.command(
        bridge_.reserve_ticket(),
        [](Instant now, Node& node) { return node.find_name(now, "not a name", false); },
        [&](const Event* event) {
            answered = true;
            ASSERT_NE(event, nullptr);
            EXPECT_EQ(std::get<FindFinished>(*event).found.error, Errc::kInvalidArgument);
        });
    run_core();
    EXPECT_TRUE(answered);
    EXPECT_EQ(bridge_.waiting(), 0u);
}

TEST_F(CoreBridgeTest, answers_everybody_with_nothing_when_it_closes) {
    int unanswered = 0;
    const auto count = [&](const Event* event) { unanswered += event == nullptr ? 1 : 0; };
    bridge_.command(bridge_.reserve_ticket(), begins(1'000'000), count);
    run_core();
    bridge_.command(bridge_.reserve_ticket(), begins(1'000'001), count);
    bridge_.close();
    EXPECT_EQ(unanswered, 1) << "the second one is still in the core's queue";
    posted_.clear();
    EXPECT_EQ(unanswered, 2) << "and is answered when the queue is dropped";
    bridge_.command(bridge_.reserve_ticket(), begins(1'000'002), count);
    bridge_.ask([&](Instant, Node* node) { unanswered += node == nullptr ? 1 : 0; });
    EXPECT_EQ(unanswered, 4);
    EXPECT_TRUE(posted_.empty());
}

TEST_F(CoreBridgeTest, goes_on_in_the_same_turn_and_asks_for_one_elsewhere) {
    std::vector<int> order;
    bridge_.go_on([&](Instant, Node*) { order.push_back(3); });
    EXPECT_TRUE(order.empty()) << "there is no turn to go on in";
    bridge_.ask([&](Instant, Node*) {
        bridge_.go_on([&](Instant, Node* node) {
            EXPECT_EQ(node, &node_);
            order.push_back(1);
        });
        order.push_back(2);
    });
    std::swap(posted_[0], posted_[1]);
    run_core();
    EXPECT_EQ(order, (std::vector{1, 2, 3}));
    bridge_.close();
    bool left = false;
    bridge_.go_on([&](Instant, Node* node) { left = node == nullptr; });
    EXPECT_TRUE(left);
}

TEST_F(CoreBridgeTest, ignores_the_cancellation_of_what_was_answered) {
    int answers = 0;
    const auto ticket = bridge_.reserve_ticket();
    bridge_.command(ticket, begins(1'000'000), [&](const Event*) { ++answers; });
    run_core();
    bridge_.handle_event(answer_to(1'000'000));
    bridge_.cancel(ticket);
    bridge_.cancel(static_cast<CoreBridge::Ticket>(999));
    run_core();
    EXPECT_EQ(answers, 1);
}

}  // namespace
}  // namespace sov::api
