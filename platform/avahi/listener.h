#pragma once

#include <deque>
#include <functional>
#include <map>
#include <string>
#include <tuple>

#include "daemon/core/base/service.h"
#include "platform/avahi/bus.h"
#include "platform/avahi/interfaces.h"

namespace sov::avahi {

/// Browses a subtype and resolves what appears, on all interfaces and both families: what is said
/// over IPv4 multicast to IPv4 addresses, over IPv6 multicast to IPv6 addresses.
///
/// Whoever floods the link with names costs at most kItemsMax remembered names, kResolvingMax
/// resolvers at a time and what the bus carries; past the first the name heard longest ago is
/// forgotten. The newest name is resolved first, so a neighbour that comes after a flood does not
/// wait for its end.
class Listener {
  public:
    static constexpr std::size_t kItemsMax = 1024, kResolvingMax = 32;

    using Report = std::function<void(BrowserReport)>;

    /// `trouble` is called when the responder did not take or not answer a wish to browse.
    Listener(Bus& bus, InterfaceRule rule, Report report, std::function<void()> trouble)
        : bus_(bus),
          rule_(std::move(rule)),
          report_(std::move(report)),
          trouble_(std::move(trouble)) {}

    /// Browses this; an empty type stops.
    void browse(const Browse& what);
    /// Asks the link again, and for the details of everybody who is still there.
    void refresh();
    /// Names that are our own and not worth resolving.
    void set_own(std::string instance) { own_ = std::move(instance); }
    /// Any signal of the responder but an entry group's or the server's.
    void on_signal(sd_bus_message* signal);
    /// The responder is gone, and with it browser and resolvers. Says nothing about anybody.
    void forget();

    std::size_t tracked() const { return items_.size(); }
    std::size_t resolving() const { return resolvers_.size() + starting_; }
    /// Names, addresses and texts that broke a limit.
    std::uint64_t dropped() const { return dropped_; }

  private:
    /// Interface, protocol, instance.
    using Item = std::tuple<int, int, std::string>;
    struct State {
        std::string type, domain;
        std::uint64_t heard = 0;  ///< number of the announcement: higher is later
        std::uint64_t round = 0;  ///< of browsing in which it was last named
        bool waits = false, resolving = false;
    };
    using Items = std::map<Item, State>;

    void start();
    void stop_browser();
    void on_item(sd_bus_message* signal, bool is_new);
    void on_all_for_now();
    void on_found(const Item& item, sd_bus_message* signal);
    void make_room();
    void resolve_next();
    void resolve(const Item& item, State& state);
    void done(const std::string& path);
    void gone(const Item& item);

    Bus& bus_;
    InterfaceRule rule_;
    Report report_;
    std::function<void()> trouble_;
    Browse wanted_;
    std::string own_;
    std::string browser_;  ///< its path
    std::uint64_t round_ = 0;
    std::uint64_t heard_ = 0;
    Items items_;
    std::deque<Item> waiting_;  ///< the newest in front
    std::map<std::string, Item> resolvers_;
    std::size_t starting_ = 0;
    std::uint64_t session_ = 0;  ///< answers of earlier responders are late
    std::uint64_t dropped_ = 0;
};

}  // namespace sov::avahi
