#include "platform/portmap/default_gateway.h"

#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <cstring>
#include <limits>

namespace sov::portmap {
namespace {

/// The kernel answers at once or not at all.
constexpr timeval kKernelPatience{1, 0};

struct Route {
    std::optional<Endpoint> gateway;
    std::uint32_t metric = 0;
};

/// Reads a route of the main table without a destination; nothing in it for any other.
Route default_route(const nlmsghdr* message) {
    Route route;
    if (message->nlmsg_type != RTM_NEWROUTE || message->nlmsg_len < NLMSG_LENGTH(sizeof(rtmsg)))
        return route;
    const auto* head = static_cast<const rtmsg*>(NLMSG_DATA(message));
    if (head->rtm_family != AF_INET || head->rtm_dst_len != 0 || head->rtm_table != RT_TABLE_MAIN)
        return route;
    auto left = static_cast<int>(message->nlmsg_len - NLMSG_LENGTH(sizeof(rtmsg)));
    for (const rtattr* at = RTM_RTA(head); RTA_OK(at, left); at = RTA_NEXT(at, left)) {
        std::uint32_t value = 0;
        if (RTA_PAYLOAD(at) != sizeof value) continue;
        std::memcpy(&value, RTA_DATA(at), sizeof value);
        if (at->rta_type == RTA_GATEWAY) {
            std::array<std::uint8_t, 4> address{};
            std::memcpy(address.data(), &value, address.size());
            route.gateway = Endpoint::from_address(address, 0);
        }
        if (at->rta_type == RTA_PRIORITY) route.metric = value;
    }
    return route;
}

bool ask_for_routes(int descriptor) {
    struct {
        nlmsghdr head;
        rtmsg route;
    } request{};
    request.head.nlmsg_len = NLMSG_LENGTH(sizeof(rtmsg));
    request.head.nlmsg_type = RTM_GETROUTE;
    request.head.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
    request.route.rtm_family = AF_INET;
    setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &kKernelPatience, sizeof kKernelPatience);
    return send(descriptor, &request, request.head.nlmsg_len, 0) ==
           static_cast<ssize_t>(request.head.nlmsg_len);
}

}  // namespace

std::optional<Endpoint> default_gateway() {
    const int descriptor = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
    if (descriptor < 0) return std::nullopt;
    std::optional<Endpoint> best;
    std::uint32_t best_metric = std::numeric_limits<std::uint32_t>::max();
    bool more = ask_for_routes(descriptor);
    alignas(nlmsghdr) std::array<char, 32768> buffer;
    while (more) {
        const ssize_t size = recv(descriptor, buffer.data(), buffer.size(), 0);
        if (size <= 0) break;
        auto left = static_cast<unsigned>(size);
        for (auto* message = reinterpret_cast<nlmsghdr*>(buffer.data()); NLMSG_OK(message, left);
             message = NLMSG_NEXT(message, left)) {
            if (message->nlmsg_type == NLMSG_DONE || message->nlmsg_type == NLMSG_ERROR)
                more = false;
            const Route route = default_route(message);
            if (route.gateway && (!best || route.metric < best_metric)) {
                best = route.gateway;
                best_metric = route.metric;
            }
        }
    }
    close(descriptor);
    return best;
}

}  // namespace sov::portmap
