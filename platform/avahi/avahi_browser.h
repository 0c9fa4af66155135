#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "daemon/ports/service_browser.h"
#include "platform/avahi/bus.h"
#include "platform/avahi/interfaces.h"
#include "platform/avahi/listener.h"
#include "platform/avahi/publisher.h"

namespace sov::avahi {

/// DNS-SD through the system's Avahi, spoken with over the message bus without ever waiting for it
/// (docs/decisions, "Avahi over sd-bus"). Without a bus it looks for one every two seconds; without
/// Avahi it waits to be told that it came; when Avahi came back everything is published and browsed
/// anew. A responder that does not let us publish is asked again once a minute.
class AvahiBrowser final : public ports::ServiceBrowser {
  public:
    struct Options {
        InterfaceRule interfaces;
        std::string bus_address;                   ///< empty: the system bus
        std::chrono::milliseconds patience{5000};  ///< for an answer
        std::chrono::milliseconds bus_retry{2000}, publish_retry{60'000};
    };

    AvahiBrowser(boost::asio::io_context& context, Options options, Sink sink);
    ~AvahiBrowser() override;

    void submit(BrowserRequest request) override;
    void stop() override;

    const Listener& listener() const { return listener_; }

  private:
    void connect();
    void on_signal(sd_bus_message* signal);
    void on_bus_closed();
    void on_owner(const std::string& owner);
    void ask_server_state();
    void on_server_state(int state);
    void on_silence();
    void begin_work();
    void publish();
    void say(BrowserState state, std::string reason);
    void report(BrowserReport what);
    void retry_in(std::chrono::milliseconds wait, void (AvahiBrowser::*step)());

    boost::asio::io_context& context_;
    Options options_;
    Sink sink_;
    Bus bus_;
    boost::asio::steady_timer retry_;
    Publisher publisher_;
    Listener listener_;
    std::optional<ServiceAnnouncement> wanted_;
    Browse browse_;
    std::string owner_;  ///< the responder's unique name; empty: none
    bool running_ = false;
    bool stopped_ = false;
    std::optional<BrowserState> said_;
    std::string said_reason_;
    /// Reports that are still under way when this is gone go nowhere.
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace sov::avahi
