#include "platform/linux/udp_burst.h"

#include <netinet/udp.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "daemon/core/base/check.h"
#include "platform/linux/socket_address.h"

namespace sov::host {

bool UdpBurst::add(const Endpoint& to, ByteView datagram) {
    SOV_CHECK(!datagram.empty() && datagram.size() <= kDatagramBytesMax);
    if (size_ == 0) {
        to_ = to;
        piece_ = datagram.size();
    } else if (closed_ || to_ != to || datagram.size() > piece_ ||
               size_ + datagram.size() > kBytesMax || size_ / piece_ >= kDatagramsMax) {
        return false;
    }
    std::memcpy(bytes_.data() + size_, datagram.data(), datagram.size());
    size_ += datagram.size();
    closed_ = datagram.size() < piece_;
    return true;
}

UdpBurst::Flushed UdpBurst::flush(int socket, bool& cuts) {
    Flushed flushed;
    const std::size_t size = std::exchange(size_, 0);
    closed_ = false;
    if (cuts && size > piece_) {
        if (send(socket, 0, size, true, flushed)) return flushed;
        // A device that can't compute checksums of pieces says EIO, an old kernel EINVAL.
        if (errno != EIO && errno != EINVAL && errno != ENOPROTOOPT) return flushed;
        cuts = false;
    }
    for (std::size_t at = 0; at < size; at += piece_) {
        (void)send(socket, at, std::min(piece_, size - at), false, flushed);
    }
    return flushed;
}

bool UdpBurst::send(int socket, std::size_t at, std::size_t size, bool cut, Flushed& flushed) {
    SocketAddress address;
    iovec vector{bytes_.data() + at, size};
    msghdr header{};
    header.msg_name = &address;
    header.msg_namelen = to_socket_address(to_, address);
    header.msg_iov = &vector;
    header.msg_iovlen = 1;
    alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(std::uint16_t))> control{};
    if (cut) {
        header.msg_control = control.data();
        header.msg_controllen = control.size();
        cmsghdr* part = CMSG_FIRSTHDR(&header);
        part->cmsg_level = SOL_UDP;
        part->cmsg_type = UDP_SEGMENT;
        part->cmsg_len = CMSG_LEN(sizeof(std::uint16_t));
        const auto piece = static_cast<std::uint16_t>(piece_);
        std::memcpy(CMSG_DATA(part), &piece, sizeof piece);
    }
    const std::size_t count = (size + piece_ - 1) / piece_;
    for (int attempt = 0; attempt < 2; ++attempt) {
        if (sendmsg(socket, &header, MSG_DONTWAIT) >= 0) {
            flushed.sent += count;
            return true;
        }
        if (errno == EAGAIN || errno == ENOBUFS) {
            flushed.dropped += count;
            return false;
        }
        // The first failure may be an ICMP error about an earlier datagram, which the kernel
        // reports once and then forgets.
        flushed.failed = true;
    }
    if (!cut) {
        ++flushed.refused;
        flushed.refusal = errno;
    }
    return false;
}

}  // namespace sov::host
