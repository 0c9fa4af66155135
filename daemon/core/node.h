#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/core/base/contact_book.h"
#include "daemon/core/base/counters.h"
#include "daemon/core/base/economy.h"
#include "daemon/core/base/ids.h"
#include "daemon/core/base/instant.h"
#include "daemon/core/base/limits.h"
#include "daemon/core/base/node_mode.h"
#include "daemon/core/base/packet_pool.h"
#include "daemon/core/base/radio.h"
#include "daemon/core/base/rng.h"
#include "daemon/core/base/service.h"
#include "daemon/core/discovery/friends.h"
#include "daemon/core/discovery/local_options.h"
#include "daemon/core/discovery/neighbour.h"
#include "daemon/core/event.h"
#include "daemon/core/identity/crypto.h"
#include "daemon/core/identity/post_quantum.h"
#include "daemon/core/identity/records.h"
#include "daemon/core/snapshot.h"

namespace sov {

/// What a node is, fixed for its life.
struct NodeTraits {
    identity::SigningKey user_key;
    identity::SigningKey node_key;
    NetworkId network;
    NodeMode mode = NodeMode::kAuto;
    bool ipv4 = true, ipv6 = true;  ///< families that have a socket
    int key_work_bits = 12;         ///< network parameter: work on a server's node key
    int name_work_bits = 12;        ///< network parameter: work on a claim of 8 and more characters
    /// STORED is sent only after handle_persisted, so nothing acknowledged is lost with the
    /// process.
    bool durable_acknowledgement = false;
    /// NodeDiscovered, NodeLost, RecordStored and their like; off in simulators.
    bool routine_events = true;
    bool bootstrap_layer = true, dht_layer = true;
    /// Whether our records are signed with ML-DSA-65 as well, where the algorithm is there, and
    /// what find tells of records that are not.
    identity::PostQuantumPolicy post_quantum = identity::PostQuantumPolicy::kPrefer;
    /// Friends and the layers of the neighbourhood; without it a node has no place for them.
    bool local = false;
    discovery::MdnsOptions mdns;
    discovery::BleOptions ble;
    std::uint16_t udp_port = 0;  ///< told to the neighbourhood
};

/// What a node is made with.
struct NodeOptions : NodeTraits {
    Limits limits;
    /// Bounds that many nodes have in common, used in place of `limits`; they outlive the nodes.
    const Limits* shared_limits = nullptr;
};

/// What a previous life left behind.
struct RestoredRecord {
    Key key;
    Bytes record;
    Duration expires_in{0};
};
/// A value of our own apps that is looked after.
struct RestoredOwnValue {
    Key key;
    Bytes record;  ///< with its pages
    std::uint32_t app = 0;
    Duration ends_in{0};
};
struct RestoredState {
    std::vector<RestoredRecord> records;
    std::vector<RestoredOwnValue> own_values;
    std::vector<Contact> anchors, cached_peers;
    std::vector<std::pair<std::string, PeerId>> name_pins;
    std::vector<std::string> own_names;
    std::uint64_t sequence_reserved = 0;
    std::optional<discovery::PresenceKey> presence_key;
    std::vector<discovery::FriendRecord> friends;
    std::vector<guard::Block> blocks;
    std::vector<Bytes> hand_overs;  ///< from our older keys, the oldest first
    /// Nodes, in the surroundings' book, that are in the table from the start, believed without
    /// having answered; then the node counts as joined. For simulations that begin in the middle of
    /// a network's life.
    std::vector<ContactHandle> table;
};

/// The sources of everything that is not decided by a node's inputs. They outlive it; the simulator
/// shares them between all its nodes.
struct Surroundings {
    identity::Crypto& crypto;
    ContactBook& book;
    PacketPool& packets;
};

/// Something that a discovery source saw.
struct Sighting {
    enum class Source : std::uint8_t { kPinned, kDns, kLan } source{};
    Contact contact;
};

/// A deadline and the name of the timer that wants it.
struct Deadline {
    Instant at;
    std::string_view timer;
};

/// A whole peer without sockets, clocks or threads. The driver, the simulator and the fuzzers know
/// only this class. Its verbs:
///
///   handle_*       inputs; `now` first, never earlier than in the call before
///   commands       find, claim, ...: return an id at once, answered by an event that carries it
///   poll_transmit, poll_event
///                  outputs; after every input both are drained until empty (checked)
///   next_timeout   when handle_timeout wants to be called; may be early, never late
///
/// Same construction and same inputs give the same outputs, byte for byte. Nothing that a peer
/// sends makes it throw. It allocates nothing for a datagram that is answered from the table.
class Node {
  public:
    /// `wall_clock` is the Unix time at Instant{} (used only as a lower bound for our own sequence
    /// numbers, so a wrong clock does no harm); `seed` feeds all choices that need no secrecy.
    Node(Surroundings surroundings, NodeOptions options, RestoredState restored,
         UnixMillis wall_clock, std::uint64_t seed);
    ~Node();
    Node(const Node&) = delete;
    Node& operator=(const Node&) = delete;

    // --- inputs ---
    /// Begins discovery: bootstraps and publishes as its layers say.
    void start(Instant now);
    /// `bytes` is overwritten: datagrams are opened in place.
    void handle_datagram(Instant now, const Path& from, MutableBytes bytes);
    void handle_timeout(Instant now);
    void handle_sighting(Instant now, const Sighting& sighting);
    /// From the adapters of the neighbourhood; their requests come as events.
    void handle_report(Instant now, const BrowserReport& report);
    void handle_report(Instant now, const RadioReport& report);
    /// The addresses of this host's interfaces with our port, told to friends in radio range. Who
    /// holds our leases for calls learns at once where we are; see handle_network_change() for all.
    void set_own_addresses(Instant now, const std::vector<Endpoint>& addresses);
    /// A port of the router's that is sent on to us, or nothing any more. It stands in our record,
    /// before the address that others see, for as long as they see us at that router's address.
    void set_mapped_endpoint(Instant now, const std::optional<Endpoint>& outside);
    /// What the host can afford from now on; see Economy.
    void set_economy(Instant now, const Economy& economy);
    /// The clock of this host was set: it is this Unix time now. Timers do not notice.
    void set_wall_clock(Instant now, UnixMillis time);
    /// Endpoints that somebody else on our sockets sends to: they share Limits::flows_max.
    void set_flows_elsewhere(std::size_t flows);
    /// The network says that nobody listens there (ICMP): a hint, worth one soft time-out.
    void handle_unreachable(Instant now, const Endpoint& endpoint);
    /// Addresses or routes changed, or the host woke up: probe, re-publish, listen anew, retry
    /// bootstrapping; our requests are spread out meanwhile (Limits::resume_per_second).
    void handle_network_change(Instant now);
    /// Answers PersistRecord, OwnNamesChanged and ReserveSequence.
    void handle_persisted(Instant now, std::uint64_t ticket, bool ok);
    /// Withdraws our records: tombstones to their replicas. Finished when withdrawn() or when the
    /// driver's patience ends.
    void withdraw(Instant now);
    bool withdrawn() const;

    // --- commands ---
    /// At the levels of get_value: fast ends at the first valid record.
    CommandId find_peer(Instant now, const PeerId& peer, bool trace,
                        dht::Level level = dht::Level::kFast);
    /// `query` as people type it: "bob" or "bob#k7f3q2". invalid_argument comes as an event too.
    CommandId find_name(Instant now, std::string_view query, bool trace,
                        dht::Level level = dht::Level::kFast);
    CommandId claim_name(Instant now, std::string_view name);
    CommandId release_name(Instant now, std::string_view name);
    /// Stores a record that is already signed. Everybody checks it, we first.
    CommandId put(Instant now, const Key& key, Bytes record);
    /// All records at a key; with `trace` the way there as well.
    CommandId get(Instant now, const Key& key, bool trace);
    /// Stores a value for an app: an immutable one under the hash of its content, or a mutable one
    /// of ours under a label. Answered by ValuePutFinished. The daemon keeps it at the nearest
    /// nodes until its ttl ends.
    CommandId put_value(Instant now, dht::ValuePut put);
    /// Stores a value that is signed already, its pages behind its record, and keeps it at the
    /// nearest nodes like one of ours: ValuePutFinished.
    CommandId put_signed_value(Instant now, const Key& key, ByteView value);
    /// The newest version of the value at a key: ValueGetFinished. With `newer_than` only one with
    /// a higher sequence number travels.
    CommandId get_value(Instant now, const Key& key, dht::Level level,
                        std::optional<std::uint64_t> newer_than = std::nullopt);
    /// Stops to look after the values of this app at a key (no app: of all), whose copies elsewhere
    /// end with their ttl: LetGoFinished, once the disk has it.
    CommandId let_go(Instant now, const Key& key, std::optional<std::uint32_t> app);
    /// Every change of the records at a key from now on, and what is there already: ValueChanged,
    /// until cancelled. `cursor` is the last one that was told for this key; empty at first.
    CommandId listen(Instant now, const Key& key, ByteView cursor);
    /// Leaves a sealed item for a peer, who may be away: ValuePutFinished. Only the peer can read
    /// it, and who sent it. Mail waits up to 7 days, a signal for two minutes and is pushed to a
    /// peer that listens.
    CommandId leave_item(Instant now, const dht::ItemLeft& left);
    /// All that was left for our user and not removed: ItemsCollected.
    CommandId collect_items(Instant now, identity::ItemUse use);
    /// Deletes items, by their ids, at the replicas: ItemsRemoved. Signals are deleted by being
    /// told.
    CommandId remove_items(Instant now, identity::ItemUse use, std::vector<PeerId> ids);
    /// Every item that is there or comes, each once: ItemArrived, until cancelled. ListenArmed and
    /// ListenEnded as for listen().
    CommandId listen_items(Instant now, identity::ItemUse use);
    /// Offers content or services from now on, until withdrawn or the node ends: announced at the
    /// nearest nodes and again before that lapses. Answered by OffersFinished when all have been
    /// tried once, by OffersProgressed meanwhile.
    CommandId offer(Instant now, const dht::OfferRequest& request);
    /// Takes offers back: OffersFinished.
    CommandId withdraw_offers(Instant now, const dht::OfferWithdrawal& withdrawal);
    /// Who says that they provide something, a random sample: ProviderConfirmed for each that is
    /// sure before the end, at most as many as are wanted, and then ProvidersFound with all.
    CommandId find_providers(Instant now, const dht::ProviderQuery& query);
    /// Ends a command early; its event says cancelled. Unknown ids are ignored.
    void cancel(Instant now, CommandId command);
    /// Switches a layer on or off: "bootstrap", "dht", "mdns" or "ble". False for one that this
    /// node does not have.
    bool set_layer(Instant now, std::string_view layer, bool on);
    /// Asks up to 8 nodes of each family where they see us; returns how many. Their words come to
    /// seen_from().
    std::size_t ask_addresses(Instant now);
    /// Forgets which owner a name had; the next find pins anew. False when it was not pinned.
    bool unpin_name(std::string_view name);
    /// Whom we want to recognise nearby, and be recognised by once they add us too. Errors:
    /// invalid_argument, over_quota, unsupported (a node without NodeOptions::local).
    Result<void> add_friend(Instant now, const PeerId& peer, std::string_view note);
    /// False when they were none. The others get a new presence key when next met.
    bool remove_friend(Instant now, const PeerId& peer);
    /// Forgets with which second key a friend was seen; the next one that is verified is
    /// remembered. False when none was.
    bool forget_second_key(Instant now, const PeerId& peer);

    /// From now on nothing of it is heard, asked, stored or shown: a node, a peer (as the owner of
    /// records), or addresses. over_quota past Limits::blocks_max.
    Result<void> block(Instant now, const guard::Block& block);
    /// False when it was not blocked. Its bad deeds are forgotten, too.
    bool unblock(Instant now, const guard::Block& block);

    // --- outputs ---
    /// The next datagram to send, valid until the next input; null when there is none.
    const Transmit* poll_transmit();
    std::optional<Event> poll_event();
    Deadline next_timeout() const;

    // --- views ---
    NodeStatus status(Instant now) const;
    /// Where peers see us, as they said last: at most 16 of each family.
    std::vector<SeenFrom> seen_from(Instant now) const;
    std::vector<TableEntry> table(Instant now) const;
    std::vector<PeerSession> sessions(Instant now) const;
    std::vector<BootstrapEntry> bootstrap(Instant now) const;
    std::vector<OwnName> own_names() const;
    /// In order of key.
    std::vector<dht::OwnOffer> own_offers(Instant now) const;
    std::vector<FriendStatus> friends(Instant now) const;
    /// Whether it is one of friends(); O(log n).
    bool is_friend(const PeerId& peer) const;
    /// That lead to our key, the oldest first.
    std::vector<OwnHandOver> hand_overs() const;
    /// Every layer that this node has, in the order of their names' first mention here: bootstrap,
    /// dht, mdns, ble.
    std::vector<LayerStatus> layers() const;
    /// Who is near, in the order in which they appeared.
    std::vector<discovery::Neighbour> neighbours() const;
    /// Where to dial a peer on this host's own links, the best first.
    std::vector<discovery::NearAddress> near_addresses(const PeerId& peer) const;
    std::vector<guard::Block> blocks() const;
    /// What is remembered against a node or peer, and what follows from it.
    Judgement judgement(Instant now, const NodeKey& node) const;
    Judgement judgement(Instant now, const PeerId& peer) const;
    std::vector<HeldRecord> held_records(Instant now) const;
    /// Values of our apps that are looked after, in order of key.
    std::vector<dht::OwnValue> own_values(Instant now) const;
    /// How many offers of others this node holds at a key.
    std::size_t held_offers(Instant now, const Key& key) const;
    /// Contacts worth keeping for the next start, anchors first; at most 8 anchors and 512 others.
    std::vector<Contact> anchors(Instant now) const;
    std::vector<Contact> peers_to_cache(Instant now) const;
    const Counters& counters() const;
    const PeerId& peer_id() const;
    const NodeKey& node_key() const;
    const NodeId& node_id() const;

    /// Aborts when parts disagree with each other; called by tests and the simulator after events.
    void check_invariants() const;

  private:
    class Parts;
    std::unique_ptr<Parts> parts_;
};

}  // namespace sov
