#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>
#include <thread>

#include "daemon/core/identity/peer_name.h"
#include "sovereign/v1/connections.grpc.pb.h"
#include "tests/unit/daemon/api/api_fixture.h"
#include "tests/unit/daemon/hub/hub_world.h"

namespace sov::api::test {

namespace v1 = sovereign::v1;

/// The API around a hub that has real QUIC to another peer, on a network and a clock of its own:
/// each piece of work on the core thread is followed by a moment of that time.
class ConnectionCalls : public ApiFixture {
  protected:
    struct World final : hub::HubWorld {
        void TestBody() override {}
    };
    using Calls = v1::Connections::Stub;
    using StreamChannel = grpc::ClientReaderWriter<v1::StreamInput, v1::StreamOutput>;

    void adjust(ApiServer::Options& options) override {
        options.hub = here_.hub.get();
        options.loop = &context_;
        auto door = ApiSocket::bind(path() + ".streams", 0666);
        ASSERT_TRUE(std::holds_alternative<ApiSocket>(door));
        options.stream_socket.emplace(std::move(std::get<ApiSocket>(door)));
        options.post = [this](CoreBridge::Work work) {
            driver_->post([this, work = std::move(work)](Instant, Node& node) {
                work(world_.wire.now, node);
                pass(std::chrono::milliseconds(100));
            });
        };
    }
    ~ConnectionCalls() override { leave(); }

    /// Lets the world's time pass. Core thread.
    void pass(Duration time) {
        world_.pass(time);
        for (; told_ < here_.events.size(); ++told_)
            server_->handle_event(world_.wire.now, here_.events[told_]);
    }
    void later(Duration time) {
        on_core([&] { pass(time); });
    }
    /// Lets time pass until the other side has seen what it should.
    template <typename Condition>
    bool soon(const Condition& condition) {
        const auto patience = std::chrono::steady_clock::now() + std::chrono::seconds(20);
        while (std::chrono::steady_clock::now() < patience) {
            if (on_core([&] {
                    // Little at a time: what the API does each real second must not come minutes
                    // late.
                    pass(std::chrono::milliseconds(1));
                    return condition();
                }))
                return true;
            std::this_thread::yield();
        }
        return false;
    }

    std::unique_ptr<Calls> calls(uid_t uid = 0) { return v1::Connections::NewStub(channel(uid)); }
    std::string there_text() const { return identity::peer_text(there_.id()); }
    void befriend(const PeerId& peer, const std::string& note) {
        on_core([&] { EXPECT_TRUE(node_->add_friend(driver_->now(), peer, note).has_value()); });
    }

    v1::StreamInput opening(const std::string& protocol = hub::kTalk, bool socket = false) const {
        v1::StreamInput input;
        input.mutable_opening()->mutable_target()->set_peer_text(there_text());
        input.mutable_opening()->add_protocols(protocol);
        input.mutable_opening()->set_socket(socket);
        return input;
    }
    static v1::StreamInput data(std::string bytes) {
        v1::StreamInput input;
        input.set_data(std::move(bytes));
        return input;
    }
    grpc::Status connect(Calls& stub, v1::ConnectRequest request, v1::ConnectProgress* last) {
        grpc::ClientContext context;
        const auto reader = stub.Connect(&context, request);
        v1::ConnectProgress progress;
        while (reader->Read(&progress)) *last = progress;
        return reader->Finish();
    }
    /// Opens a stream through a call; null with the status when that fails.
    std::unique_ptr<StreamChannel> open(Calls& stub, grpc::ClientContext& context,
                                        const v1::StreamInput& first, v1::StreamOutput* opened,
                                        grpc::Status* status = nullptr) {
        auto stream = stub.OpenStream(&context);
        stream->Write(first);
        if (stream->Read(opened) && opened->has_opened()) return stream;
        const auto end = stream->Finish();
        if (status != nullptr) *status = end;
        return nullptr;
    }

    /// Streams of the other side that were refused, before or after it saw them open. Core thread.
    std::size_t turned_away() const { return there_.app.over.size() + there_.app.failed.size(); }

    World world_;
    hub::Peer& here_ = world_.peer(1);
    hub::Peer& there_ = world_.peer(2);
    std::size_t told_ = 0;
};

}  // namespace sov::api::test
