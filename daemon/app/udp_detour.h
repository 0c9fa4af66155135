#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "daemon/app/log_sink.h"
#include "daemon/app/network_check.h"
#include "daemon/app/relayed_port.h"
#include "daemon/core/base/rng.h"
#include "daemon/core/connect/udp_silence.h"
#include "daemon/io/udp_transport.h"

namespace sov::app {

/// Where UDP does not get out of this site, the node's datagrams go through a TURN server over TCP,
/// if the configuration names one (docs/decisions/0051). Before that, and as long as it lasts, the
/// STUN and TURN servers are asked over plain UDP: an answer ends the detour at once. On the thread
/// that runs `context`.
class UdpDetour {
  public:
    /// Between looks at what the sockets counted; while a relay is being asked; between questions
    /// over plain UDP while everything goes through a relay.
    static constexpr std::chrono::milliseconds kLookEach{500}, kLookSoon{100};
    static constexpr std::chrono::seconds kTryEach{30};
    /// What plain UDP is given to answer before the relay is used.
    static constexpr std::chrono::milliseconds kAnswerTime{800};
    /// After a relay that failed, doubled each time, and after a detour that was not needed.
    static constexpr std::chrono::seconds kFirstPause{2}, kLongestPause{300};
    static constexpr std::size_t kAskedMax = 8;
    static constexpr std::uint16_t kStunPort = 3478;

    /// `changed`: datagrams take another way now, so that the node and connections look around.
    UdpDetour(boost::asio::io_context& context, LogSink& log, std::uint64_t seed,
              std::function<Instant()> clock, std::function<void(bool relayed)> changed);
    ~UdpDetour() { stop(); }
    UdpDetour(const UdpDetour&) = delete;
    UdpDetour& operator=(const UdpDetour&) = delete;

    /// Before the loop runs; the transports outlive this.
    void start(const std::vector<io::UdpTransport*>& transports);
    void set_servers(std::vector<NamedServer> servers);
    /// The network is another one: UDP is tried by itself again.
    void look_again();
    void stop();

    bool claims(ByteView datagram) const;
    void handle_datagram(ByteView datagram);

    /// The relay that datagrams go through, as the configuration calls it; empty: none.
    const std::string& relay() const { return relay_; }

  private:
    void look();
    void watch(Instant now);
    void await_look(std::chrono::milliseconds pause);
    const NamedServer* next_server();
    io::UdpTransport* transport_of(Family family) const;
    void ask_plainly();
    void open(const NamedServer& server);
    void use();
    void close();
    void failed(const std::string& words);
    void wait_longer();

    boost::asio::io_context& context_;
    LogSink& log_;
    Rng rng_;
    const std::function<Instant()> clock_;
    const std::function<void(bool relayed)> changed_;
    boost::asio::steady_timer timer_;
    std::vector<io::UdpTransport*> transports_;
    std::vector<NamedServer> servers_;
    std::size_t turn_ = 0;  ///< whose turn it is among the relays
    connect::UdpSilence silence_;
    std::unique_ptr<RelayedPort> port_, over_;  ///< the one that ended, until nobody is inside it
    std::string opening_, relay_;               ///< names; relay_ while it is used
    io::UdpTransport* detoured_ = nullptr;
    std::optional<connect::StunId> question_;
    Instant asked_at_{}, retry_at_{};
    std::chrono::seconds pause_ = kFirstPause;
    bool answered_ = false;  ///< plain UDP, since asked_at_
};

}  // namespace sov::app
