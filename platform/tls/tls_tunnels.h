#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "daemon/core/base/endpoint.h"
#include "daemon/core/base/result.h"

namespace sov::tls {

struct TunnelOptions {
    /// Certificates of authorities that are believed besides the system's, PEM; empty: none.
    std::string ca_file;
    /// Of all tunnels together; a connection past it is closed at once.
    std::size_t connections_max = 64;
    /// To connect and to prove who is there.
    std::chrono::milliseconds handshake_time{5000};
};

/// Ports of this host, on loopback, whose TCP connections go on to a server inside TLS: for a
/// library that speaks TURN over TCP but no TLS (RFC 8656 s2.1 with RFC 8446). The server's
/// certificate must be valid and for its name; nothing is sent on before. A program of this host
/// that connects to such a port talks to the server as if it had connected there itself.
///
/// One thread for all tunnels; two buffers of 16 KiB for each connection.
class TlsTunnels {
  public:
    /// What went wrong with a connection, for a person: told on the tunnels' own thread.
    using Problem = std::function<void(const Endpoint& server, const std::string& words)>;

    static constexpr std::size_t kBufferBytes = 16 * 1024;
    static constexpr std::size_t kTunnelsMax = 16;

    /// Throws std::runtime_error when `ca_file` can't be read.
    TlsTunnels(TunnelOptions options, Problem problem);
    /// Closes everything.
    ~TlsTunnels();
    TlsTunnels(const TlsTunnels&) = delete;
    TlsTunnels& operator=(const TlsTunnels&) = delete;

    /// Where the library shall connect to reach `server`, which is called `name`: a host name, or
    /// an address as its certificate has it. On loopback of the server's family. The same server
    /// and name get the same port. kOverQuota past kTunnelsMax, kUnsupported where there is no such
    /// loopback.
    Result<Endpoint> open(const Endpoint& server, const std::string& name);

  private:
    class Engine;
    std::unique_ptr<Engine> engine_;
};

}  // namespace sov::tls
