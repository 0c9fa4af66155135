#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>

#include "daemon/core/base/service.h"
#include "platform/avahi/bus.h"
#include "platform/avahi/interfaces.h"

namespace sov::avahi {

/// Publishes one announcement: an entry group for each interface, with the random host name's
/// addresses there, the service and its subtype. So a group stays far below Avahi's 32 entries, and
/// an interface that is not wanted gets nothing.
class Publisher {
  public:
    struct Events {
        std::function<void()> established;
        std::function<void()> collision;
        /// Publishing is not allowed, or not possible; a sentence for people.
        std::function<void(std::string)> refused;
        /// The responder does not answer.
        std::function<void()> silent;
    };

    Publisher(Bus& bus, InterfaceRule rule, Events events)
        : bus_(bus), rule_(std::move(rule)), events_(std::move(events)) {}

    /// Publishes this in place of the last one; with the same names only the TXT record changes.
    void publish(const std::optional<ServiceAnnouncement>& announcement);
    /// A StateChanged of an entry group at this path.
    void on_state(const std::string& path, int state, const std::string& error);
    /// The responder is gone, and with it all groups.
    void forget();

  private:
    void begin(const LocalInterface& interface);
    void fill(const std::string& path, const LocalInterface& interface);
    void add_address(const std::string& path, int interface, const std::string& address);
    void add_service(const std::string& path, int interface);
    void update_txt();
    Message entry(const std::string& path, const char* member);
    /// Hands what a step was answered to the one who has to know.
    Bus::Done checked(const std::string& path);
    void on_error(sd_bus_message* answer);
    void free_groups();

    Bus& bus_;
    InterfaceRule rule_;
    Events events_;
    std::optional<ServiceAnnouncement> announcement_;
    std::map<std::string, std::uint32_t> groups_;  ///< path to interface
    std::uint64_t round_ = 0;                      ///< answers of earlier rounds are late
};

}  // namespace sov::avahi
