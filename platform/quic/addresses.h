#pragma once

#include <netinet/in.h>
#include <ngtcp2/ngtcp2.h>

#include <algorithm>
#include <cstring>

#include "daemon/core/base/endpoint.h"
#include "daemon/ports/datagram_path.h"

// Between our addresses and those that ngtcp2 knows. A zone stays in the bytes of a link-local
// address: for ngtcp2 addresses are only something to compare and to bind tokens to.

namespace sov::quic {

/// A path of ngtcp2's, with the memory that it points to.
class NativePath {
  public:
    /// `turn`: how often a connection has moved onto this path that it was on already; each is
    /// another path for ngtcp2, under a made-up address of ours.
    NativePath(ports::DatagramPath& path, const Endpoint& remote, std::uint8_t turn = 0) {
        ngtcp2_path_storage_zero(&storage_);
        Endpoint local = path.local();
        local.address[0] = static_cast<std::uint8_t>(local.address[0] ^ turn);
        fill(storage_.local_addrbuf, storage_.path.local, local);
        fill(storage_.remote_addrbuf, storage_.path.remote, remote);
        storage_.path.user_data = &path;
    }
    NativePath(const NativePath&) = delete;
    NativePath& operator=(const NativePath&) = delete;

    ngtcp2_path& get() { return storage_.path; }

    static ports::DatagramPath* way(const ngtcp2_path& path) {
        return static_cast<ports::DatagramPath*>(path.user_data);
    }
    static Endpoint remote(const ngtcp2_path& path) {
        Endpoint endpoint;
        if (path.remote.addr->sa_family == AF_INET) {
            sockaddr_in four;
            std::memcpy(&four, path.remote.addr, sizeof four);
            std::memcpy(endpoint.address.data(), &four.sin_addr, 4);
            endpoint.port = ntohs(four.sin_port);
            endpoint.family = Family::kIpv4;
        } else {
            sockaddr_in6 six;
            std::memcpy(&six, path.remote.addr, sizeof six);
            std::memcpy(endpoint.address.data(), &six.sin6_addr, 16);
            endpoint.port = ntohs(six.sin6_port);
            endpoint.family = Family::kIpv6;
        }
        return endpoint;
    }

  private:
    static void fill(ngtcp2_sockaddr_union& memory, ngtcp2_addr& address, const Endpoint& from) {
        if (from.family == Family::kIpv4) {
            memory.in.sin_family = AF_INET;
            memory.in.sin_port = htons(from.port);
            std::memcpy(&memory.in.sin_addr, from.address.data(), 4);
            ngtcp2_addr_init(&address, &memory.sa, sizeof memory.in);
        } else {
            memory.in6.sin6_family = AF_INET6;
            memory.in6.sin6_port = htons(from.port);
            std::memcpy(&memory.in6.sin6_addr, from.address.data(), 16);
            ngtcp2_addr_init(&address, &memory.sa, sizeof memory.in6);
        }
    }

    // All zero, because tokens are bound to every byte of an address, unused ones included.
    ngtcp2_path_storage storage_{};
};

}  // namespace sov::quic
