#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/udp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "daemon/app/config.h"
#include "daemon/app/log_sink.h"
#include "daemon/app/network_check.h"
#include "platform/tls/tls_tunnels.h"

namespace sov::app {

/// The STUN and TURN servers of the configuration, with the addresses that they have now. Those
/// that are given by name are looked up, one after the other: after a failure again with pauses
/// that double from kFirstPause to kLongestPause, after a success each kRefresh. The addresses of a
/// name that can't be looked up any more stay in use. All on the thread that runs `context`, but
/// for the system's resolver, which blocks a thread of Asio's own; at most one question for each
/// name is under way.
class IceServerList {
  public:
    static constexpr std::chrono::seconds kFirstPause{2}, kLongestPause{300}, kRefresh{600};

    /// `changed` is called when servers() has changed, never from within a call.
    IceServerList(boost::asio::io_context& context, LogSink& log, std::function<void()> changed)
        : context_(context), log_(log), changed_(std::move(changed)) {}
    ~IceServerList() { stop(); }
    IceServerList(const IceServerList&) = delete;
    IceServerList& operator=(const IceServerList&) = delete;

    /// Once. False when connect.turn_ca_file can't be read; the log says so. Begins to look up.
    bool start(const Config& config);
    /// The network is another one: names are looked up at once.
    void look_again();
    void stop();

    /// In the order of the configuration, for each name at most one address of each family. A name
    /// without an address stands here with its problem and port 0.
    const std::vector<NamedServer>& servers() const { return servers_; }
    /// Those that can be asked.
    std::vector<ports::IceServer> usable() const;

  private:
    /// A line and what it waits for.
    struct Task {
        Task(boost::asio::io_context& context, IceServerLine wanted)
            : line(std::move(wanted)), timer(context), resolver(context) {}
        IceServerLine line;
        boost::asio::steady_timer timer;
        boost::asio::ip::udp::resolver resolver;
        std::chrono::seconds pause = kFirstPause;
        bool asking = false;
        std::vector<Endpoint> addresses;
        std::string problem;
    };

    void ask(const std::shared_ptr<Task>& task);
    void take(Task& task, const boost::asio::ip::udp::resolver::results_type& results);
    void wait(const std::shared_ptr<Task>& task, std::chrono::seconds pause);
    void gather();
    void add(const Task& task, const Endpoint& endpoint);
    bool is_ours(const std::shared_ptr<Task>& task) const;

    boost::asio::io_context& context_;
    LogSink& log_;
    std::function<void()> changed_;
    std::unique_ptr<tls::TlsTunnels> tunnels_;  ///< where a server wants TLS
    /// Shared with the callbacks in flight, which Asio may run after stop() with "cancelled".
    std::vector<std::shared_ptr<Task>> tasks_;
    std::vector<NamedServer> servers_;
};

}  // namespace sov::app
