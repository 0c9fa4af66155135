#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include <optional>

#include "daemon/core/base/endpoint.h"

namespace sov::host {

/// Room for the address of either family, small enough to sit in an array beside the buffers.
union SocketAddress {
    sockaddr any;
    sockaddr_in v4;
    sockaddr_in6 v6;
};

/// The one place where endpoints become socket addresses. Returns the length that the kernel wants.
socklen_t to_socket_address(const Endpoint& endpoint, SocketAddress& address);

/// The reverse; nothing for any other address family. An IPv4-mapped IPv6 address becomes IPv4.
std::optional<Endpoint> to_endpoint(const SocketAddress& address);

/// "IPv4" or "IPv6", for messages to people.
const char* family_name(Family family);

}  // namespace sov::host
