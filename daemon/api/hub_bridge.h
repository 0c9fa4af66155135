#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <unordered_map>

#include "daemon/api/core_bridge.h"
#include "daemon/hub/stream_hub.h"

namespace sov::api {

/// As CoreBridge, for the hub beside the node: every caller is answered exactly once, with null
/// when there is no core any more. Work for the hub goes through the same queue as work for the
/// node.
class HubBridge {
  public:
    /// `hub` is null in a daemon without connections: nobody may ask then.
    HubBridge(CoreBridge& bridge, hub::StreamHub* hub) : bridge_(bridge), hub_(hub) {}
    ~HubBridge() { close(); }
    HubBridge(const HubBridge&) = delete;
    HubBridge& operator=(const HubBridge&) = delete;

    bool present() const { return hub_ != nullptr; }
    /// Only on the core thread, only while present() and before close().
    hub::StreamHub& hub() { return *hub_; }

    using Begin = std::function<CommandId(Instant now, hub::StreamHub& hub)>;
    using Answer = std::function<void(const hub::HubEvent* event)>;
    /// Runs `begin` on the core thread and calls `answer` with the event that carries its id, on
    /// the core thread; with null, on any thread, when there is no core any more. Thread-safe.
    void command(CoreBridge::Ticket ticket, Begin begin, Answer answer);
    /// Ends a command early: its answer says cancelled. Thread-safe.
    void cancel(CoreBridge::Ticket ticket);

    using Follower = std::function<void(const hub::ConnectStep& step)>;
    /// Tells what happens on the way to this peer until the command of this ticket is answered.
    /// Before command(). Thread-safe.
    void follow(CoreBridge::Ticket ticket, const PeerId& peer, Follower follower);

    /// Every event of the hub passes here. Core thread.
    void handle_event(const hub::HubEvent& event);
    /// Answers everybody who waits with null. On the core thread, or after it ended. Idempotent.
    void close();

  private:
    class Pending;
    struct Waiting {
        CoreBridge::Ticket ticket;
        std::shared_ptr<Pending> pending;
    };

    CoreBridge& bridge_;
    hub::StreamHub* hub_;
    // The core thread's own.
    std::unordered_map<std::uint64_t, Waiting> waiting_;       // by command id
    std::unordered_map<std::uint64_t, CommandId> command_of_;  // by ticket
    struct Following {
        PeerId peer;
        Follower follower;
    };
    std::map<std::uint64_t, Following> followers_;  // by ticket
};

}  // namespace sov::api
