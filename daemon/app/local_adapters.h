#pragma once

#include <boost/asio/io_context.hpp>
#include <functional>
#include <memory>

#include "daemon/app/config.h"
#include "daemon/core/event.h"
#include "daemon/ports/ble_radio.h"
#include "daemon/ports/service_browser.h"

namespace sov::app {

/// The adapters of the neighbourhood: Avahi and BlueZ. Each is made when its layer first asks for
/// something, so a daemon whose layers are off never touches the message bus. Core thread.
class LocalAdapters {
  public:
    struct Sinks {
        ports::ServiceBrowser::Sink browser;
        ports::BleRadio::Sink radio;
    };

    LocalAdapters(boost::asio::io_context& context, const Config& config, Sinks sinks);
    ~LocalAdapters();

    /// Carries out what the event asks an adapter for; nothing for other events.
    void handle_event(const Event& event);
    /// Withdraws everything and lets go of the bus.
    void stop();

  private:
    boost::asio::io_context& context_;
    const Config& config_;
    Sinks sinks_;
    std::unique_ptr<ports::ServiceBrowser> browser_;
    std::unique_ptr<ports::BleRadio> radio_;
};

}  // namespace sov::app
