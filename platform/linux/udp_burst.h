#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "daemon/core/base/bytes.h"
#include "daemon/core/base/endpoint.h"

namespace sov::host {

/// Datagrams of one size to one destination, the last of which may be shorter: they leave in one
/// system call and are cut up by the kernel or the network card (UDP_SEGMENT, Linux 4.18). Meant
/// for streams, whose sender finds out by itself what was lost.
class UdpBurst {
  public:
    /// The longest datagram: what Ethernet takes with IPv6.
    static constexpr std::size_t kDatagramBytesMax = 1452;
    static constexpr std::size_t kDatagramsMax = 44, kBytesMax = kDatagramsMax * kDatagramBytesMax;

    /// False when it can't leave together with those that wait: flush() first.
    bool add(const Endpoint& to, ByteView datagram);

    /// What became of the datagrams.
    struct Flushed {
        std::size_t sent = 0;
        std::size_t dropped = 0;  ///< the kernel's buffer was full
        std::size_t refused = 0;
        int refusal = 0;      ///< errno of the last one
        bool failed = false;  ///< a system call, even if the next one did the same
    };
    /// Sends all that wait, without waiting itself. `cuts` turns false when the kernel can't cut
    /// for this socket; then they leave one by one, now and later.
    Flushed flush(int socket, bool& cuts);

  private:
    /// One system call. False when the kernel did not take it; errno says why.
    bool send(int socket, std::size_t at, std::size_t size, bool cut, Flushed& flushed);

    Endpoint to_;
    std::size_t piece_ = 0, size_ = 0;
    bool closed_ = false;  ///< the last one was shorter
    std::array<std::uint8_t, kBytesMax> bytes_;
};

}  // namespace sov::host
