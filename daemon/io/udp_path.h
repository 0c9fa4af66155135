#pragma once

#include "daemon/io/udp_transport.h"
#include "daemon/ports/datagram_path.h"

namespace sov::io {

/// A socket of the node's as a path for streams. Both outlive whoever sends here.
class UdpPath final : public ports::DatagramPath {
  public:
    explicit UdpPath(UdpTransport& transport) : transport_(transport) {}

    void send(const Endpoint& to, ByteView datagram) override {
        transport_.send_burst(to, datagram);
    }
    Endpoint local() const override { return transport_.local(); }
    std::size_t datagram_bytes_max() const override { return UdpTransport::kDatagramBytesMax; }
    bool relayed() const override { return transport_.relayed(); }
    UdpTransport& transport() { return transport_; }

  private:
    UdpTransport& transport_;
};

}  // namespace sov::io
