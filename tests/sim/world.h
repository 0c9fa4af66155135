#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <unordered_map>
#include <vector>

#include "daemon/core/base/contact_book.h"
#include "daemon/core/base/packet_pool.h"
#include "daemon/core/node.h"
#include "tests/sim/actor.h"
#include "tests/sim/event_queue.h"
#include "tests/sim/net_model.h"
#include "tests/sim/slots.h"
#include "tests/support/quick_hash.h"
#include "tests/support/sim_crypto.h"

namespace sov::sim {

/// Number of a node in a world; never used again after the node has left.
using NodeIndex = std::uint32_t;

/// A node to add.
struct NodePlan {
    /// Made up when unset.
    std::optional<identity::SigningKey> node_key;
    /// Where it is, instead of host_v4(index).
    std::optional<Endpoint> address;
    /// In its table from the start (RestoredState::table); then it has nothing to join.
    std::vector<ContactHandle> table;
    std::vector<Contact> anchors, cached_peers;
    /// Only answers: runs no layer, pings nobody, publishes nothing.
    bool quiet = false;
    NodeMode mode = NodeMode::kServer;
    identity::Crypto* crypto = nullptr;  ///< what its host knows, instead of the world's
    identity::PostQuantumPolicy post_quantum = identity::PostQuantumPolicy::kPrefer;
    bool ipv4 = true, ipv6 = false;
    Filtering filtering = Filtering::kOpen;
    NetworkId network{{0x51}};
    /// Has local layers; a Neighbourhood does what they ask for.
    bool local = false;
    discovery::MdnsOptions mdns;
    discovery::BleOptions ble;
    std::optional<identity::SigningKey> user_key;  ///< made up when unset
    std::optional<Limits> limits;                  ///< instead of the world's
    std::vector<RestoredRecord> records;           ///< held from the start
    std::vector<RestoredOwnValue> own_values;
    std::vector<Bytes> hand_overs;  ///< from older keys of its user
    std::vector<discovery::FriendRecord> friends;
    /// Told to the node as pinned bootstrap peers.
    std::vector<NodeIndex> bootstraps;
};

/// Totals since the world was made or since reset_totals().
struct Totals {
    std::uint64_t datagrams = 0, bytes = 0, lost = 0;
    std::uint64_t inputs = 0;  ///< calls into nodes
};

/// Real Nodes, one virtual clock, one network. Everything that happens follows from the seed and
/// from the calls: two worlds that were treated alike have the same trace hash, on any machine.
class World {
  public:
    struct Options {
        std::uint64_t seed = 1;
        NetOptions net;
        Limits limits = small_limits();
        int key_work_bits = 0, name_work_bits = 4;
        /// Every so many inputs the node that got one checks itself; 0: never.
        std::uint64_t check_invariants_every = 64;
    };

    explicit World(Options options);

    // --- nodes ---
    /// Makes and starts a node now.
    NodeIndex add(const NodePlan& plan);
    /// Puts something else than a Node onto the network.
    NodeIndex add(std::unique_ptr<Actor> actor, const Endpoint& endpoint);
    /// The node is gone without a word, as if its host lost power.
    void kill(NodeIndex index);
    /// Its host has another address of the same family; the node is told nothing. What is on its
    /// way to the old one is lost. Nobody filters what comes.
    void move(NodeIndex index, const Endpoint& to);
    /// Its host sleeps: what comes is lost, and no timer fires until it wakes, late.
    void set_asleep(NodeIndex index, bool asleep);
    bool alive(NodeIndex index) const { return hosts_[index].node != nullptr; }
    /// Living Nodes; actors are not among them.
    std::vector<NodeIndex> living() const;
    std::size_t size() const { return hosts_.size(); }
    const Node& node(NodeIndex index) const { return *hosts_[index].node; }
    Contact contact(NodeIndex index) const;
    const Endpoint& endpoint(NodeIndex index, Family family) const;

    // --- commands: `done` is called with the answer, in the middle of a later run ---
    using Answered = std::function<void(const Event&)>;
    void find_name(NodeIndex index, std::string_view query, Answered done);
    void find_peer(NodeIndex index, const PeerId& peer, Answered done);
    void claim_name(NodeIndex index, std::string_view name, Answered done);
    void get(NodeIndex index, const Key& key, Answered done);
    void put(NodeIndex index, const Key& key, Bytes record, Answered done);
    void put_value(NodeIndex index, dht::ValuePut put, Answered done);
    void get_value(NodeIndex index, const Key& key, dht::Level level, Answered done);
    /// Any other input or command: `use` gets the node and the time, outputs are taken care of.
    void with(NodeIndex index, const std::function<void(Node&, Instant)>& use);

    // --- time ---
    Instant now() const { return now_; }
    void run_for(Duration span) { run_until(now_ + span); }
    void run_until(Instant end);
    /// Runs until `condition` holds, asked once each `step`; false when it does not within `most`.
    bool run_while_not(const std::function<bool()>& condition, Duration most,
                       Duration step = std::chrono::milliseconds{250});
    /// Calls `task` at `at`, between inputs.
    void schedule(Instant at, std::function<void()> task);

    // --- outside ---
    NetModel& net() { return net_; }
    Rng& rng() { return rng_; }
    support::SimCrypto& crypto() { return crypto_; }
    ContactBook& book() { return book_; }
    const Limits& limits() const { return options_.limits; }
    const Totals& totals() const { return totals_; }
    void reset_totals() { totals_ = {}; }
    /// Over the time, addresses and bytes of every datagram sent and the kind of every event.
    std::uint64_t trace_hash() const { return trace_.words()[0]; }
    /// Sees every datagram before the network decides about it.
    void on_transmit(std::function<void(NodeIndex, const Transmit&)> see) { see_ = std::move(see); }
    /// Sees every datagram that reaches a Node, before the node does.
    void on_deliver(std::function<void(NodeIndex, const Endpoint& from, std::size_t bytes)> see) {
        see_delivery_ = std::move(see);
    }
    /// A datagram whose sender says that it comes from `from`, whoever that is; it is there after
    /// `delay`.
    void forge(const Endpoint& from, const Endpoint& to, ByteView bytes, Duration delay);
    /// Sees every event.
    void on_event(std::function<void(NodeIndex, const Event&)> see) { see_event_ = std::move(see); }
    void check_all_invariants() const;

    /// Bounds for a world of many nodes: the daemon's behaviour in less memory.
    static Limits small_limits();

  private:
    struct Host {
        std::unique_ptr<Node> node;
        std::unique_ptr<Actor> actor;
        Endpoint v4, v6;
        Instant armed = kNever;  ///< the earliest timer event in the queue for this node
        bool asleep = false;
    };
    struct Flight {
        Endpoint from, to;
        std::vector<std::uint8_t> bytes;
    };

    void deliver(Flight flight);
    void fire_timer(NodeIndex index, Instant at);
    /// Takes all outputs after an input.
    void drain(NodeIndex index);
    void act(NodeIndex index, const std::function<void(Actor&, Outbox&)>& input);
    void transmit(NodeIndex from, const Transmit& packet);
    void take_event(NodeIndex index, const Event& event);
    void arm(NodeIndex index);
    void await(NodeIndex index, CommandId command, Answered done);
    /// The disk: says yes after a millisecond.
    void persist(NodeIndex index, std::uint64_t ticket);

    Options options_;
    Rng rng_;
    support::SimCrypto crypto_;
    ContactBook book_;
    PacketPool packets_;
    NetModel net_;
    EventQueue queue_;
    Slots<Flight> flights_;
    Slots<std::function<void()>> tasks_;
    Instant now_{};
    std::vector<Host> hosts_;
    std::unordered_map<Endpoint, NodeIndex, EndpointHash> by_endpoint_;
    std::map<std::pair<NodeIndex, CommandId>, Answered> waiting_;
    support::QuickHash trace_{0};
    Totals totals_;
    std::vector<std::unique_ptr<Transmit>> outgoing_;  ///< of the actor whose turn it is
    std::function<void(NodeIndex, const Transmit&)> see_;
    std::function<void(NodeIndex, const Endpoint&, std::size_t)> see_delivery_;
    std::function<void(NodeIndex, const Event&)> see_event_;
};

}  // namespace sov::sim
