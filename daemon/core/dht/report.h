#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "daemon/core/base/contact.h"
#include "daemon/core/base/ids.h"
#include "daemon/core/base/instant.h"
#include "daemon/core/base/result.h"
#include "daemon/core/identity/post_quantum.h"

// What a lookup tells whoever asked for it.

namespace sov::dht {

enum class Outcome : std::uint8_t {
    kContacts,     ///< answered with contacts
    kRecord,       ///< answered with the record asked for
    kStored,       ///< keeps our record
    kRefused,      ///< answered with an error code
    kTimeout,      ///< no answer in time
    kUnreachable,  ///< the network said that nobody is there (ICMP)
    kWaiting,      ///< still unanswered when the lookup ended
};

/// One question of a lookup, in the order asked.
struct TraceStep {
    NodeId node;
    Endpoint endpoint;
    std::uint8_t path = 0;    ///< which of the disjoint paths
    std::uint8_t hop = 0;     ///< 0: from our own table
    Duration asked_after{0};  ///< since the lookup began
    Duration round_trip{0};
    Outcome outcome{};
    std::optional<Errc> error;
    std::uint16_t contacts = 0;    ///< in the answer
    std::int16_t shared_bits = 0;  ///< leading bits that the node shares with the target
};

struct LookupReport {
    Key target;
    Duration took{0};
    std::uint16_t asked = 0, answered = 0, timed_out = 0;
    std::uint8_t hops = 0;
    std::vector<TraceStep> trace;  ///< only when asked for; at most Limits::lookup_candidates_max
};

/// Adds one lookup's cost to the whole of several.
void add_report(LookupReport& total, const LookupReport& part);

/// One claim on a name, or the peer asked for.
struct FoundPeer {
    PeerId peer;
    std::string tag;             ///< identity::peer_tag
    bool pinned = false;         ///< the owner this name had when first used
    std::uint16_t replicas = 0;  ///< nodes that returned this claim
    int work_bits = 0;           ///< of the claim's stamp
    std::uint64_t claim_sequence = 0;
    bool located = false;        ///< the fields below are filled
    std::uint64_t sequence = 0;  ///< of the peer record
    std::chrono::seconds ttl{0};
    std::vector<identity::PeerNode> nodes;
    Bytes claim_record, peer_record;  ///< as they travel; empty: not found
    /// The keys that it had before, the oldest first: hand-overs were followed from there.
    std::vector<PeerId> moved_from;
    /// Different hand-overs were seen on the way; not followed where none outweighs the others.
    bool disputed = false;
    /// Of the weaker one of these records: who forges one of them has all that find tells.
    identity::PostQuantumProof post_quantum{};
    /// Of a friend: these records beside what is remembered.
    identity::SecondKey second_key{};
};

/// The answer to find_peer and find_name. `error` unset: `peers` has at least one entry.
struct Found {
    std::optional<Errc> error;
    std::string name;              ///< folded; empty for find_peer
    bool owner_changed = false;    ///< the pinned owner no longer claims the name: an alarm
    PeerId pinned_owner;           ///< when owner_changed
    std::vector<FoundPeer> peers;  ///< ranked, best first
    /// Whom the policy about post-quantum signatures does not let through. When nobody is left,
    /// the error is second_key_changed where that is why the first one is here, else bad_signature.
    std::vector<FoundPeer> refused;
    std::string source;  ///< "dht", "own", "held": where the first entry came from
    LookupReport lookup;
};

/// The answer to anything that stores: own peer record, names, raw puts.
struct Published {
    std::optional<Errc> error;
    Key key;
    std::uint64_t sequence = 0;
    std::uint16_t stored = 0, refused = 0;
    LookupReport lookup;
};

/// The answer to get and trace.
struct Gotten {
    std::optional<Errc> error;
    std::vector<identity::CheckedRecord> records;
    std::vector<Contact> closest;  ///< that answered, nearest first, at most k
    LookupReport lookup;
};

}  // namespace sov::dht
