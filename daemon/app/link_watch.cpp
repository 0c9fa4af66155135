#include "daemon/app/link_watch.h"

#include <utility>

namespace sov::app {

namespace {

/// Long enough for DHCP and SLAAC to finish one after the other, short enough not to be noticed.
constexpr std::chrono::milliseconds kSettle{300};

}  // namespace

LinkWatch::LinkWatch(boost::asio::io_context& context, LogSink& log, std::function<void()> changed)
    : changed_(std::move(changed)), descriptor_(context), settle_(context) {
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
    settle_.cancel();
    // The descriptor is the monitor's to close.
    if (descriptor_.is_open()) descriptor_.release();
}

void LinkWatch::await() {
    descriptor_.async_wait(
        boost::asio::posix::stream_descriptor::wait_read,
        [this](const boost::system::error_code& error) {
            if (error) return;
            if (monitor_.take_change()) {
                settle_.expires_after(kSettle);
                settle_.async_wait([this](const boost::system::error_code& overtaken) {
                    if (overtaken) return;
                    changed_();
                });
            }
            await();
        });
}

}  // namespace sov::app
