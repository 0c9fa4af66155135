#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/udp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "daemon/app/log_sink.h"
#include "daemon/core/base/contact.h"
#include "daemon/core/identity/peer_name.h"

namespace sov::app {

/// Looks up the host names of bootstrap peers, one after the other, again and again: after a
/// failure with pauses that double from kFirstPause to kLongestPause, after a success each
/// kRefresh. All on the thread that runs `context`, but for the system's resolver, which blocks a
/// thread of Asio's own.
class BootstrapResolver {
  public:
    static constexpr std::chrono::seconds kFirstPause{2}, kLongestPause{300}, kRefresh{3600};
    /// Addresses taken from one answer; the rest is left.
    static constexpr std::size_t kAddressesMax = 8;

    using Found = std::function<void(const Contact& contact)>;
    BootstrapResolver(boost::asio::io_context& context, LogSink& log, Found found);
    ~BootstrapResolver() { stop(); }
    BootstrapResolver(const BootstrapResolver&) = delete;
    BootstrapResolver& operator=(const BootstrapResolver&) = delete;

    /// Begins, or begins anew with other lines.
    void resolve(const std::vector<identity::BootstrapLine>& lines);
    void stop();

  private:
    struct Host {
        NodeKey key;
        std::string name;
        std::uint16_t port = 0;
        std::chrono::seconds pause = kFirstPause;
    };
    /// One host and what it waits for; goes with the generation that made it.
    struct Task {
        Task(boost::asio::io_context& context, Host wanted)
            : host(std::move(wanted)), timer(context), resolver(context) {}
        Host host;
        boost::asio::steady_timer timer;
        boost::asio::ip::udp::resolver resolver;
    };

    void ask(const std::shared_ptr<Task>& task);
    void wait(const std::shared_ptr<Task>& task, std::chrono::seconds pause);

    boost::asio::io_context& context_;
    LogSink& log_;
    Found found_;
    /// Shared with the callbacks in flight, which Asio may run after stop() with "cancelled".
    std::vector<std::shared_ptr<Task>> tasks_;
};

}  // namespace sov::app
