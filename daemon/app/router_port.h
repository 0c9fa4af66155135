#pragma once

#include <boost/asio/io_context.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "daemon/app/config.h"
#include "daemon/app/log_sink.h"
#include "daemon/ports/port_mapper.h"

namespace sov::app {

/// Keeps the IPv4 socket's port open at the router, where the configuration wants it and the socket
/// is for more than this host. On the thread of `context`.
class RouterPort {
  public:
    /// `changed` is called when a mapping came or went: strangers may reach us now, or no more.
    RouterPort(boost::asio::io_context& context, const Config& config,
               const std::vector<Endpoint>& listening, LogSink& log, std::function<void()> changed);

    void look_again();
    bool wanted() const { return mapper_ != nullptr; }
    void stop();
    /// What the router last let us have; nothing before its first answer and where it is not asked.
    const std::optional<ports::MappingChanged>& state() const { return state_; }

  private:
    void take(const ports::MappingChanged& news);

    LogSink& log_;
    std::function<void()> changed_;
    std::unique_ptr<ports::PortMapper> mapper_;
    std::optional<ports::MappingChanged> state_;
};

}  // namespace sov::app
