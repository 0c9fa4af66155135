#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace sov::avahi {

/// Which interfaces peers are looked for on.
struct InterfaceRule {
    /// Only these; empty: all but loopback, those of containers and of virtual machines (lo,
    /// docker*, br-*, virbr*, veth*): whoever is behind them is no neighbour but this very host.
    std::vector<std::string> only;
    bool ipv4 = true, ipv6 = true;  ///< families that the node has a socket for

    bool allows(std::string_view name) const;
};

struct LocalInterface {
    std::uint32_t index = 0;
    std::string name;
    std::vector<std::string> addresses;  ///< as text, without zone; at most kAddressesMax
};

/// Interfaces with more addresses publish the first ones; hosts with more interfaces, the first
/// ones.
inline constexpr std::size_t kAddressesMax = 8, kInterfacesMax = 16;

/// Those that are up and allowed, with their addresses, in the system's order.
std::vector<LocalInterface> local_interfaces(const InterfaceRule& rule);
/// "" when it is gone.
std::string interface_name(std::uint32_t index);

}  // namespace sov::avahi
