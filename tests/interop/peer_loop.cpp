#include "tests/interop/peer_loop.h"

#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstring>

namespace sov::interop {

namespace {

sockaddr_in native(const Endpoint& endpoint) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(endpoint.port);
    std::memcpy(&address.sin_addr, endpoint.address.data(), 4);
    return address;
}

Endpoint endpoint_of(const sockaddr_in& address) {
    return Endpoint::v4(ntohl(address.sin_addr.s_addr), ntohs(address.sin_port));
}

identity::SigningKey fresh_key(identity::Crypto& crypto) {
    identity::Secret32 seed;
    crypto.fill_random(seed);
    return crypto.make_signing_key(seed);
}

}  // namespace

LoopbackPath::LoopbackPath() : descriptor_(socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0)) {
    sockaddr_in address = native(Endpoint::v4(0x7f000001, 0));
    socklen_t size = sizeof address;
    SOV_CHECK(bind(descriptor_, reinterpret_cast<sockaddr*>(&address), size) == 0);
    SOV_CHECK(getsockname(descriptor_, reinterpret_cast<sockaddr*>(&address), &size) == 0);
    local_ = endpoint_of(address);
}

LoopbackPath::~LoopbackPath() { close(descriptor_); }

void LoopbackPath::send(const Endpoint& to, ByteView datagram) {
    const sockaddr_in address = native(to);
    // A full buffer loses the datagram, as any network may.
    (void)sendto(descriptor_, datagram.data(), datagram.size(), 0,
                 reinterpret_cast<const sockaddr*>(&address), sizeof address);
}

PeerLoop::PeerLoop()
    : user_(fresh_key(crypto_)), transport_(quic::QuicTransport::make(crypto_, user_, {})) {
    SOV_CHECK(transport_ != nullptr);
}

Instant PeerLoop::now() const {
    return Instant{
        std::chrono::duration_cast<Duration>(std::chrono::steady_clock::now().time_since_epoch())};
}

void PeerLoop::receive() {
    std::array<std::uint8_t, 2048> buffer;
    for (int count = 0; count < 64; ++count) {
        sockaddr_in from{};
        socklen_t from_size = sizeof from;
        const ssize_t size = recvfrom(path_.descriptor(), buffer.data(), buffer.size(), 0,
                                      reinterpret_cast<sockaddr*>(&from), &from_size);
        if (size < 0) return;
        const ByteView datagram = ByteView(buffer).first(static_cast<std::size_t>(size));
        if (transport_->claims(datagram)) {
            transport_->handle_datagram(now(), path_, endpoint_of(from), datagram);
        }
    }
}

bool PeerLoop::run(const std::function<void(const ports::TransportEvent&)>& take,
                   const std::function<bool()>& done, std::chrono::seconds time) {
    const Instant end = now() + time;
    while (!done()) {
        transport_->flush(now());
        while (const auto event = transport_->poll_event()) take(*event);
        transport_->flush(now());
        if (done()) break;
        if (now() >= end) return false;
        const Duration wait = earliest(transport_->next_timeout(), end) - now();
        const auto wait_ms = std::chrono::ceil<std::chrono::milliseconds>(wait).count();
        std::array<pollfd, 2> wanted{
            {{path_.descriptor(), POLLIN, 0}, {heeds_stdin_ ? STDIN_FILENO : -1, POLLIN, 0}}};
        poll(wanted.data(), wanted.size(), static_cast<int>(std::max<std::int64_t>(wait_ms, 0)));
        if (wanted[1].revents != 0) return false;
        receive();
        transport_->handle_timeout(now());
    }
    return true;
}

}  // namespace sov::interop
