#include "platform/avahi/interfaces.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>

#include <algorithm>
#include <array>
#include <memory>

namespace sov::avahi {

namespace {

constexpr std::array<std::string_view, 4> kVirtualPrefixes{"docker", "br-", "virbr", "veth"};

std::string address_text(const sockaddr* address, const InterfaceRule& rule) {
    std::array<char, INET6_ADDRSTRLEN> text{};
    const void* bytes = nullptr;
    if (address->sa_family == AF_INET && rule.ipv4) {
        bytes = &reinterpret_cast<const sockaddr_in*>(address)->sin_addr;
    } else if (address->sa_family == AF_INET6 && rule.ipv6) {
        bytes = &reinterpret_cast<const sockaddr_in6*>(address)->sin6_addr;
    }
    if (bytes == nullptr) return "";
    inet_ntop(address->sa_family, bytes, text.data(), text.size());
    return text.data();
}

}  // namespace

bool InterfaceRule::allows(std::string_view name) const {
    if (!only.empty()) return std::find(only.begin(), only.end(), name) != only.end();
    return name != "lo" && std::none_of(kVirtualPrefixes.begin(), kVirtualPrefixes.end(),
                                        [&](auto prefix) { return name.starts_with(prefix); });
}

std::vector<LocalInterface> local_interfaces(const InterfaceRule& rule) {
    std::vector<LocalInterface> all;
    ifaddrs* found = nullptr;
    if (getifaddrs(&found) != 0) return all;
    const std::unique_ptr<ifaddrs, decltype(&freeifaddrs)> owned(found, freeifaddrs);
    for (const ifaddrs* at = found; at != nullptr; at = at->ifa_next) {
        if (at->ifa_addr == nullptr || (at->ifa_flags & IFF_UP) == 0 || !rule.allows(at->ifa_name))
            continue;
        std::string text = address_text(at->ifa_addr, rule);
        const std::uint32_t index = if_nametoindex(at->ifa_name);
        if (text.empty() || index == 0) continue;
        auto known = std::find_if(all.begin(), all.end(), [&](const LocalInterface& interface) {
            return interface.index == index;
        });
        if (known == all.end()) {
            if (all.size() >= kInterfacesMax) continue;
            known = all.insert(all.end(), {index, at->ifa_name, {}});
        }
        if (known->addresses.size() < kAddressesMax) known->addresses.push_back(std::move(text));
    }
    return all;
}

std::string interface_name(std::uint32_t index) {
    std::array<char, IF_NAMESIZE> name{};
    return if_indextoname(index, name.data()) == nullptr ? "" : name.data();
}

}  // namespace sov::avahi
