#pragma once

#include <functional>
#include <map>

#include "daemon/app/log_sink.h"
#include "daemon/core/node.h"
#include "daemon/hub/courier.h"
#include "daemon/io/node_driver.h"
#include "daemon/ports/store.h"

namespace sov::app {

/// Messages in the daemon: the courier, its disk, and the mailbox that the node keeps in the DHT.
/// On the core thread.
class PostOffice {
  public:
    /// For whoever shows messages.
    using EventSink = std::function<void(Instant now, const hub::PostEvent& event)>;

    struct Options {
        UnixMillis wall_clock = 0;  ///< the Unix time at Instant{}
        std::uint64_t line = 0;     ///< random
        std::uint64_t seed = 0;
        std::function<bool(const PeerId&)> is_friend, is_welcome;  ///< as the courier wants them
    };

    /// All outlive this. What is damaged in `stored` stays on the disk, unread, and is logged.
    PostOffice(hub::StreamHub& hub, io::NodeDriver& driver, ports::Store& store, LogSink& log,
               Options options, const ports::StoredState& stored, EventSink sink);

    /// Opens the mailbox. After the node has been started.
    void start();
    hub::Courier& courier() { return courier_; }

    /// Every event of the node.
    void handle_event(const Event& event);
    void handle_network_change(Instant now) { courier_.handle_network_change(now); }
    void handle_timeout(Instant now);
    /// Carries out what the courier asked for. After every input.
    void settle(Instant now);
    Instant next_timeout() const { return earliest(courier_.next_timeout(), listen_at_); }

  private:
    struct Restored {
        std::vector<messaging::OutgoingMessage> outgoing;
        messaging::Incoming::Restored incoming;
    };
    static Restored restore(const ports::StoredState& stored, LogSink& log);
    PostOffice(hub::StreamHub& hub, io::NodeDriver& driver, ports::Store& store, LogSink& log,
               Options options, Restored restored, EventSink sink);

    class Router;
    void leave_mail(hub::LeaveMail mail);
    void listen();
    void submit(ports::StoreWrite write);

    io::NodeDriver& driver_;
    ports::Store& store_;
    LogSink& log_;
    hub::Courier courier_;
    EventSink sink_;
    std::map<CommandId, std::uint64_t> leaving_;  ///< tickets of letters on their way to mailboxes
    CommandId listening_ = kNoCommand;
    Instant listen_at_ = kNever;  ///< when to try again
};

}  // namespace sov::app
