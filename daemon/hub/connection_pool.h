#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "daemon/hub/hub_types.h"

namespace sov::hub {

/// A connection that both sides have proven.
struct Connection {
    ports::ConnectionId id{};
    PeerId peer;
    Endpoint remote;
    bool inbound = false;
    PathClass path{};
    std::string carrier = "udp";
    bool born_over_ice = false;  ///< what carried it when it was proven, which both sides know
    Instant since{};
    Instant used{};  ///< when an app last had to do with it
    /// Since when another one to the same peer takes the new streams.
    std::optional<Instant> supplanted;
    /// When another path was last looked for, because this one seemed dead.
    std::optional<Instant> mended;
    std::string agent;
    std::vector<std::string> protocols;
};

/// Which of two connections that two sides proved at the same time both of them keep: one over the
/// UDP port before one over ICE, which may be relayed; then the one that the smaller peer dialled.
/// True for the first, false for the second, nothing when they are alike in both.
std::optional<bool> first_stays(bool first_over_ice, bool first_by_smaller, bool second_over_ice,
                                bool second_by_smaller);

/// All connections, and which one of a peer takes new streams.
class ConnectionPool {
  public:
    ConnectionPool(const PeerId& self, const HubLimits& limits) : self_(self), limits_(limits) {}

    /// `busy`: whether a connection has streams of apps, or somebody has interest in it.
    using Busy = std::function<bool(const Connection&)>;

    Connection& add(Instant now, Connection connection);
    /// The rest of its peer's are judged anew.
    std::optional<Connection> remove(Instant now, ports::ConnectionId id);
    Connection* find(ports::ConnectionId id);
    const Connection* find(ports::ConnectionId id) const;
    /// The one that takes new streams.
    Connection* primary(const PeerId& peer);
    const Connection* primary(const PeerId& peer) const;
    std::vector<ports::ConnectionId> of(const PeerId& peer) const;
    bool full() const { return all_.size() >= limits_.connections_max; }
    std::size_t size() const { return all_.size(); }
    const std::map<ports::ConnectionId, Connection>& all() const { return all_; }

    /// The least valuable one that nobody uses: supplanted before others, inbound before dialled,
    /// then the one unused for longest.
    std::optional<ports::ConnectionId> spare(const Busy& busy) const;
    /// Those that have been idle or supplanted for long enough. Supplanted ones are for the smaller
    /// peer to close, so that two sides that saw things in another order never close one each; to
    /// the other side they are idle like any.
    std::vector<ports::ConnectionId> expired(Instant now, const Busy& busy) const;
    /// When expired() may have something; may be early.
    Instant next_timeout(const Busy& busy) const;

  private:
    Instant expiry(const Connection& connection, const Busy& busy) const;
    bool better(const Connection& a, const Connection& b) const;
    bool dialled_by_smaller(const Connection& connection) const;
    void judge(Instant now, const PeerId& peer);

    PeerId self_;
    HubLimits limits_;
    std::map<ports::ConnectionId, Connection> all_;
    std::map<PeerId, std::vector<ports::ConnectionId>> by_peer_;
};

}  // namespace sov::hub
