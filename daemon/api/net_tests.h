#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "daemon/core/base/instant.h"
#include "daemon/core/connect/net_check.h"
#include "daemon/core/snapshot.h"

namespace sov::api {

/// A relay that was asked for an address.
struct RelayTest {
    std::string name;              ///< as configured, without its password
    std::optional<Duration> took;  ///< nothing: it gave none
    std::string problem;           ///< without an address: why, as far as is known
};

/// A STUN server that can't be asked, because its name has no address.
struct NamelessServer {
    std::string name;  ///< as configured
    std::string problem;
};

/// What was tested on the daemon's own sockets.
struct NetTests {
    connect::NetFindings servers;
    std::vector<std::string> server_names;  ///< as configured, in the order of servers.servers
    std::vector<NamelessServer> nameless;
    std::size_t peers_asked = 0;
    std::vector<SeenFrom> peers;  ///< that answered since the test began
    std::vector<RelayTest> relays;
    Duration took{0};
};

/// How far it is; `tests` with the last one.
struct NetProgress {
    std::size_t asked = 0, settled = 0;
    const NetTests* tests = nullptr;
};
/// Called on the core thread, several times.
using NetSink = std::function<void(const NetProgress&)>;

}  // namespace sov::api
