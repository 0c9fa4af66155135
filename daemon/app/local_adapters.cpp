#include "daemon/app/local_adapters.h"

#include <utility>

#include "platform/avahi/avahi_browser.h"
#include "platform/bluez/bluez_radio.h"

namespace sov::app {

LocalAdapters::LocalAdapters(boost::asio::io_context& context, const Config& config, Sinks sinks)
    : context_(context), config_(config), sinks_(std::move(sinks)) {}

LocalAdapters::~LocalAdapters() { stop(); }

void LocalAdapters::handle_event(const Event& event) {
    if (const auto* request = std::get_if<BrowserRequest>(&event)) {
        if (!browser_) {
            avahi::AvahiBrowser::Options options;
            options.interfaces = {config_.mdns_interfaces, config_.ipv4, config_.ipv6};
            browser_ =
                std::make_unique<avahi::AvahiBrowser>(context_, std::move(options), sinks_.browser);
        }
        browser_->submit(*request);
    } else if (const auto* wanted = std::get_if<RadioRequest>(&event)) {
        if (!radio_) {
            bluez::BluezOptions options;
            options.service_uuid = config_.ble_service_uuid;
            radio_ =
                std::make_unique<bluez::BluezRadio>(context_, std::move(options), sinks_.radio);
        }
        radio_->submit(*wanted);
    }
}

void LocalAdapters::stop() {
    if (browser_) browser_->stop();
    if (radio_) radio_->stop();
}

}  // namespace sov::app
