#include "platform/linux/socket_address.h"

#include <cstring>

namespace sov::host {

socklen_t to_socket_address(const Endpoint& endpoint, SocketAddress& address) {
    if (endpoint.family == Family::kIpv4) {
        address.v4 = {};
        address.v4.sin_family = AF_INET;
        address.v4.sin_port = htons(endpoint.port);
        std::memcpy(&address.v4.sin_addr, endpoint.address.data(), 4);
        return sizeof(sockaddr_in);
    }
    address.v6 = {};
    address.v6.sin6_family = AF_INET6;
    address.v6.sin6_port = htons(endpoint.port);
    const Endpoint plain = endpoint.without_zone();
    std::memcpy(&address.v6.sin6_addr, plain.address.data(), 16);
    address.v6.sin6_scope_id = endpoint.zone();
    return sizeof(sockaddr_in6);
}

std::optional<Endpoint> to_endpoint(const SocketAddress& address) {
    if (address.any.sa_family == AF_INET) {
        Endpoint endpoint;
        endpoint.port = ntohs(address.v4.sin_port);
        std::memcpy(endpoint.address.data(), &address.v4.sin_addr, 4);
        return endpoint;
    }
    if (address.any.sa_family == AF_INET6) {
        const auto* bytes = reinterpret_cast<const std::uint8_t*>(&address.v6.sin6_addr);
        auto endpoint = Endpoint::from_address(ByteView(bytes, 16), ntohs(address.v6.sin6_port));
        if (endpoint) endpoint->set_zone(address.v6.sin6_scope_id);
        return endpoint;
    }
    return std::nullopt;
}

const char* family_name(Family family) { return family == Family::kIpv4 ? "IPv4" : "IPv6"; }

}  // namespace sov::host
