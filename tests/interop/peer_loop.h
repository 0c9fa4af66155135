#pragma once

#include <functional>
#include <memory>
#include <string>

#include "platform/openssl/host_crypto.h"
#include "platform/quic/quic_transport.h"

namespace sov::interop {

/// A real UDP socket on loopback, as a path.
class LoopbackPath final : public ports::DatagramPath {
  public:
    LoopbackPath();
    ~LoopbackPath() override;
    LoopbackPath(const LoopbackPath&) = delete;
    LoopbackPath& operator=(const LoopbackPath&) = delete;

    void send(const Endpoint& to, ByteView datagram) override;
    Endpoint local() const override { return local_; }
    std::size_t datagram_bytes_max() const override { return 1452; }
    int descriptor() const { return descriptor_; }

  private:
    int descriptor_ = -1;
    Endpoint local_;
};

/// A transport on a real socket and the real clock: the smallest loop that drives one.
class PeerLoop {
  public:
    PeerLoop();

    quic::QuicTransport& transport() { return *transport_; }
    const identity::SigningKey& user() const { return user_; }
    LoopbackPath& path() { return path_; }
    Instant now() const;

    /// From now on run() ends when stdin is closed.
    void heed_stdin() { heeds_stdin_ = true; }
    /// Hands every event to `take` until `done`; false when `time` was over before.
    bool run(const std::function<void(const ports::TransportEvent&)>& take,
             const std::function<bool()>& done, std::chrono::seconds time);

  private:
    void receive();

    openssl::HostCrypto crypto_;
    identity::SigningKey user_;
    LoopbackPath path_;
    std::unique_ptr<quic::QuicTransport> transport_;
    bool heeds_stdin_ = false;
};

}  // namespace sov::interop
