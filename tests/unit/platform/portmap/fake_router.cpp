#include "tests/unit/platform/portmap/fake_router.h"

#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "daemon/core/base/check.h"

namespace sov::portmap {

namespace {

sockaddr_in native(const Endpoint& endpoint) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(load_u32(endpoint.address.data()));
    address.sin_port = htons(endpoint.port);
    return address;
}

}  // namespace

FakeRouter::FakeRouter() : socket_(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
    const sockaddr_in address = native(FakeRouter::address());
    SOV_CHECK(bind(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
    thread_ = std::thread([this] { run(); });
}

FakeRouter::~FakeRouter() {
    stop_ = true;
    thread_.join();
    close(socket_);
}

void FakeRouter::set_outside(const Endpoint& address) {
    const std::lock_guard guard(mutex_);
    outside_ = address;
}

std::vector<FakeRouter::Asked> FakeRouter::asked() const {
    const std::lock_guard guard(mutex_);
    return asked_;
}

void FakeRouter::run() {
    while (!stop_) {
        pollfd ready{socket_, POLLIN, 0};
        if (poll(&ready, 1, 20) <= 0) continue;
        std::array<std::uint8_t, 64> in{};
        sockaddr_in from{};
        socklen_t from_size = sizeof from;
        const ssize_t size = recvfrom(socket_, in.data(), in.size(), 0,
                                      reinterpret_cast<sockaddr*>(&from), &from_size);
        if (size < 2 || silent_) continue;
        std::array<std::uint8_t, 16> out{};
        out[1] = static_cast<std::uint8_t>(in[1] | 0x80U);
        store_u16(out.data() + 2, result_);
        std::size_t out_size = 12;
        const std::lock_guard guard(mutex_);
        if (in[1] == 0) {
            std::copy_n(outside_.address.begin(), 4, out.begin() + 8);
        } else {
            const Asked asked{load_u16(in.data() + 4), load_u16(in.data() + 6),
                              load_u32(in.data() + 8)};
            asked_.push_back(asked);
            store_u16(out.data() + 8, asked.inside);
            store_u16(out.data() + 10, asked.outside);
            store_u32(out.data() + 12, asked.lifetime);
            out_size = 16;
        }
        sendto(socket_, out.data(), out_size, 0, reinterpret_cast<const sockaddr*>(&from),
               from_size);
    }
}

}  // namespace sov::portmap
