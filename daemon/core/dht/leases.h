#pragma once

#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "daemon/core/dht/context.h"
#include "daemon/core/wire/value_messages.h"

namespace sov::dht {

/// The listeners of this replica: who wants to be told when a record at a key changes. A listener
/// says what it has seen, so a lease needs no queue: what it is told next is whatever the store has
/// that is newer, one record at a time, each until it is acknowledged. A listener that is not there
/// any more costs notify_tries tries. Leases end with lease_time unless renewed.
///
/// At most Limits::leases_max of about 200 bytes, leases_per_subnet_max of one subnet,
/// leases_per_node_max of one listener; nothing is allocated before the first.
class Leases {
  public:
    /// Grants or renews; `at` is an address where the listener was proven to receive. Whatever is
    /// newer than `known` is told at once. Errors: busy, over_quota. `items`: the listener has
    /// proven that what lies sealed there is for it, and is told items of this kind and no
    /// records. What it acknowledged is not told again while its lease lasts; an acknowledged
    /// signal is deleted.
    Result<Duration> grant(Instant now, Context& context, const NodeKey& listener,
                           const Endpoint& at, const Key& key, std::vector<wire::Version> known,
                           std::optional<identity::RecordKind> items = std::nullopt);
    void stop(const NodeKey& listener, const Key& key);
    /// The listener has left: all its leases end.
    void forget(const NodeKey& listener);
    /// A record at this key is new or newer.
    void on_changed(Instant now, Context& context, const Key& key);
    /// The answer to a NOTIFY, by its tag. `gone`: the listener does not listen any more.
    void on_noted(Instant now, Context& context, std::uint64_t tag, bool gone);
    void on_failed(Instant now, Context& context, std::uint64_t tag);
    void handle_timeout(Instant now, Context& context);
    Instant next_timeout() const { return timers_.empty() ? kNever : timers_.begin()->first; }

    std::size_t size() const { return leases_.size(); }
    void check_invariants() const;

  private:
    using Id = std::uint32_t;
    struct Lease {
        Key key;
        NodeKey listener;
        Endpoint at;
        Instant expires{};
        Instant retry_at = kNever;
        Instant armed = kNever;                     ///< its entry in timers_
        std::vector<wire::Version> known;           ///< acknowledged
        std::optional<identity::RecordKind> items;  ///< told in place of records
        std::optional<wire::Version> told;          ///< waits for its acknowledgement
        std::uint8_t failed = 0;                    ///< tries of the same record in a row
    };

    void tell(Instant now, Context& context, Id id, Lease& lease);
    void send(Context& context, Id id, Lease& lease, const identity::RecordHead& head,
              ByteView record);
    void arm(Id id, Lease& lease);
    void drop(Id id);
    Lease* of(std::uint64_t tag);

    std::map<Id, Lease> leases_;
    std::map<std::pair<Key, NodeKey>, Id> by_key_;
    std::set<std::pair<Instant, Id>> timers_;
    std::map<std::uint64_t, std::size_t> by_subnet_;
    std::map<NodeKey, std::size_t> by_listener_;
    Id next_id_ = 1;
};

}  // namespace sov::dht
