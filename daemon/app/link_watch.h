#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <functional>

#include "daemon/app/log_sink.h"
#include "platform/linux/link_monitor.h"

namespace sov::app {

/// Calls `changed` whenever this host's addresses, links or default routes did, which is often
/// several times in a row. On the thread of `context`.
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
};

}  // namespace sov::app
