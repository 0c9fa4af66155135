#pragma once

#include <map>
#include <set>
#include <tuple>
#include <utility>

#include "tests/sim/world.h"

namespace sov::sim {

/// Watches every datagram for what somebody could have sent to a third party by forging its
/// address: for each node and each address that spoke first, the bytes both ways until the address
/// has proven itself, which it has when the node hears from there after having sent something
/// there. An address that the world knows to be forged never does. First packets to addresses that
/// a node was told of are not its matter: they are paced, and counted where they arrive. Takes the
/// world's hooks for datagrams that are sent and delivered; outlives every later run of the world.
class Reflection {
  public:
    explicit Reflection(World& world);

    /// Whatever comes from there is forged.
    void add_forged(const Endpoint& address) { forged_.insert(address); }
    /// Sees what is sent after the watch has.
    void on_transmit(std::function<void(NodeIndex, const Transmit&)> see) { see_ = std::move(see); }

    /// Pairs of a node and an address that spoke first.
    std::uint64_t pairs() const { return pairs_; }
    /// Those to which more was sent than came from there.
    std::uint64_t exceeded() const { return exceeded_; }
    /// Bytes between nodes and forged addresses.
    std::uint64_t forged_in() const { return forged_in_; }
    std::uint64_t forged_out() const { return forged_out_; }

  private:
    struct Account {
        std::uint64_t in = 0, out = 0;
        bool ours = false;    ///< the node spoke first, or unasked
        bool proven = false;  ///< to the node
        bool exceeded = false;
    };
    Account& account(NodeIndex node, const Endpoint& address) { return accounts_[{node, address}]; }

    using Hearing = std::tuple<NodeIndex, Endpoint, Instant>;

    std::map<std::pair<NodeIndex, Endpoint>, Account> accounts_;
    Hearing hearing_;  ///< the datagram that was delivered last
    std::set<Endpoint> forged_;
    std::function<void(NodeIndex, const Transmit&)> see_;
    std::uint64_t pairs_ = 0, exceeded_ = 0, forged_in_ = 0, forged_out_ = 0;
};

}  // namespace sov::sim
