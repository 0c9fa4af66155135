#pragma once

#include "daemon/core/node.h"
#include "daemon/io/boot_timer.h"
#include "daemon/io/companion.h"
#include "daemon/io/udp_transport.h"
#include "daemon/io/work_inbox.h"

namespace sov::io {

/// The simulator's loop with real parts: receives a batch, hands it to the node, drains the node,
/// sends a batch, arms one timer. All of it, the sink and the posted work run on the thread that
/// runs `context`; only post() and now() may be called from others. Allocates nothing for a
/// datagram.
class NodeDriver {
  public:
    using Work = WorkInbox::Work;
    /// Takes every event. It must not call the node: it posts what it wants to say.
    using EventSink = std::function<void(Instant now, Event event)>;
    using Transports = std::vector<std::unique_ptr<UdpTransport>>;

    /// `node` and `context` outlive the driver; transports are open, at most one of each family.
    NodeDriver(boost::asio::io_context& context, Node& node, Transports transports, EventSink sink);
    ~NodeDriver() { stop(); }

    /// Another machine on the sockets and the timer; before start(), outlives stop().
    void share_with(Companion& companion) { seat_.take(companion); }
    /// What BootTimer::on_wake() says.
    void on_wake(std::function<void(Duration slept)> woke) { timer_.on_wake(std::move(woke)); }
    /// Starts the node and begins to receive. On the loop's thread, or before it runs.
    void start();
    /// Closes the sockets; the node is not called again, work posted later is dropped. On the
    /// loop's thread, or after it ended.
    void stop();

    /// Runs `work` on the loop's thread, in the order posted, and drains the node. Thread-safe.
    void post(Work work) { inbox_.post(std::move(work)); }
    /// Time since construction, counting suspend; Instant{} of the node. Thread-safe.
    Instant now() const { return timer_.now(); }

    std::span<const std::unique_ptr<UdpTransport>> transports() const { return transports_; }

  private:
    /// Batches received from one socket before anything else gets its turn.
    static constexpr int kBatchesPerTurn = 8;

    void take_turn(UdpTransport& transport);
    void take_timeout();
    void take_posted(const std::deque<Work>& posted);
    void apply(const Work& work);
    void drain(Instant at);
    void finish_turn(bool companion_concerned);

    Node& node_;
    Transports transports_;
    EventSink sink_;
    BootTimer timer_;
    CompanionSeat seat_;
    WorkInbox inbox_;
};

}  // namespace sov::io
