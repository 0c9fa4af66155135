#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "daemon/api/api_socket.h"
#include "daemon/app/log_sink.h"
#include "daemon/app/start_failure.h"
#include "daemon/io/udp_transport.h"
#include "platform/linux/service_manager.h"

namespace sov::app {

/// What the daemon and the service manager that started it have to do with each other: sockets that
/// outlive a run, readiness, the line that `systemctl status` shows, and the watchdog. Without a
/// service manager sockets are made as ever and the rest is silence. Core thread.
class ServiceLink {
  public:
    /// Does something in the core and then calls `done`, on the core thread.
    using Turn = std::function<void(std::function<void()> done)>;
    /// The daemon's state in one line.
    using Verdict = std::function<std::string()>;

    ServiceLink(boost::asio::io_context& context, LogSink& log);
    ~ServiceLink();
    ServiceLink(const ServiceLink&) = delete;
    ServiceLink& operator=(const ServiceLink&) = delete;

    // --- at the start ---

    /// The daemon begins; a proof of work of `work_bits` may have to be found first.
    void starting(int work_bits);
    /// The start came to nothing; the first line of `message` becomes the status.
    void failed(const std::string& message);
    /// The socket at `path`: the service manager's where it listens there, else a new one. `mode`
    /// is for the latter. A manager that has sockets of ours, but not this one, is a contradiction
    /// that is refused; an `optional` socket is then made here.
    std::variant<api::ApiSocket, StartFailure> listen(const std::string& path, mode_t mode,
                                                      bool optional);
    /// Opens `transport` at `local`, with the socket of an earlier run where that is bound there.
    /// Datagrams that came in between are received. Nothing on success.
    std::optional<std::string> open(io::UdpTransport& transport, const Endpoint& local);

    // --- while it runs ---

    /// Says that the daemon is ready as soon as the core has taken a turn. From then on the
    /// watchdog is fed after each turn that was asked for and taken, three times in its interval,
    /// and the verdict is told when it has changed.
    void start(Turn turn, Verdict verdict);
    /// Tells the verdict if it is another one.
    void verdict_changed();
    void reloading() { manager_.reloading(); }
    void reloaded() { manager_.reloaded(); }
    /// The daemon leaves. The watchdog is fed on: leaving takes its time.
    void leaving();
    void stop();

  private:
    void watch();
    void tell_each();

    LogSink& log_;
    host::ServiceManager manager_;
    /// Listening sockets of the manager that nobody has asked for yet.
    std::vector<std::pair<std::string, int>> listeners_;
    Turn turn_;
    Verdict verdict_;
    std::string told_;  ///< the status that the manager has
    bool leaving_ = false;
    boost::asio::steady_timer watch_timer_, tell_timer_;
};

}  // namespace sov::app
