#pragma once

#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "daemon/core/dht/page_fetches.h"
#include "daemon/core/dht/queries.h"
#include "daemon/core/dht/value_report.h"

namespace sov::dht {

/// What apps of this node listen for. A watched key is read once, then leases at its nearest
/// replicas report every change; each lease is renewed often, and a renewal says what has been
/// seen, so that a replica which restarted, or we ourselves, miss nothing for longer than that.
/// After a network change leases are renewed, one each 30 ms: first those for calls, then two of
/// each key; the others and a new look for the nearest replicas follow, slower.
///
/// A listener is told versions of an owner's record in rising order, each at most once and always
/// the newest in the end. Versions are states: one that is overtaken on its way by a newer is left
/// out. The cursor that comes with each version, given to a later listen (after a restart, too),
/// leaves out what was told already.
///
/// At most Limits::listens_max listeners; nothing is allocated before the first.
class Listeners {
  public:
    /// Answered by events that carry `listen`. Errors come as ListenEnded: invalid_argument for a
    /// cursor that is none of ours, busy.
    void listen(Instant now, Context& context, Queries& queries, CommandId listen, const Key& key,
                ByteView cursor);
    /// As listen, for sealed items that are left for us. What comes is handed out by take_arrived.
    void listen_items(Instant now, Context& context, CommandId listen, identity::ItemUse use);
    /// Items that came, checked but not opened, maybe some of them again.
    std::vector<identity::CheckedRecord> take_arrived() { return std::exchange(arrived_, {}); }
    /// Who listens at this key.
    std::vector<CommandId> listening_at(const Key& key) const {
        const auto known = watches_.find(key);
        return known == watches_.end() ? std::vector<CommandId>{} : known->second.listeners;
    }
    /// Ends it with an event that says cancelled; false when it is none of ours.
    bool cancel(Context& context, Queries& queries, PageFetches& fetches, Instant now,
                CommandId listen);

    /// Answers a NOTIFY: the record is checked, told and acknowledged.
    bool on_notify(Instant now, Context& context, PageFetches& fetches, const NodeKey& replica,
                   const wire::Head& head, ByteReader body, ByteWriter& out);
    /// A record in our own store changed.
    void on_changed(Instant now, Context& context, const Key& key);
    void on_answer(Instant now, Context& context, const wire::Answer& answer);
    void on_failed(Instant now, Context& context, const wire::Notice& notice);
    /// True when the query was one of ours, the fetch likewise.
    bool on_finished(Instant now, Context& context, PageFetches& fetches,
                     Queries::Finished& finished);
    bool on_fetched(Instant now, Context& context, const PageFetches::Finished& fetched);
    void handle_network_change(Instant now);
    /// Who calls us has to know where we are at once; the rest waits for handle_network_change().
    /// `addresses` are this host's: where it has none of a family, replicas are asked over the
    /// other one from now on. None at all tells nothing.
    void handle_new_address(Instant now, const Context& context,
                            const std::vector<Endpoint>& addresses);
    void handle_timeout(Instant now, Context& context, Queries& queries);
    Instant next_timeout() const { return next_; }

    /// Whether we have, or ask for, a lease at this node. Costs a look at each of our leases.
    bool hears_from(const NodeKey& replica);
    bool watches(const Key& key) const { return watches_.contains(key); }
    std::size_t size() const { return listeners_.size(); }

  private:
    /// A lease of ours at one replica.
    struct Lease {
        Replica replica;
        Instant next_at{};     ///< when it is asked for or renewed; never while that is under way
        bool granted = false;  ///< and not known to be lost
        std::uint8_t failed = 0;
    };
    /// The newest version of one owner's record, told already.
    struct Seen {
        wire::Version version;
        ValueVersion value;
    };
    struct Fetching {
        FetchId fetch{};
        wire::Version version;
    };
    struct Watch {
        std::uint32_t id = 0;
        std::vector<CommandId> listeners;
        std::vector<Seen> seen;  ///< at most wire::kVersionsMax
        std::vector<Lease> leases;
        std::vector<Contact> spare;  ///< next nearest, for when a lease is refused
        std::vector<Fetching> fetching;
        QueryId query = kNoQuery;
        Instant look_at{};  ///< when the nearest replicas are looked for
        Duration retry{0};
        std::uint16_t armed = 0;           ///< leases, as told to the listeners
        std::optional<wire::Proof> proof;  ///< set: for items of this use in place of records
        identity::ItemUse use{};

        bool hears_calls() const { return proof && use == identity::ItemUse::kSignal; }
        Urgency urgency() const { return hears_calls() ? Urgency::kCall : Urgency::kUsual; }
    };
    struct Listener {
        Key key;
        std::vector<wire::Version> seen;
    };

    Watch& add(Instant now, const Key& key, CommandId listen, Listener listener);
    void take_held_items(Instant now, const Context& context, const Key& key, const Watch& watch);
    void take(Instant now, Context& context, PageFetches& fetches, Watch& watch,
              identity::CheckedRecord record, std::vector<Replica> holders);
    void tell(Context& context, Watch& watch, ValueVersion value);
    void tell_one(Context& context, CommandId listen, Listener& listener, const Seen& seen);
    void tell_armed(Context& context, Watch& watch);
    void choose(Instant now, Context& context, Watch& watch, const Key& key,
                const std::vector<Contact>& closest);
    void ask(Context& context, Watch& watch, const Key& key, Lease& lease);
    void stop(Context& context, const Watch& watch, const Key& key, const Lease& lease);
    void replace(Instant now, Context& context, Watch& watch, const NodeKey& replica);
    static Lease* lease_of(Watch& watch, const NodeKey& replica);
    void wake(Instant at) { next_ = std::min(next_, at); }

    std::map<Key, Watch> watches_;
    std::map<std::uint32_t, Key> keys_;  ///< of watches, by the id in a request's tag
    std::map<CommandId, Listener> listeners_;
    std::vector<identity::CheckedRecord> arrived_;
    std::uint32_t next_id_ = 1;
    Instant next_ = kNever;  ///< nothing is due before it
};

/// What a cursor says, and the other way round: the newest sequence number of each owner that was
/// told, count 1 | count x version. Nothing for other bytes; an empty cursor has seen nothing.
std::optional<std::vector<wire::Version>> read_cursor(ByteView cursor);
Bytes write_cursor(const std::vector<wire::Version>& seen);

}  // namespace sov::dht
