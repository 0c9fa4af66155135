#include "platform/linux/link_monitor.h"

#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

namespace sov::host {

LinkMonitor::LinkMonitor() {
    socket_ = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);
    sockaddr_nl address{};
    address.nl_family = AF_NETLINK;
    address.nl_groups = RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR | RTMGRP_IPV4_ROUTE |
                        RTMGRP_IPV6_ROUTE;
    if (socket_ >= 0 &&
        bind(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0)
        return;
    problem_ =
        std::string("the kernel does not tell about changes of addresses: ") + std::strerror(errno);
    if (socket_ >= 0) close(socket_);
    socket_ = -1;
}

LinkMonitor::~LinkMonitor() {
    if (socket_ >= 0) close(socket_);
}

bool LinkMonitor::take_change() {
    bool changed = false;
    alignas(nlmsghdr) std::array<char, 16384> buffer;
    while (true) {
        const ssize_t size = recv(socket_, buffer.data(), buffer.size(), 0);
        if (size < 0 && errno == EINTR) continue;
        if (size < 0) return changed || errno == ENOBUFS;
        auto left = static_cast<unsigned>(size);
        for (auto* message = reinterpret_cast<nlmsghdr*>(buffer.data()); NLMSG_OK(message, left);
             message = NLMSG_NEXT(message, left)) {
            changed = read_message(message) || changed;
        }
    }
}

// Only default routes: the way out came or went. Routers say again and again that theirs is there.
bool LinkMonitor::read_route(const void* bytes) {
    const auto* message = static_cast<const nlmsghdr*>(bytes);
    if (message->nlmsg_len < NLMSG_LENGTH(sizeof(rtmsg))) return false;
    const auto* route = static_cast<const rtmsg*>(NLMSG_DATA(message));
    if (route->rtm_dst_len != 0 || route->rtm_type != RTN_UNICAST) return false;
    int interface = 0;
    std::string gateway;
    auto left = static_cast<unsigned>(RTM_PAYLOAD(message));
    for (auto* part = RTM_RTA(route); RTA_OK(part, left); part = RTA_NEXT(part, left)) {
        const auto* value = static_cast<const char*>(RTA_DATA(part));
        if (part->rta_type == RTA_OIF && RTA_PAYLOAD(part) == sizeof interface)
            std::memcpy(&interface, value, sizeof interface);
        if (part->rta_type == RTA_GATEWAY) gateway.assign(value, RTA_PAYLOAD(part));
    }
    DefaultRoute found{route->rtm_family, interface, std::move(gateway)};
    if (message->nlmsg_type == RTM_DELROUTE) {
        // Also one that was there before us and is not known.
        defaults_.erase(found);
        return true;
    }
    if (defaults_.size() >= kDefaultsMax) return false;
    return defaults_.insert(std::move(found)).second;
}

bool LinkMonitor::read_message(const void* bytes) {
    const auto* message = static_cast<const nlmsghdr*>(bytes);
    if (message->nlmsg_type == RTM_NEWADDR || message->nlmsg_type == RTM_DELADDR) {
        if (message->nlmsg_len < NLMSG_LENGTH(sizeof(ifaddrmsg))) return false;
        // A tentative IPv6 address can't be used yet and is told again when it can (RFC 4862 s5.4).
        const auto* address = static_cast<const ifaddrmsg*>(NLMSG_DATA(message));
        return (address->ifa_flags & IFA_F_TENTATIVE) == 0;
    }
    if (message->nlmsg_type == RTM_NEWROUTE || message->nlmsg_type == RTM_DELROUTE)
        return read_route(message);
    if (message->nlmsg_type != RTM_NEWLINK && message->nlmsg_type != RTM_DELLINK) return false;
    if (message->nlmsg_len < NLMSG_LENGTH(sizeof(ifinfomsg))) return false;
    const auto* link = static_cast<const ifinfomsg*>(NLMSG_DATA(message));
    const bool running = message->nlmsg_type == RTM_NEWLINK && (link->ifi_flags & IFF_RUNNING) != 0;
    const auto before = running_.find(link->ifi_index);
    const bool changed = before == running_.end() || before->second != running;
    if (message->nlmsg_type == RTM_DELLINK) {
        running_.erase(link->ifi_index);
    } else {
        running_[link->ifi_index] = running;
    }
    return changed;
}

}  // namespace sov::host
