#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include "daemon/api/host.h"
#include "daemon/app/bootstrap_files.h"
#include "daemon/app/list_sources.h"
#include "daemon/app/log_sink.h"
#include "daemon/core/event.h"

namespace sov::app {

/// Keeps the signed bootstrap list of the network current: looks for newer ones where the
/// configuration says, takes those that may be believed, and tells why it refuses the others, once
/// for each that is another one. On the core thread.
class ListWatch {
  public:
    struct Sinks {
        std::function<void()> taken;  ///< another list is in force
        /// Reads the value at a key; what the node calls the command goes to note_read().
        std::function<void(const Key& key)> read;
        std::function<std::uint64_t()> now;  ///< seconds since 1970
    };
    ListWatch(boost::asio::io_context& context, LogSink& log, identity::Crypto& crypto,
              const Config& config, Sinks sinks);

    /// Where the configuration says that lists are.
    static ListPlaces places_of(const Config& config);

    /// Looks now and from then on again and again; in the DHT not before joined().
    void start() { sources_.look(); }
    void set_places(ListPlaces places) { sources_.set_places(std::move(places)); }
    /// The node can look in the DHT.
    void joined();
    void note_read(CommandId command) { reads_.insert(command); }
    void handle_event(const Event& event);
    void stop() { sources_.stop(); }

    const identity::BootstrapList* in_force() const { return keeper_.in_force(); }
    const api::ListFacts& facts() const { return facts_; }

  private:
    void read_dht();
    void take(const std::string& text, const std::string& where);
    void refuse(const std::string& where, const std::string& reason);
    void note_in_force(const std::string& where);

    LogSink& log_;
    identity::Crypto& crypto_;
    Sinks sinks_;
    std::vector<PeerId> root_keys_;
    ListKeeper keeper_;
    ListSources sources_;
    std::set<CommandId> reads_;
    std::map<std::string, std::string> refused_;  ///< where -> what was told of it last
    bool joined_ = false;
    api::ListFacts facts_;
};

}  // namespace sov::app
