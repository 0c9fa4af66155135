#include "daemon/io/udp_transport.h"

#include <linux/errqueue.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "daemon/core/base/check.h"

namespace sov::io {

using host::family_name;
using host::SocketAddress;
using host::to_endpoint;
using host::to_socket_address;

namespace {

using UdpSocket = boost::asio::ip::udp::socket;

/// One byte more than any valid datagram, so that the node can tell a longer one from the longest.
/// The sum is no power of two, or all buffers of a batch would compete for the same cache lines.
constexpr std::size_t kSlotBytes = 1472;
static_assert(kSlotBytes > UdpTransport::kDatagramBytesMax && kSlotBytes % 64 == 0);
static_assert(UdpTransport::kDatagramBytesMax > Limits::kDatagramBytesMax);

/// What ICMP says about a destination rather than about one datagram.
bool names_destination(int error) {
    return error == ECONNREFUSED || error == EHOSTUNREACH || error == ENETUNREACH ||
           error == EHOSTDOWN || error == EACCES;
}

void set_option(int fd, int level, int option, int value) {
    // Each is a wish: an old kernel or a small limit makes the socket slower, not wrong.
    (void)setsockopt(fd, level, option, &value, sizeof value);
}

/// The wish beyond rmem_max is granted to privileged processes only, hence both.
void enlarge_buffers(int fd, int bytes) {
    set_option(fd, SOL_SOCKET, SO_RCVBUF, bytes);
    set_option(fd, SOL_SOCKET, SO_SNDBUF, bytes);
    set_option(fd, SOL_SOCKET, SO_RCVBUFFORCE, bytes);
    set_option(fd, SOL_SOCKET, SO_SNDBUFFORCE, bytes);
}

}  // namespace

/// Everything that a system call needs. Left unwritten until a datagram needs its place, so that a
/// quiet socket occupies few pages.
template <std::size_t N>
struct MessageRing {
    using Slot = std::array<std::uint8_t, kSlotBytes>;
    template <typename T>
    using Array = std::unique_ptr<T[]>;

    Array<mmsghdr> messages = std::make_unique_for_overwrite<mmsghdr[]>(N);
    Array<iovec> vectors = std::make_unique_for_overwrite<iovec[]>(N);
    Array<SocketAddress> addresses = std::make_unique_for_overwrite<SocketAddress[]>(N);
    Array<Slot> slots = std::make_unique_for_overwrite<Slot[]>(N);

    void prepare(std::size_t at, socklen_t address_size, std::size_t size) {
        vectors[at] = {slots[at].data(), size};
        messages[at] = {};
        messages[at].msg_hdr.msg_name = &addresses[at];
        messages[at].msg_hdr.msg_namelen = address_size;
        messages[at].msg_hdr.msg_iov = &vectors[at];
        messages[at].msg_hdr.msg_iovlen = 1;
    }
};

/// Received datagrams are used up before anything else happens on the thread, so all its sockets
/// share one place for them.
struct Arrivals {
    MessageRing<UdpTransport::kBatch> ring;
    std::array<UdpTransport::Received, UdpTransport::kBatch> received{};
    std::array<Endpoint, UdpTransport::kBatch> unreachable{};

    static Arrivals& of_this_thread() {
        static thread_local Arrivals arrivals;
        return arrivals;
    }
};

/// Where a socket's outgoing datagrams wait. A socket has one only while something waits; a spare
/// one is kept for the next in need, so that a process with many sockets pays for the busy ones.
struct UdpTransport::Queue {
    MessageRing<kQueueMax> ring;

    static std::unique_ptr<Queue>& spare() {
        static thread_local std::unique_ptr<Queue> kept;
        return kept;
    }
    static std::unique_ptr<Queue> take() {
        return spare() ? std::move(spare()) : std::make_unique<Queue>();
    }
};

UdpTransport::UdpTransport(boost::asio::io_context& context) : socket_(context) {}

UdpTransport::~UdpTransport() { close(); }

std::optional<std::string> UdpTransport::open(const Endpoint& local) {
    const bool v4 = local.family == Family::kIpv4;
    const auto problem = [&](const std::string& reason) {
        close();
        return "cannot use UDP port " + std::to_string(local.port) + " (" +
               family_name(local.family) + ", " + local.address_text() + "): " + reason;
    };
    boost::system::error_code error;
    socket_.open(v4 ? boost::asio::ip::udp::v4() : boost::asio::ip::udp::v6(), error);
    if (!error) socket_.non_blocking(true, error);
    if (error) return problem(error.message());
    set_options(v4);

    const int fd = socket_.native_handle();
    SocketAddress address;
    socklen_t size = to_socket_address(local, address);
    if (bind(fd, &address.any, size) != 0) {
        if (errno == EADDRINUSE) return problem("another program already uses it");
        if (errno == EADDRNOTAVAIL) return problem("this host has no such address");
        return problem(std::strerror(errno));
    }
    size = sizeof address;
    if (getsockname(fd, &address.any, &size) != 0) return problem(std::strerror(errno));
    local_ = local;
    local_.port = ntohs(v4 ? address.v4.sin_port : address.v6.sin6_port);
    return std::nullopt;
}

std::optional<std::string> UdpTransport::adopt(int descriptor, const Endpoint& local) {
    const bool v4 = local.family == Family::kIpv4;
    int type = 0;
    socklen_t type_size = sizeof type;
    SocketAddress address{};
    socklen_t size = sizeof address;
    const bool known = getsockopt(descriptor, SOL_SOCKET, SO_TYPE, &type, &type_size) == 0 &&
                       getsockname(descriptor, &address.any, &size) == 0;
    const bool family =
        known && type == SOCK_DGRAM && address.any.sa_family == (v4 ? AF_INET : AF_INET6);
    boost::system::error_code error;
    if (family)
        socket_.assign(v4 ? boost::asio::ip::udp::v4() : boost::asio::ip::udp::v6(), descriptor,
                       error);
    if (!family || error) {
        ::close(descriptor);
        return "it is no UDP socket of " + std::string(family_name(local.family));
    }
    socket_.non_blocking(true, error);
    Endpoint bound = local;
    bound.port = ntohs(v4 ? address.v4.sin_port : address.v6.sin6_port);
    SocketAddress wanted{};
    (void)to_socket_address(local, wanted);
    const bool same_address =
        v4 ? wanted.v4.sin_addr.s_addr == address.v4.sin_addr.s_addr
           : std::memcmp(&wanted.v6.sin6_addr, &address.v6.sin6_addr, sizeof(in6_addr)) == 0 &&
                 wanted.v6.sin6_scope_id == address.v6.sin6_scope_id;
    if (error || !same_address || bound.port == 0 ||
        (local.port != 0 && local.port != bound.port)) {
        close();
        return "it is bound to port " + std::to_string(bound.port) +
               (same_address ? "" : " of another address");
    }
    set_options(v4);
    local_ = bound;
    return std::nullopt;
}

void UdpTransport::set_options(bool v4) {
    const int fd = socket_.native_handle();
    enlarge_buffers(fd, kSocketBufferBytes);
    // PROBE sets DF and ignores the cached path MTU: our datagrams fit every IPv6 path, and a
    // forged "too big" must not be able to silence us.
    if (v4) {
        set_option(fd, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_PROBE);
        set_option(fd, IPPROTO_IP, IP_RECVERR, 1);
    } else {
        set_option(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1);
        set_option(fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER, IPV6_PMTUDISC_PROBE);
        set_option(fd, IPPROTO_IPV6, IPV6_RECVERR, 1);
    }
}

void UdpTransport::wait() {
    if (waiting_) return;  // a turn of the relay's datagrams leaves it as it is
    waiting_ = true;
    socket_.async_wait(UdpSocket::wait_read, [this](const boost::system::error_code& error) {
        if (error) return;  // closed, and this object may be gone
        waiting_ = false;
        ready_();
    });
}

void UdpTransport::take_relayed(const Endpoint& from, ByteView datagram) {
    // Neighbours are never behind it, whatever it says.
    const bool possible = OutsideMeter::concerns(from) && from.family == local_.family &&
                          datagram.size() <= kDatagramBytesMax;
    if (!possible || relayed_.size() >= kRelayedMax) {
        ++counters_.dropped_relayed;
        return;
    }
    if (meter_ != nullptr) meter_->count(from, datagram.size());
    relayed_.push_back({Path{from}, to_bytes(datagram)});
}

void UdpTransport::relayed_ready() {
    if (!relayed_.empty() && ready_) ready_();
}

std::size_t UdpTransport::hand_out_relayed() {
    Arrivals& arrivals = Arrivals::of_this_thread();
    const std::size_t count = std::min(relayed_.size(), kBatch);
    handed_out_.assign(
        std::make_move_iterator(relayed_.begin()),
        std::make_move_iterator(relayed_.begin() + static_cast<std::ptrdiff_t>(count)));
    relayed_.erase(relayed_.begin(), relayed_.begin() + static_cast<std::ptrdiff_t>(count));
    for (std::size_t at = 0; at < count; ++at) {
        arrivals.received[at] = {handed_out_[at].from, handed_out_[at].bytes};
    }
    return count;
}

std::span<UdpTransport::Received> UdpTransport::receive() {
    Arrivals& arrivals = Arrivals::of_this_thread();
    // The socket's own come with the next call, or with the next wait().
    if (!relayed_.empty()) {
        const std::size_t count = hand_out_relayed();
        counters_.received += count;
        return std::span(arrivals.received).first(count);
    }
    auto& in = arrivals.ring;
    for (std::size_t at = 0; at < kBatch; ++at) {
        in.prepare(at, sizeof(SocketAddress), kDatagramBytesMax + 1);
    }
    int got = 0;
    // An ICMP error that arrived earlier is reported once in place of data; the error queue has its
    // details. A bound on the repetitions keeps a flood of them from holding us here.
    for (int attempt = 0; attempt < 4; ++attempt) {
        got = recvmmsg(socket_.native_handle(), in.messages.get(), kBatch, MSG_DONTWAIT, nullptr);
        if (got >= 0) break;
        failed_ = true;
        if (errno == EAGAIN || errno == EBADF) break;
    }
    std::size_t filled = 0;
    for (int at = 0; at < got; ++at) {
        const auto index = static_cast<std::size_t>(at);
        const auto from = to_endpoint(in.addresses[index]);
        if (!from) continue;
        const std::size_t size = in.messages[index].msg_len;
        if (OutsideMeter::concerns(*from)) {
            ++counters_.outside_received;
            if (meter_ != nullptr) meter_->count(*from, size);
        }
        arrivals.received[filled++] = {Path{*from}, MutableBytes(in.slots[index].data(), size)};
    }
    counters_.received += filled;
    // The caller reads "fewer than a batch" as "empty"; every address of these sockets is known, so
    // a full batch is never shortened.
    return std::span(arrivals.received).first(filled);
}

std::span<const Endpoint> UdpTransport::unreachable() {
    if (!failed_) return {};
    Arrivals& arrivals = Arrivals::of_this_thread();
    std::size_t filled = 0;
    for (std::size_t attempt = 0; attempt < kBatch; ++attempt) {
        SocketAddress address{};
        alignas(cmsghdr) std::array<char, 256> control;
        iovec nothing{};
        msghdr header{};
        header.msg_name = &address;
        header.msg_namelen = sizeof address;
        header.msg_iov = &nothing;
        header.msg_iovlen = 1;
        header.msg_control = control.data();
        header.msg_controllen = control.size();
        if (recvmsg(socket_.native_handle(), &header, MSG_ERRQUEUE | MSG_DONTWAIT) < 0) {
            failed_ = false;
            break;
        }
        for (cmsghdr* part = CMSG_FIRSTHDR(&header); part; part = CMSG_NXTHDR(&header, part)) {
            const bool error_report =
                (part->cmsg_level == IPPROTO_IP && part->cmsg_type == IP_RECVERR) ||
                (part->cmsg_level == IPPROTO_IPV6 && part->cmsg_type == IPV6_RECVERR);
            if (!error_report) continue;
            sock_extended_err report{};
            std::memcpy(&report, CMSG_DATA(part), sizeof report);
            const auto endpoint = to_endpoint(address);
            if (endpoint && names_destination(static_cast<int>(report.ee_errno))) {
                arrivals.unreachable[filled++] = *endpoint;
                break;
            }
        }
    }
    counters_.unreachable += filled;
    return std::span(arrivals.unreachable).first(filled);
}

void UdpTransport::send(const Transmit& transmit) {
    if (meter_ != nullptr && !meter_->take(transmit.to.remote, transmit.size)) {
        ++counters_.withheld;
        return;
    }
    if (relays(transmit.to.remote)) {
        relay_->send(transmit.to.remote, ByteView(transmit.bytes).first(transmit.size));
        return;
    }
    if (end_ == kQueueMax) {
        ++counters_.dropped_queue_full;
        return;
    }
    if (OutsideMeter::concerns(transmit.to.remote)) ++counters_.outside_sent;
    if (!queue_) queue_ = Queue::take();
    auto& out = queue_->ring;
    out.prepare(end_, to_socket_address(transmit.to.remote, out.addresses[end_]), transmit.size);
    std::memcpy(out.slots[end_].data(), transmit.bytes.data(), transmit.size);
    ++end_;
    if (end_ - first_ >= kBatch && !blocked_) flush();
}

void UdpTransport::send_burst(const Endpoint& to, ByteView datagram) {
    if (meter_ != nullptr && !meter_->take(to, datagram.size())) {
        ++counters_.withheld;
        return;
    }
    if (relays(to)) return relay_->send(to, datagram);
    if (OutsideMeter::concerns(to)) ++counters_.outside_sent;
    add_to_burst(to, datagram);
}

void UdpTransport::send_directly(const Endpoint& to, ByteView datagram) {
    if (meter_ != nullptr && !meter_->take(to, datagram.size())) {
        ++counters_.withheld;
        return;
    }
    add_to_burst(to, datagram);
}

void UdpTransport::add_to_burst(const Endpoint& to, ByteView datagram) {
    if (!burst_) burst_ = std::make_unique_for_overwrite<host::UdpBurst>();
    if (burst_->add(to, datagram)) return;
    flush_burst();
    SOV_CHECK(burst_->add(to, datagram));
}

void UdpTransport::flush_burst() {
    if (!burst_) return;
    const host::UdpBurst::Flushed flushed = burst_->flush(socket_.native_handle(), cuts_);
    failed_ = failed_ || flushed.failed;
    counters_.sent += flushed.sent;
    counters_.dropped_queue_full += flushed.dropped;
    counters_.refused += flushed.refused;
    if (flushed.refused > 0) counters_.last_refusal = flushed.refusal;
}

void UdpTransport::flush() {
    flush_burst();
    int repeated = 0;
    while (first_ < end_ && !blocked_) {
        const auto count = static_cast<unsigned>(end_ - first_);
        const int sent =
            sendmmsg(socket_.native_handle(), &queue_->ring.messages[first_], count, MSG_DONTWAIT);
        failed_ = failed_ || sent < static_cast<int>(count);
        if (sent > 0) {
            first_ += static_cast<std::size_t>(sent);
            counters_.sent += static_cast<std::size_t>(sent);
            repeated = 0;
        } else if (errno == EAGAIN || errno == ENOBUFS) {
            wait_writable();
            return;
        } else if (++repeated > 1) {
            refuse_first(errno);
            repeated = 0;
        }
        // The first failure may be an ICMP error about an earlier datagram, which the kernel
        // reports once and then forgets; only a failure that repeats is about this one.
    }
    if (first_ == end_ && queue_) {
        first_ = end_ = 0;
        Queue::spare() = std::move(queue_);
    }
}

void UdpTransport::refuse_first(int error) {
    ++first_;
    ++counters_.refused;
    counters_.last_refusal = error;
}

void UdpTransport::wait_writable() {
    blocked_ = true;
    socket_.async_wait(UdpSocket::wait_write, [this](const boost::system::error_code& error) {
        if (error) return;  // closed, and this object may be gone
        blocked_ = false;
        flush();
    });
}

void UdpTransport::close() {
    boost::system::error_code ignored;
    socket_.close(ignored);
}

}  // namespace sov::io
