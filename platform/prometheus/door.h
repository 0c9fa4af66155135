#pragma once

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace sov::prometheus_page {

/// Where GET /metrics is answered: on a Unix socket, on a loopback port, or both. Anything else
/// gets 404 or 405. One request a connection. All of it runs on the loop's thread.
///
/// Bounds: kConnectionsMax at once (one more when two come in the same moment), others wait in the
/// system's queue; a request of at most kRequestBytesMax; kPatience to ask and as long to read the
/// answer; a page that is younger than kFresh is served again, so however often it is asked for, it
/// is made so often only.
class Door {
  public:
    static constexpr std::size_t kConnectionsMax = 8;
    static constexpr std::uint32_t kRequestBytesMax = 8 << 10;
    static constexpr std::chrono::seconds kPatience{5};
    static constexpr std::chrono::milliseconds kFresh{250};

    /// The page of now.
    using Source = std::function<std::string()>;

    /// `source` is called on the loop's thread and outlives the door. A test may have less
    /// patience.
    Door(boost::asio::io_context& loop, Source source,
         std::chrono::milliseconds patience = kPatience);
    ~Door();
    Door(const Door&) = delete;
    Door& operator=(const Door&) = delete;

    /// Takes over a Unix socket that is bound and listens; the descriptor is duplicated.
    void serve_socket(int descriptor);
    /// Binds a port of 127.0.0.1; 0 lets the system choose. What went wrong, in words, or nothing.
    std::optional<std::string> serve_loopback(std::uint16_t port);
    /// The port of serve_loopback(); 0 without it.
    std::uint16_t loopback_port() const;
    /// Takes nobody any more; who is being served still gets an answer, an empty page if it asks
    /// only now. Idempotent.
    void close();

  private:
    class Parts;
    std::shared_ptr<Parts> parts_;
};

}  // namespace sov::prometheus_page
