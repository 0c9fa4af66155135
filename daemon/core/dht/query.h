#pragma once

#include <algorithm>
#include <optional>
#include <vector>

#include "daemon/core/dht/context.h"
#include "daemon/core/dht/lookup.h"
#include "daemon/core/dht/report.h"

namespace sov::dht {

/// What a query is for.
struct QuerySpec {
    enum class Goal : std::uint8_t {
        kNodes,         ///< the nodes nearest to the target
        kFirstRecord,   ///< any valid record that fits; stops at once
        kAllRecords,    ///< all records; stops when three replicas have shown theirs
        kAgreed,        ///< stops when ten replicas have shown theirs, three the same newest
        kEveryReplica,  ///< all records of all replicas
        kProviders,     ///< samples of offers at the k nearest; what others show does not count
        kPlaces,        ///< the nodes nearest to the target, with tokens to store there
        kRegion,        ///< everybody around the target, with tokens: see QueryResult::region_bits
        kStore,         ///< the record to the k nearest nodes
        kTouch,         ///< as kStore, but nodes that have it only extend its life
        kDelete,        ///< a tombstone to the k nearest nodes
    } goal{};
    Key target;
    std::optional<PeerId> owner;  ///< only records of this owner fit
    bool both_families = false;   ///< walk each family even where one would reach everybody
    bool with_tokens = false;     ///< reads that may have to repair stale replicas
    /// Reads: only mutable values with a higher sequence number are wanted.
    std::optional<std::uint64_t> newer_than{};
    std::size_t places = 0;        ///< how many of the nearest nodes are wanted; 0: k
    Bytes record;                  ///< kStore, kTouch, kDelete: signed already
    identity::RecordHead head;     ///< of that record
    std::vector<NodeKey> holders;  ///< kTouch: who said that they keep it
    Urgency urgency = Urgency::kUsual;
};

/// A node that keeps our record, and the token to change it.
struct Replica {
    Contact contact;
    Family family{};
    wire::Token token;
    Key asked{};  ///< kRegion: what the token was given for
};

/// Whether this node is one of them.
inline bool is_among(const std::vector<Replica>& replicas, const NodeKey& node) {
    return std::any_of(replicas.begin(), replicas.end(),
                       [&](const Replica& replica) { return replica.contact.key == node; });
}

struct QueryResult {
    std::optional<Errc> error;
    struct Record {
        identity::CheckedRecord record;
        std::uint16_t replicas = 0;
        bool held_here = false;
        NodeId last_replica;  ///< who showed it last: a node counts once, however often it repeats
        std::vector<Replica> holders;  ///< who showed a value, tokens where asked for
    };
    /// Tombstones included; one per owner and kind, the newest, but every hand-over.
    std::vector<Record> records;
    std::vector<Contact> closest;
    /// Who stored the record; for kPlaces and reads with tokens, who could.
    std::vector<Replica> replicas;
    std::vector<Replica> spares;  ///< kPlaces: the next nearest, for where those have no room
    std::uint16_t refused = 0;
    std::uint16_t unchanged = 0;  ///< nodes that hold nothing newer than QuerySpec::newer_than
    bool conflict = false;        ///< a replica keeps another record under the same sequence number
    bool lapsed = false;          ///< a replica says that the life of the record is over
    bool stale = false;           ///< a replica says that it has a newer one of this owner
    /// kRegion: leading bits of the target. `replicas` has the nodes that share them, all of those
    /// that honest nodes on the way know; 160: the lookup has seen too little to say so, and counts
    /// for its target alone.
    int region_bits = 0;
    bool near_enough = false;   ///< kPlaces: we serve and stand among the k nearest ourselves
    bool equivocation = false;  ///< an owner signed two records under one sequence
    bool crowded = false;       ///< Lookup::crowded
    bool sampled = false;       ///< kProviders: a replica holds more offers than it showed
    /// First 64 bits of the distance of the k-th nearest that answered in `family`; 0: fewer did.
    std::uint64_t kth_distance = 0;
    Family family{};
    bool walked = false;  ///< to the end: had there been a crowd, it would have been seen
    LookupReport report;
};

/// One lookup from its first question to its result: walks each address family that is needed,
/// gathers and verifies records, and for stores hands the record to the nearest nodes. Every answer
/// is checked before it counts. Ends by itself: each question ends in an answer or a failure, and
/// Limits::lookup_time bounds it all.
class Query {
  public:
    Query(std::uint32_t id, QuerySpec spec, Instant now)
        : id_(id), spec_(std::move(spec)), began_(now) {}

    /// Takes seeds from the tables and asks the first nodes.
    void begin(Instant now, Context& context);
    void on_answer(Instant now, Context& context, std::uint32_t sequence,
                   const wire::Answer& answer);
    void on_notice(Instant now, Context& context, std::uint32_t sequence, wire::Notice::What what);
    /// Ends with what there is.
    void give_up(Instant now, Context& context, std::optional<Errc> error);
    /// kProviders, while it runs: the offers that kReplicasEnough of the nearest nodes known so far
    /// have shown. Empty when no node has shown any since the last call.
    std::vector<QueryResult::Record> confirmed();
    /// kPlaces, while it runs: who has given a token and is among the `most` nearest nodes that are
    /// known so far, whoever of them has answered.
    std::vector<Replica> places_so_far(std::size_t most) const;

    /// Whether this question went to a node that only those who came to us by themselves have
    /// named, or that did so itself.
    bool uninvited(std::uint32_t sequence) const;
    bool finished() const { return finished_; }
    Instant deadline(const Context& context) const { return began_ + context.limits.lookup_time; }
    std::uint32_t id() const { return id_; }
    const QuerySpec& spec() const { return spec_; }
    QueryResult take_result() { return std::move(result_); }

  private:
    struct Asked {
        NodeId node;
        Contact contact;
        Family family{};
        wire::Kind kind{};
        Key target;
        TraceStep step;
        bool silent = false, over = false;
    };

    bool stores() const { return spec_.goal >= QuerySpec::Goal::kStore; }
    bool reads() const {
        return spec_.goal == QuerySpec::Goal::kFirstRecord ||
               spec_.goal == QuerySpec::Goal::kAllRecords ||
               spec_.goal == QuerySpec::Goal::kAgreed ||
               spec_.goal == QuerySpec::Goal::kEveryReplica ||
               spec_.goal == QuerySpec::Goal::kProviders;
    }
    /// A touch reads on its way: whoever keeps the record has to show it.
    bool asks_for_records() const { return reads() || spec_.goal == QuerySpec::Goal::kTouch; }
    bool wants_tokens() const {
        return stores() || spec_.goal == QuerySpec::Goal::kPlaces ||
               spec_.goal == QuerySpec::Goal::kRegion || spec_.with_tokens;
    }
    std::uint8_t want_newer() const {
        return spec_.newer_than ? wire::kWantNewer : std::uint8_t{0};
    }
    std::uint8_t want(const Context& context) const;
    std::uint64_t since() const { return spec_.newer_than.value_or(0); }
    Lookup::Surroundings surroundings(const Context& context, Family family) const;
    void seed(Context& context);
    void seed_from_afar(Context& context, Lookup& lookup, std::size_t count);
    bool widen(Context& context);
    void pump(Instant now, Context& context);
    void ask(Instant now, Context& context, Lookup& lookup, const Lookup::Candidate& candidate);
    void send(Instant now, Context& context, Asked asked, Bytes body);
    Lookup* lookup_of(Family family);

    void on_nodes(Instant now, Context& context, Asked& asked, const wire::Answer& answer);
    void on_value(Instant now, Context& context, Asked& asked, const wire::Answer& answer);
    void learn(Instant now, Context& context, Asked& asked, const Endpoint& teller,
               const std::vector<Contact>& contacts, const wire::Places& places, bool full);
    const Replica* token_of(const NodeKey& node, Family family) const;
    bool take_record(Instant now, Context& context, ByteView bytes, const Asked* from);
    /// Offers that one replica is asked for; about as many as one datagram has room for.
    static constexpr std::uint8_t kSampleMost = 8;
    /// One node may lie, and two may know each other.
    static constexpr std::uint16_t kReplicasEnough = 3;
    void take_own(Instant now, Context& context);
    void note_shown(QueryResult::Record& record, const Asked* from);
    bool near_enough(const Context& context,
                     const std::vector<const Lookup::Candidate*>& nearest) const;
    bool satisfied() const;

    void begin_stores(Instant now, Context& context);
    void send_store(Instant now, Context& context, const Replica& replica, wire::Kind kind);
    void on_stored(Instant now, Context& context, Asked& asked, const wire::Answer& answer);
    void store_here(Instant now, Context& context,
                    const std::vector<const Lookup::Candidate*>& nearest);
    bool audit(Instant now, Context& context, const Replica& replica);
    bool stores_done() const;
    void count_shown_at_home(const Context& context);
    Key place_around(const NodeId& node) const;
    int bits_seen(const Context& context, const Lookup& lookup) const;
    void conclude_region(const Context& context, const Lookup& lookup);
    void finish(Instant now, Context& context, std::optional<Errc> error);

    std::uint32_t id_;
    QuerySpec spec_;
    Instant began_;
    std::vector<Lookup> lookups_;
    std::vector<Asked> asked_;        ///< index: the sequence in a request's tag
    std::vector<Replica> tokens_;     ///< who gave us a token on the way
    std::uint16_t with_records_ = 0;  ///< replicas that have shown records
    std::size_t more_in_flight_ = 0;
    bool storing_ = false, finished_ = false;
    bool shown_more_ = false;  ///< kProviders: since confirmed() was asked
    QueryResult result_;
};

}  // namespace sov::dht
