#pragma once

#include <boost/asio/io_context.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "daemon/core/base/endpoint.h"
#include "daemon/core/connect/turn_client.h"
#include "daemon/ports/datagram_path.h"

namespace sov::app {

/// A port on a TURN server, reached over TCP: what is sent here leaves from there, and what comes
/// there is told here. On the thread that runs `context`; no sink is called from within a call.
class RelayedPort final : public ports::DatagramPath {
  public:
    /// Bytes that wait for the stream; past it datagrams are dropped and counted, as a slow link
    /// would.
    static constexpr std::size_t kWaitingMax = 256 * 1024;
    static constexpr std::size_t kReadBytes = 128 * 1024;
    static_assert(kReadBytes > connect::kTurnFrameBytesMax);
    /// To the first byte of TCP; and for what was sent without being acknowledged.
    static constexpr std::chrono::seconds kConnectTime{5}, kUnacknowledged{10};

    struct Sinks {
        std::function<void(const Endpoint& from, ByteView datagram)> datagram;
        /// After the datagrams of one read.
        std::function<void()> read_over;
        /// It is over, for the reason that these words tell. The last that is said.
        std::function<void(const std::string& words)> closed;
        std::function<Instant()> now;
    };

    RelayedPort(boost::asio::io_context& context, const Endpoint& server, connect::TurnLogin login,
                std::uint64_t seed, Sinks sinks);
    /// Gives the port back. No sink is called after that.
    ~RelayedPort() override;
    RelayedPort(const RelayedPort&) = delete;
    RelayedPort& operator=(const RelayedPort&) = delete;

    /// As TurnClient::check().
    void check();
    void send(const Endpoint& to, ByteView datagram) override;
    /// The port on the server; all zero while it is not there.
    Endpoint local() const override;
    std::size_t datagram_bytes_max() const override { return 1200; }
    std::uint64_t dropped() const;

  private:
    class Engine;
    std::shared_ptr<Engine> engine_;  ///< outlives this for as long as it says goodbye
};

}  // namespace sov::app
