#pragma once

#include <cstddef>

#include "daemon/core/base/bytes.h"
#include "daemon/core/base/endpoint.h"

namespace sov::ports {

/// A way for datagrams out of this host: a UDP socket, shared with others or not, or an ICE
/// session. Lives on the core thread. What comes in is handed to whoever owns it by the one who
/// made the path; this is the way out.
class DatagramPath {
  public:
    virtual ~DatagramPath() = default;

    /// Sends it or drops it, as a network would; never calls back.
    virtual void send(const Endpoint& to, ByteView datagram) = 0;
    /// What tells this path from others on this host: its bound address, or a made-up one that
    /// stays the same as long as the path lives. Two paths in use never share one.
    virtual Endpoint local() const = 0;
    /// The largest datagram that may be tried, at least 1200 (RFC 9000 s14). Exactly 1200 says that
    /// there is nothing to find out: an ICE session does, whose pairs come and go.
    virtual std::size_t datagram_bytes_max() const = 0;
    /// Of a socket: whether somebody else passes on what leaves this site.
    virtual bool relayed() const { return false; }
};

}  // namespace sov::ports
