#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "daemon/core/base/endpoint.h"
#include "daemon/core/base/ids.h"

namespace sov::app {

/// Where bootstrap lists are looked for.
struct ListPlaces {
    std::string file;                    ///< empty: in none
    std::string dns_name;                ///< empty: not in DNS
    std::optional<Endpoint> dns_server;  ///< nothing: those of the system
    bool dht = false;
    std::chrono::seconds refresh{3600};
};

/// Looks for bootstrap lists in a file, in the TXT records of a name and in the DHT, at once and
/// then each `refresh`; in DNS after a failure with pauses that double from kFirstPause. What it
/// finds is text that nobody has judged. All on the thread that runs `context`, but for the
/// system's resolver, which blocks a thread of its own: one at a time, and nobody waits for it at
/// the end.
class ListSources {
  public:
    static constexpr std::chrono::seconds kFirstPause{5};

    /// `where` in words, as in "file /etc/list" or "DNS list.example.org".
    struct Sinks {
        std::function<void(const std::string& text, const std::string& where)> found;
        std::function<void(const std::string& where, const std::string& reason)> failed;
        std::function<void()> read_dht;  ///< asks the node, which answers later
    };
    ListSources(boost::asio::io_context& context, ListPlaces places, Sinks sinks);
    ~ListSources() { stop(); }
    ListSources(const ListSources&) = delete;
    ListSources& operator=(const ListSources&) = delete;

    /// Looks everywhere now, and from then on again and again.
    void look();
    void set_places(ListPlaces places);
    const ListPlaces& places() const { return places_; }
    void stop();

  private:
    /// What a resolving thread shares with us; it may outlive us.
    struct Lookup;

    void look_in_file();
    void look_in_dns();
    void dns_answered(std::vector<std::string> texts, const std::string& problem);
    void again_in(boost::asio::steady_timer& timer, std::chrono::seconds pause,
                  void (ListSources::*what)());

    boost::asio::io_context& context_;
    ListPlaces places_;
    Sinks sinks_;
    boost::asio::steady_timer timer_, dns_timer_;
    std::chrono::seconds dns_pause_ = kFirstPause;
    std::shared_ptr<Lookup> lookup_;  ///< under way
};

}  // namespace sov::app
