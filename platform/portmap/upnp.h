#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <string_view>

#include "platform/portmap/attempt.h"

namespace sov::portmap {

/// One Internet Gateway Device, found and then asked. Every call blocks: looking for as long as it
/// is told, the others for what the library waits for a router's HTTP server.
class UpnpRouter {
  public:
    UpnpRouter();
    ~UpnpRouter();
    UpnpRouter(const UpnpRouter&) = delete;
    UpnpRouter& operator=(const UpnpRouter&) = delete;

    /// Looks for one that is connected. Why there is none, or empty.
    std::string find(std::chrono::milliseconds wait);
    Attempt map(std::uint16_t port, std::chrono::seconds lifetime);
    void unmap(const ports::PortMapping& mapping);

  private:
    struct Found;
    std::unique_ptr<Found> found_;
};

/// Whoever is on the LAN may answer to the search with any address; only one that is on networks
/// like ours is asked, so nobody sends us to somebody else. Of a URL's host: an IPv4 address.
bool is_near(std::string_view url);

}  // namespace sov::portmap
