#pragma once

#include <array>
#include <map>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "daemon/core/base/contact_book.h"
#include "daemon/core/base/counters.h"
#include "daemon/core/base/economy.h"
#include "daemon/core/base/limits.h"
#include "daemon/core/base/node_mode.h"
#include "daemon/core/base/rng.h"
#include "daemon/core/dht/crowd_alarms.h"
#include "daemon/core/dht/event.h"
#include "daemon/core/dht/item_store.h"
#include "daemon/core/dht/offer_store.h"
#include "daemon/core/dht/proximity.h"
#include "daemon/core/dht/routing_table.h"
#include "daemon/core/dht/size_samples.h"
#include "daemon/core/dht/tokens.h"
#include "daemon/core/dht/value_store.h"
#include "daemon/core/guard/blocklist.h"
#include "daemon/core/guard/reputation.h"
#include "daemon/core/guard/silent_addresses.h"
#include "daemon/core/identity/crypto.h"
#include "daemon/core/identity/post_quantum.h"
#include "daemon/core/wire/packet.h"
#include "daemon/core/wire/request.h"

namespace sov::dht {

/// Which part of the DHT a request belongs to: the top byte of its tag.
enum class Asker : std::uint8_t {
    kQuery = 1,
    kProbe = 2,
    kCheck = 3,
    kReachability = 4,
    kAnswered = 5,
    kWithdraw = 6,
    kNotify = 7,
    kLease = 8,
    kWrite = 9,
    kPages = 10,
    kMailbox = 11,
    kOffer = 14
};

inline std::uint64_t make_tag(Asker asker, std::uint64_t rest) {
    return (static_cast<std::uint64_t>(asker) << 56) | (rest & 0x00ffffffffffffffULL);
}
inline Asker asker_of(std::uint64_t tag) { return static_cast<Asker>(tag >> 56); }
inline std::uint64_t rest_of(std::uint64_t tag) { return tag & 0x00ffffffffffffffULL; }

/// What the parts of the DHT share. They write requests and events here; the node takes them after
/// each input, so an idle node owns no queue.
struct Context {
    // --- given ---
    identity::Crypto& crypto;
    ContactBook& book;
    Rng& rng;
    Counters& counters;
    const Limits& limits;
    const identity::SigningKey& user_key;
    const identity::SigningKey& node_signing_key;
    NodeKey node_key;
    NodeId node_id;
    NetworkId network;
    NodeMode mode;
    std::array<bool, 2> family_enabled;  ///< indexed by Family
    int key_work_bits, name_work_bits;
    bool durable_acknowledgement, routine_events;

    // --- shared state ---
    std::array<std::unique_ptr<RoutingTable>, 2> tables;  ///< indexed by Family
    ValueStore store;
    Tokens tokens;
    bool serving = false;
    std::uint64_t next_ticket = 1;
    Instant heard_anything{};  ///< when any request of ours was last answered

    // --- outputs ---
    std::vector<wire::Request> requests;
    std::vector<Event> events;
    std::vector<std::pair<NodeKey, Endpoint>> newly_proven;  ///< entered a table
    std::vector<Key> changed_keys;  ///< where a record is new or newer in the store

    // --- more shared state ---
    Proximity proximity{limits, counters};
    guard::SilentAddresses silent_addresses{limits.silent_addresses_max};
    ItemStore items{limits, counters};
    UnixMillis wall_clock = 0;  ///< at Instant{}
    guard::Reputation reputation{limits.reputation_max};
    guard::Blocklist blocks{limits.blocks_max};
    std::array<SizeSamples, 2> sizes{};  ///< indexed by Family
    CrowdAlarms crowds{limits.crowd_alarms_max};
    /// Nodes that left a table because they were silent, the newest last, at most
    /// Limits::lost_max: the way back when half of a network was cut off.
    struct Lost {
        Contact contact;
        Instant since{};
    };
    std::vector<Lost> lost{};
    identity::PostQuantumPolicy post_quantum_policy = identity::PostQuantumPolicy::kOff;
    /// What our records name; nothing where we can't sign so, or are not to.
    std::optional<Hash32> post_quantum{};
    /// With which second keys the user's friends were seen, those who were; identity::SecondKey.
    std::map<PeerId, Hash32> second_keys{};
    /// Peers whose records were verified in both halves, and the second key; an output.
    std::vector<std::pair<PeerId, Hash32>> second_keys_proven{};
    /// Records of ours that name it and were signed just now, and where they are stored.
    std::vector<std::pair<Key, Bytes>> newly_signed{};
    Instant started{};
    /// When addresses or links of this host last changed.
    std::optional<Instant> network_changed{};
    Economy economy{};
    bool has_past = false;  ///< an earlier life left us peers to begin with

    std::unique_ptr<OfferStore> offer_store{};  ///< made for the first offer

    bool has_offers() const { return offer_store != nullptr; }
    OfferStore& offers() {
        if (!offer_store) offer_store = std::make_unique<OfferStore>(node_id, limits, counters);
        return *offer_store;
    }
    RoutingTable& table(Family family) { return *tables[static_cast<std::size_t>(family)]; }
    const RoutingTable& table(Family family) const {
        return *tables[static_cast<std::size_t>(family)];
    }
    bool enabled(Family family) const { return family_enabled[static_cast<std::size_t>(family)]; }
    PeerId own_peer() const { return PeerId{user_key.public_key}; }

    UnixMillis unix_time(Instant now) const {
        return wall_clock +
               static_cast<UnixMillis>(now.time_since_epoch() / std::chrono::milliseconds(1));
    }

    std::uint64_t network_size() const {
        return std::max(tables[0]->estimate_network_size(), tables[1]->estimate_network_size());
    }
    /// The same for one family, from lookups as well: what the regions of keys are measured by.
    std::uint64_t network_size(Family family) const {
        return sizes[static_cast<std::size_t>(family)].with(table(family).estimate_network_size());
    }
    /// Entries verified since this instant may be passed on.
    Instant fresh_since(Instant now) const {
        return now - Instant{} > limits.relay_fresh ? now - limits.relay_fresh : Instant{};
    }

    /// Not to be asked, told of or taken into the table: blocked, or refused for what it did.
    bool shuns(Instant now, const NodeKey& node) const {
        return blocks.blocks(node) ||
               reputation.standing(now, guard::subject_of(node)) == guard::Standing::kRefused;
    }
    /// Counts a deed; whoever is refused from now on leaves the tables.
    void note_deed(Instant now, const NodeKey& node, guard::Deed deed);
    /// Counts what somebody wanted us to store and we refused: what it can't have checked is held
    /// against it, limits and races are not.
    void note_refused(Instant now, const NodeKey& node, Errc code);
    /// Out of all tables.
    void expel(const NodeKey& node);

    /// A node answered a request of ours from `from`: into the table with it, if it serves and has
    /// done its work. Announces newcomers.
    void note_answer(Instant now, const NodeKey& key, const Endpoint& from, bool serves,
                     RoutingTable::Origin origin);
    /// A node did not answer.
    void note_failure(Instant now, const NodeKey& key, Family family, const Endpoint& silent);

    void ask(const Contact& to, Family family, wire::Kind kind, Bytes body, std::uint64_t tag,
             Urgency urgency = Urgency::kUsual) {
        requests.push_back({to, family, kind, std::move(body), tag, false, urgency});
    }
};

inline constexpr std::array<Family, 2> kFamilies = {Family::kIpv4, Family::kIpv6};
inline std::uint8_t want_of(Family family) {
    return family == Family::kIpv4 ? wire::kWantIpv4 : wire::kWantIpv6;
}

/// The body of a message as bytes.
template <typename Body>
Bytes body_bytes(const Body& body) {
    std::array<std::uint8_t, wire::kDataMessageMax> buffer;
    ByteWriter writer(buffer);
    write(writer, body);
    return to_bytes(writer.written());
}

}  // namespace sov::dht
