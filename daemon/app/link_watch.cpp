#include "daemon/app/link_watch.h"

#include <utility>

namespace sov::app {

LinkWatch::LinkWatch(boost::asio::io_context& context, LogSink& log, std::function<void()> changed)
    : changed_(std::move(changed)), descriptor_(context) {
    if (monitor_.descriptor() < 0) {
        log.write(api::LogLevel::kWarning, "app", "app.links_unwatched",
                  "changes of addresses are noticed only by their effects",
                  {{"reason", monitor_.problem()}});
        return;
    }
    descriptor_.assign(monitor_.descriptor());
    await();
}

void LinkWatch::stop() {
    // The descriptor is the monitor's to close.
    if (descriptor_.is_open()) descriptor_.release();
}

void LinkWatch::await() {
    descriptor_.async_wait(boost::asio::posix::stream_descriptor::wait_read,
                           [this](const boost::system::error_code& error) {
                               if (error) return;
                               if (monitor_.take_change()) changed_();
                               await();
                           });
}

}  // namespace sov::app
