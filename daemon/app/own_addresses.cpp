#include "daemon/app/own_addresses.h"

#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <optional>
#include <span>

#include "platform/linux/socket_address.h"

namespace sov::app {
namespace {

constexpr std::size_t kAddressesMax = 4;

std::optional<Endpoint> endpoint_from(const sockaddr& address, std::uint16_t port) {
    if (address.sa_family == AF_INET) {
        const auto& v4 = reinterpret_cast<const sockaddr_in&>(address);
        return Endpoint::from_address({reinterpret_cast<const std::uint8_t*>(&v4.sin_addr), 4},
                                      port);
    }
    if (address.sa_family == AF_INET6) {
        const auto& v6 = reinterpret_cast<const sockaddr_in6&>(address);
        return Endpoint::from_address({reinterpret_cast<const std::uint8_t*>(&v6.sin6_addr), 16},
                                      port);
    }
    return std::nullopt;
}

/// Smaller is better; addresses of one link and unusable ones are not worth telling.
std::optional<int> rank(Scope scope) {
    switch (scope) {
        case Scope::kGlobal: return 0;
        case Scope::kLan: return 1;
        case Scope::kLoopback: return 2;
        case Scope::kLinkLocal:
        case Scope::kBogon: return std::nullopt;
    }
    return std::nullopt;
}

}  // namespace

std::vector<Endpoint> reachable_addresses(const Endpoint& bound) {
    const auto address = bound.address_view();
    if (std::any_of(address.begin(), address.end(), [](std::uint8_t byte) { return byte != 0; }))
        return {bound};
    ifaddrs* list = nullptr;
    if (getifaddrs(&list) != 0) return {};
    const std::unique_ptr<ifaddrs, decltype(&freeifaddrs)> owner(list, &freeifaddrs);
    std::vector<Endpoint> found;
    for (const ifaddrs* entry = list; entry != nullptr; entry = entry->ifa_next) {
        if (entry->ifa_addr == nullptr || (entry->ifa_flags & IFF_UP) == 0) continue;
        const auto endpoint = endpoint_from(*entry->ifa_addr, bound.port);
        if (!endpoint || endpoint->family != bound.family || !rank(endpoint->scope())) continue;
        if (std::find(found.begin(), found.end(), *endpoint) == found.end())
            found.push_back(*endpoint);
    }
    std::stable_sort(found.begin(), found.end(), [](const Endpoint& a, const Endpoint& b) {
        return *rank(a.scope()) < *rank(b.scope());
    });
    const auto beyond = [](const Endpoint& endpoint) {
        return endpoint.scope() != Scope::kLoopback;
    };
    if (std::any_of(found.begin(), found.end(), beyond)) {
        std::erase_if(found, [&](const Endpoint& endpoint) { return !beyond(endpoint); });
    }
    if (found.size() > kAddressesMax) found.resize(kAddressesMax);
    return found;
}

bool has_way_out(Family family) {
    // Routed as any other, and nobody's (RFC 5737, RFC 3849).
    const Endpoint anybody =
        *Endpoint::parse(family == Family::kIpv4 ? "192.0.2.1:9" : "[2001:db8::1]:9");
    host::SocketAddress address{};
    const socklen_t length = host::to_socket_address(anybody, address);
    const int socket = ::socket(address.any.sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (socket < 0) return errno != EAFNOSUPPORT;
    // To connect a datagram socket is to have the kernel choose a route.
    const bool refused = ::connect(socket, &address.any, length) != 0;
    const int reason = errno;
    ::close(socket);
    return !refused || (reason != ENETUNREACH && reason != EHOSTUNREACH && reason != EADDRNOTAVAIL);
}

std::vector<api::LinkFact> link_facts() {
    constexpr std::size_t kLinksMax = 16;
    ifaddrs* list = nullptr;
    if (getifaddrs(&list) != 0) return {};
    const std::unique_ptr<ifaddrs, decltype(&freeifaddrs)> owner(list, &freeifaddrs);
    std::vector<api::LinkFact> found;
    for (const ifaddrs* entry = list; entry != nullptr; entry = entry->ifa_next) {
        if ((entry->ifa_flags & IFF_UP) == 0 || (entry->ifa_flags & IFF_LOOPBACK) != 0) continue;
        const bool known = std::any_of(found.begin(), found.end(), [&](const auto& one) {
            return one.name == entry->ifa_name;
        });
        if (known || found.size() == kLinksMax) continue;
        found.push_back({entry->ifa_name, (entry->ifa_flags & IFF_MULTICAST) != 0, false});
    }
    return found;
}

}  // namespace sov::app
