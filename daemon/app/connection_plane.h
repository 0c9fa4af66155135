#pragma once

#include <functional>
#include <map>
#include <memory>
#include <vector>

#include "daemon/app/config.h"
#include "daemon/app/ice_server_list.h"
#include "daemon/app/log_sink.h"
#include "daemon/app/look_pace.h"
#include "daemon/app/network_check.h"
#include "daemon/app/peer_calls.h"
#include "daemon/app/post_office.h"
#include "daemon/app/udp_detour.h"
#include "daemon/core/identity/crypto.h"
#include "daemon/core/node.h"
#include "daemon/hub/stream_hub.h"
#include "daemon/io/node_driver.h"
#include "daemon/io/udp_path.h"
#include "daemon/ports/store.h"
#include "platform/quic/quic_transport.h"

namespace sov::app {

/// Connections to peers beside the node: QUIC on the node's own sockets, the hub over it, and the
/// answers to what the hub asks: where a peer is, and who is a friend. On the core thread.
class ConnectionPlane final : public io::Companion {
  public:
    using EventSink = std::function<void(Instant now, const hub::HubEvent& event)>;

    /// Nothing when no certificate can be made, or connect.turn_ca_file can't be read (the log says
    /// which). `crypto` outlives this.
    static std::unique_ptr<ConnectionPlane> make(boost::asio::io_context& context,
                                                 identity::Crypto& crypto,
                                                 const identity::SigningKey& user,
                                                 const Config& config, LogSink& log);

    /// Joins it to the node and its sockets. Before the driver starts; both outlive every call.
    void join(io::NodeDriver& driver, const Node& node, EventSink sink);
    /// Messages over these connections. After join(), before the driver starts.
    void carry_messages(identity::Crypto& crypto, ports::Store& store, UnixMillis wall_clock,
                        const ports::StoredState& stored, PostOffice::EventSink sink);
    hub::StreamHub& hub() { return *hub_; }
    /// Only after carry_messages().
    PostOffice& post() { return *post_; }
    void set_admission(hub::Admission admission);
    /// The clock of this host was set: it is this Unix time now.
    void set_wall_clock(Instant now, UnixMillis time);
    /// What connections use of the way to the Internet.
    struct OutsideUse {
        std::size_t flows = 0;    ///< endpoints that they are with now
        std::uint64_t bytes = 0;  ///< since the last call, over sockets that are not the node's
    };
    OutsideUse take_outside_use();
    /// Closes what leaves the own networks.
    void close_outside(Instant now);
    /// This host has these addresses now; connections move, and what else has to hear of it does.
    void look_around(Instant now, std::vector<Endpoint> addresses, Look look);
    /// Tests the network on these sockets; false when too many wait for that already. On the core
    /// thread, from within an input of the node.
    bool check_network(Instant now, Node& node, std::vector<Endpoint> own, api::NetSink sink);
    /// Told when the node's datagrams begin to go through a relay, and when they end to. Set before
    /// the loop runs.
    void on_relayed(std::function<void(bool relayed)> told) { told_relayed_ = std::move(told); }
    /// Every event of the node.
    void handle_event(Instant now, const Event& event);
    /// Says goodbye to everybody, at once.
    void shut_down(Instant now);

    /// The relay that the node's datagrams go through since UDP is blocked; empty: none.
    const std::string& datagram_relay() const { return detour_->relay(); }

    bool claims(ByteView datagram) const override {
        return quic_->claims(datagram) || (check_ && check_->claims(datagram)) ||
               detour_->claims(datagram);
    }
    void handle_datagram(Instant now, io::UdpTransport& via, const Endpoint& from,
                         ByteView datagram) override;
    void handle_timeout(Instant now) override;
    void settle(Instant now) override;
    Instant next_timeout() const override;

  private:
    ConnectionPlane(boost::asio::io_context& context, std::unique_ptr<quic::QuicTransport> quic,
                    hub::HubOptions options, std::uint64_t seed, identity::Crypto& crypto,
                    LogSink& log);

    bool is_friend(const PeerId& peer) const;
    void take_another_way(bool relayed);
    void look_for(const PeerId& peer);
    void log_event(const hub::HubEvent& event);

    LogSink& log_;
    std::unique_ptr<quic::QuicTransport> quic_;
    std::vector<std::unique_ptr<io::UdpPath>> paths_;
    std::unique_ptr<IceServerList> servers_;
    std::unique_ptr<PeerCalls> calls_;  ///< nothing when they are switched off; outlives the hub
    std::unique_ptr<hub::StreamHub> hub_;
    std::unique_ptr<NetworkCheck> check_;  ///< after join()
    std::unique_ptr<UdpDetour> detour_;
    identity::Crypto& crypto_;
    std::unique_ptr<PostOffice> post_;
    hub::Admission admission_{};
    io::NodeDriver* driver_ = nullptr;
    const Node* node_ = nullptr;
    EventSink sink_;
    std::function<void(bool)> told_relayed_;
    std::map<ports::ConnectionId, std::uint64_t> counted_;  ///< bytes of those over ICE
    std::map<CommandId, PeerId> finds_;  ///< of ours, under way; bounded by the hub's dials
};

}  // namespace sov::app
