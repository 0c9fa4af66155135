#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "daemon/api/api_socket.h"
#include "daemon/app/log_sink.h"
#include "daemon/app/start_failure.h"
#include "daemon/ports/measures.h"
#include "platform/prometheus/door.h"

namespace sov::app {

/// The daemon's figures for Prometheus, on `<api.socket>.metrics` and, when it is wanted, on a port
/// of 127.0.0.1; and the clock that samples them for the history. Core thread.
class Metrics {
  public:
    using Measure = std::function<ports::Measures()>;
    using Sample = std::function<void()>;

    /// `measure` and `sample` are called on the loop's thread and outlive this.
    Metrics(boost::asio::io_context& loop, LogSink& log, Measure measure, Sample sample);
    ~Metrics() { stop(); }
    Metrics(const Metrics&) = delete;
    Metrics& operator=(const Metrics&) = delete;

    /// Serves on this socket.
    void serve(api::ApiSocket socket);
    /// Serves on a port of 127.0.0.1 as well.
    std::optional<StartFailure> serve_port(std::uint16_t port);
    /// Begins to sample.
    void start();
    void stop();

  private:
    void sample_later();

    LogSink& log_;
    Sample sample_;
    prometheus_page::Door door_;
    std::optional<api::ApiSocket> socket_;  ///< holds the path and its lock
    boost::asio::steady_timer timer_;
};

}  // namespace sov::app
