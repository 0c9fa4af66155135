#pragma once

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <memory>
#include <optional>
#include <thread>

#include "daemon/ports/port_mapper.h"

namespace sov::portmap {

struct MapperOptions {
    std::uint16_t port = 0;               ///< of this host
    std::chrono::seconds lifetime{7200};  ///< asked for (RFC 6886 s3.3)
    /// Routers are restarted and get new addresses: asked again this often, lifetime or not.
    std::chrono::milliseconds renew{10 * 60 * 1000};
    /// Without a mapping: from the first pause, doubled up to the last.
    std::chrono::milliseconds retry_first{30'000}, retry_last{15 * 60 * 1000};
    std::chrono::milliseconds nat_pmp_patience{2000}, upnp_patience{1000};
    std::optional<Endpoint> gateway;  ///< for NAT-PMP; nothing: the default route's
    bool upnp = true;
};

/// One mapping by whatever the router speaks. A thread of its own asks, since both libraries block;
/// the search for a UPnP router runs beside NAT-PMP, which is preferred when both answer.
class RouterMapper final : public ports::PortMapper {
  public:
    /// `sink` is called on the thread of `context`.
    RouterMapper(boost::asio::io_context& context, const MapperOptions& options, Sink sink);
    ~RouterMapper() override;
    RouterMapper(const RouterMapper&) = delete;
    RouterMapper& operator=(const RouterMapper&) = delete;

    void look_again() override;
    /// Waits at most a second for the router; a thread that is stuck in it longer is
    /// left to itself and touches nothing of ours any more.
    void stop() override;

  private:
    class Worker;

    std::shared_ptr<Worker> worker_;
    std::thread thread_;
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace sov::portmap
