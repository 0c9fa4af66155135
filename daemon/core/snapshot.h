#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "daemon/core/base/contact.h"
#include "daemon/core/base/coordinate.h"
#include "daemon/core/base/counters.h"
#include "daemon/core/base/ids.h"
#include "daemon/core/discovery/layer.h"
#include "daemon/core/event.h"
#include "daemon/core/guard/blocklist.h"
#include "daemon/core/guard/eclipse_check.h"
#include "daemon/core/guard/reputation.h"

// Views of a node's state for people and tools: copies, made on request, never kept.

namespace sov {

/// Where a peer sees us.
struct SeenFrom {
    Endpoint by, as;
    Duration ago{0};
};

/// Signs that our key is in use elsewhere, too.
struct ElsewhereStatus {
    bool seen = false;  ///< in the last day
    Duration ago{0};
    std::uint32_t times = 0;
    std::vector<Endpoint> endpoints;  ///< that the other one names
    std::optional<PeerId> handed_to;  ///< our key was handed over, and not here
};

/// One of our older keys and where it leads.
struct OwnHandOver {
    PeerId from, to;
    std::uint16_t replicas = 0;
    bool disputed = false;  ///< somebody signed another one with that key
};

struct FamilyStatus {
    bool enabled = false;
    Endpoint observed;  ///< our address as peers see it, by vote; port 0: unknown yet
    Reachability reachability{};
    std::string reachability_reason;
    std::size_t table_nodes = 0;  ///< confirmed entries of the routing table
    std::size_t table_fresh = 0;  ///< answered within Limits::relay_fresh
    std::size_t dialbacks = 0;    ///< successful dial-backs counted so far
};

struct NodeStatus {
    DiscoveryState state{};
    bool serving = false;  ///< others may put us into their tables
    FamilyStatus v4, v6;
    std::uint64_t network_size = 0;  ///< estimated from our neighbourhood; 0: unknown
    std::size_t sessions = 0, half_open = 0;
    std::size_t records = 0, record_bytes = 0;
    std::size_t lookups_running = 0;
    Duration lookup_p50{0};                 ///< over the last 64 finished lookups; 0: none yet
    std::uint16_t own_record_replicas = 0;  ///< nodes that hold our peer record
    Duration own_record_age{0};             ///< since it was last stored or touched; 0: never
    bool has_post_quantum = false;          ///< ML-DSA-65 can be checked
    bool signs_post_quantum = false;        ///< our records are signed with it
    std::uint16_t own_part_replicas = 0;    ///< nodes that hold that half of our peer record
    std::size_t contacts_known = 0;
    std::optional<Coordinate> coordinate;  ///< nothing until a round trip was measured
    std::size_t round_trips_known = 0;     ///< peers
    guard::Surround surround;              ///< as of the last look
    bool eclipse_suspected = false;
    std::string eclipse_signs;        ///< in words; may be there without suspicion
    std::size_t flows = 0;            ///< endpoints in a NAT's view now; 0 where nobody counts
    std::size_t crowded_regions = 0;  ///< keys with more nodes around than there can be
    ElsewhereStatus elsewhere;
};

struct TableEntry {
    Contact contact;
    NodeId id;
    int bucket = 0;  ///< leading bits shared with our own id, at most the last bucket
    Duration verified_ago{0};
    std::uint8_t strikes = 0;
    bool replacement = false;
};

struct PeerSession {
    NodeKey key;
    NodeId id;
    Endpoint endpoint;
    bool confirmed = false;
    bool server = false;
    Duration round_trip{0};  ///< smoothed; 0: not measured
    Duration age{0}, idle{0};
};

enum class BootstrapSource : std::uint8_t { kAnchor, kCache, kPinned, kDns };

struct BootstrapEntry {
    NodeKey key;
    BootstrapSource source{};
    std::vector<Endpoint> endpoints;
    std::uint32_t attempts = 0;
    bool answered = false;
    Duration answered_ago{0};
    std::string problem;  ///< empty, or why it is not used, in words
};

struct OwnName {
    std::string name;
    Key key;
    std::uint16_t replicas = 0;  ///< that hold the claim since the last publish; 0: not stored yet
    std::string problem;         ///< empty, or why it is not stored
};

struct FriendStatus {
    PeerId peer;
    std::string note;
    bool recognisable = false;  ///< we have the key of their rotating tags
    bool told = false;          ///< they have ours
    bool met = false;           ///< since the start
    Duration met_ago{0};
    std::optional<PeerId> moved_from;  ///< the key that they had before
    std::optional<Hash32> second_key;  ///< remembered; identity::kAwaitedSecondKey: not yet seen
    /// How the last record compared with it, or unchecked or awaited; none without one.
    identity::SecondKey second_key_state{};
};

struct LayerStatus {
    std::string name;
    bool on = false;
    discovery::LayerReport report;
};

/// Why somebody is treated as it is.
struct Judgement {
    bool blocked = false;    ///< by the user
    std::string blocked_by;  ///< the address prefix, when that is why
    bool known = false;      ///< bad deeds are remembered; what follows is set
    int points = 0;
    guard::Standing standing{};
    std::vector<guard::Reputation::Count> deeds;  ///< the gravest first
    Duration good_after{0};
    bool in_table = false;
};

struct HeldRecord {
    Key key;
    identity::RecordHead head;
    std::size_t bytes = 0;
    Duration expires_in{0};
};

}  // namespace sov
