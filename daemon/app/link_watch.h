#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>

#include "daemon/app/log_sink.h"
#include "platform/linux/link_monitor.h"

namespace sov::app {

/// Calls `changed` after this host's addresses or links changed and were then quiet for a moment,
/// so that an interface that gets five addresses in a row counts once. On the thread of `context`.
class LinkWatch {
  public:
    LinkWatch(boost::asio::io_context& context, LogSink& log, std::function<void()> changed);
    ~LinkWatch() { stop(); }

    void stop();

  private:
    void await();

    std::function<void()> changed_;
    host::LinkMonitor monitor_;
    boost::asio::posix::stream_descriptor descriptor_;
    boost::asio::steady_timer settle_;
};

}  // namespace sov::app
