#pragma once

#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/udp.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "daemon/core/base/contact.h"
#include "daemon/core/base/packet_pool.h"
#include "daemon/io/outside_meter.h"
#include "daemon/ports/datagram_path.h"
#include "platform/linux/socket_address.h"
#include "platform/linux/udp_burst.h"

namespace sov::io {

/// What happened on a socket since it was opened.
struct SocketCounters {
    std::uint64_t received = 0, sent = 0;
    /// The kernel took nothing and our queue was full, or it was a burst.
    std::uint64_t dropped_queue_full = 0;
    std::uint64_t refused = 0;      ///< the kernel refused to send: firewall, no route, ...
    std::uint64_t unreachable = 0;  ///< ICMP answers that named one of our destinations
    int last_refusal = 0;           ///< errno of the latest refusal
    std::uint64_t withheld = 0;     ///< did not leave because the meter was at its end
    /// With the Internet, by this socket itself.
    std::uint64_t outside_received = 0, outside_sent = 0;
    /// Came over the relay while too many waited, too long, or from where nothing can come.
    std::uint64_t dropped_relayed = 0;
};

/// One UDP socket of one family. Datagrams move in batches of up to kBatch, one system call each;
/// Asio only tells when the socket is ready. Nothing is allocated for a datagram. Outgoing
/// datagrams are never fragmented. One thread.
class UdpTransport {
  public:
    static constexpr std::size_t kBatch = 32;
    /// Outgoing datagrams kept while the kernel's buffer is full; past it the newest is dropped and
    /// counted, as a router would do.
    static constexpr std::size_t kQueueMax = 256;
    /// The longest datagram that is received or sent: what Ethernet takes with IPv6. The node's own
    /// are shorter.
    static constexpr std::size_t kDatagramBytesMax = host::UdpBurst::kDatagramBytesMax;
    /// Datagrams of the relay that wait to be received; past it the newest is dropped and counted.
    static constexpr std::size_t kRelayedMax = 256;
    /// Asked from the kernel for both directions; it may grant less.
    static constexpr int kSocketBufferBytes = 4 << 20;

    struct Received {
        Path from;
        MutableBytes bytes;  ///< one byte longer than any valid datagram when it was cut off
    };

    explicit UdpTransport(boost::asio::io_context& context);
    ~UdpTransport();
    UdpTransport(const UdpTransport&) = delete;
    UdpTransport& operator=(const UdpTransport&) = delete;

    /// Binds to an address and port; port 0 lets the kernel choose. Returns nothing on success,
    /// otherwise a sentence for a person that names port, family and reason.
    [[nodiscard]] std::optional<std::string> open(const Endpoint& local);
    /// Takes over a UDP socket that is bound already, by an earlier run of this program. It belongs
    /// to this object in any case. Nothing on success, otherwise why it is not what open(local)
    /// would make; with port 0 every port will do.
    [[nodiscard]] std::optional<std::string> adopt(int descriptor, const Endpoint& local);
    /// The bound address and the port in use.
    const Endpoint& local() const { return local_; }
    int native_handle() { return socket_.native_handle(); }

    /// What wait() calls. Set once, before the first wait().
    void on_ready(std::function<void()> ready) { ready_ = std::move(ready); }
    /// Calls it once when there is something to receive, or when unreachable() has news.
    void wait();

    /// Up to kBatch datagrams that have already arrived, possibly none; less than kBatch means that
    /// the socket is empty. The buffers may be overwritten and last until the next call
    /// on any transport of this thread.
    std::span<Received> receive();

    /// Destinations that the network called unreachable since the last call, at most kBatch. Costs
    /// nothing while the socket's system calls succeed.
    std::span<const Endpoint> unreachable();

    /// Copies a datagram into the send queue and sends the queue when a batch is full.
    void send(const Transmit& transmit);
    /// The same for many datagrams of one size to one destination, as streams send them: neighbours
    /// leave together. What the kernel does not take at once is dropped and counted, since whoever
    /// sends bursts finds out by itself what was lost.
    void send_burst(const Endpoint& to, ByteView datagram);
    /// From now on what goes to the Internet goes through `relay`, which outlives that; null: by
    /// itself again. Networks of this site are reached directly all the time.
    void go_through(ports::DatagramPath* relay) { relay_ = relay; }
    bool relayed() const { return relay_ != nullptr; }
    /// One that came over the relay: receive() hands it out among the others. What is longer than
    /// kDatagramBytesMax or not from the Internet is dropped and counted.
    void take_relayed(const Endpoint& from, ByteView datagram);
    /// After some of them.
    void relayed_ready();
    /// Sends it by itself, whatever the relay is: to see whether that works.
    void send_directly(const Endpoint& to, ByteView datagram);
    /// Hands the queue to the kernel. What it can't take stays queued and is retried by itself when
    /// the socket becomes writable.
    void flush();

    /// Counts what goes to and comes from the Internet; outlives this.
    void count_outside(OutsideMeter* meter) { meter_ = meter; }

    void close();
    const SocketCounters& counters() const { return counters_; }

  private:
    struct Queue;
    struct Relayed {
        Path from;
        Bytes bytes;
    };
    std::size_t hand_out_relayed();
    bool relays(const Endpoint& to) const {
        return relay_ != nullptr && OutsideMeter::concerns(to);
    }
    void add_to_burst(const Endpoint& to, ByteView datagram);
    void flush_burst();
    void set_options(bool v4);
    void wait_writable();
    void refuse_first(int error);

    boost::asio::ip::udp::socket socket_;
    Endpoint local_;
    std::unique_ptr<Queue> queue_;     ///< only while datagrams wait
    std::size_t first_ = 0, end_ = 0;  ///< the part of the queue that waits
    bool blocked_ = false;             ///< waiting for writability
    bool waiting_ = false;             ///< for readability
    /// A system call failed, as the first one after an ICMP error does, whatever it is.
    bool failed_ = false;
    std::unique_ptr<host::UdpBurst> burst_;  ///< once something sent bursts
    bool cuts_ = true;                       ///< the kernel takes UDP_SEGMENT here
    std::function<void()> ready_;
    SocketCounters counters_;
    OutsideMeter* meter_ = nullptr;
    ports::DatagramPath* relay_ = nullptr;
    std::vector<Relayed> relayed_, handed_out_;  ///< that wait; those of the last receive()
};

}  // namespace sov::io
