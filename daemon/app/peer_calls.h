#pragma once

#include <boost/asio/io_context.hpp>
#include <memory>
#include <optional>
#include <vector>

#include "daemon/app/log_sink.h"
#include "daemon/core/event.h"
#include "daemon/core/node.h"
#include "daemon/hub/stream_hub.h"
#include "daemon/io/node_driver.h"
#include "platform/nice/nice_agents.h"

namespace sov::app {

/// Paths through NATs for the hub: the ICE agents, and the DHT as the carrier of what calls say. A
/// word is a sealed item for the other side, which listens for them; ours are listened for as long
/// as this runs. Our address as other nodes see it is offered as a candidate, so that no server
/// is needed where routers keep ports. On the core thread.
class PeerCalls {
  public:
    /// For a listen that ended; the DHT may not be joined yet.
    static constexpr std::chrono::seconds kListenAgain{1};
    /// Between looks at our address.
    static constexpr std::chrono::seconds kLookEach{1};

    /// The agents go after the hub's sessions: this outlives `hub`'s use of it.
    PeerCalls(boost::asio::io_context& context, LogSink& log,
              std::vector<ports::IceServer> servers);

    /// Before the driver starts; all outlive every call.
    void join(io::NodeDriver& driver, const Node& node, hub::StreamHub& hub);
    /// Of calls to come.
    void set_servers(std::vector<ports::IceServer> servers);
    /// Words of the hub's.
    void carry(const hub::SignalWanted& words);
    /// Every event of the node.
    void handle_event(Instant now, const Event& event);
    /// After the hub's and the node's turn: listens when it is time, follows our address.
    void update(Instant now);
    Instant next_timeout() const { return listen_at_; }
    void stop() { stopped_ = true; }
    ports::IceAgents& agents() { return agents_; }

  private:
    void tell_options();
    void log_words(const char* event, const char* text, const PeerId& peer, std::size_t size);

    LogSink& log_;
    nice::NiceAgents agents_;
    std::vector<ports::IceServer> servers_;
    io::NodeDriver* driver_ = nullptr;
    const Node* node_ = nullptr;
    hub::StreamHub* hub_ = nullptr;
    std::optional<CommandId> listen_;
    Instant listen_at_{}, look_at_{};
    bool listening_posted_ = false, listening_told_ = false, stopped_ = false;
    Endpoint seen_as_;
    std::vector<Endpoint> extra_;  ///< where our sessions may be reached besides
};

}  // namespace sov::app
