#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <tuple>
#include <vector>

#include "daemon/core/base/counters.h"
#include "daemon/core/base/instant.h"
#include "daemon/core/base/limits.h"
#include "daemon/core/base/result.h"
#include "daemon/core/identity/items.h"

namespace sov::dht {

/// Sealed items that we hold for absent users, apart from the records: whoever may leave anything
/// for anybody must not be able to push out what peers say about themselves. What a flood can take
/// is bounded by fair shares: items are counted by their origin (the subnet that left them), and
/// where there is no room, the newest item of the origin with the most gives way to an origin with
/// less. So one who floods a mailbox from a few subnets displaces only himself.
///
/// An item lives no longer than its ttl from when it first came: leaving it again does not extend
/// it. A deleted one is remembered until then and refused.
class ItemStore {
  public:
    ItemStore(const Limits& limits, Counters& counters) : limits_(limits), counters_(counters) {}

    struct Held {
        identity::RecordHead head;
        Bytes bytes;
        Instant expires{};
        std::uint64_t origin = 0;
        std::uint64_t arrival = 0;  ///< counts up
    };
    struct Stored {
        Duration lifetime{0};
        bool is_new = false;  ///< to be persisted and told
    };
    /// Keeps a checked item whose stamp was checked, too. Errors: expired (it was deleted),
    /// over_quota (this key is full, and others have a better right), busy (all is full), conflict
    /// (other bytes under the same id).
    Result<Stored> put(Instant now, const identity::CheckedRecord& item, std::uint64_t origin);
    /// Puts back what a previous life held.
    void restore(Instant now, const identity::CheckedRecord& item, Duration expires_in);

    /// Live items, in the order of their ids, those behind `after`.
    std::vector<const Held*> at(Instant now, const Key& key, identity::RecordKind kind,
                                const PeerId& after = {}) const;
    const Held* find(Instant now, const Key& key, identity::RecordKind kind,
                     const PeerId& id) const;
    /// Deletes; false when there is none.
    bool remove(Instant now, const Key& key, identity::RecordKind kind, const PeerId& id);

    struct Gone {
        Key key;
        identity::RecordKind kind{};
        PeerId id;
        friend auto operator<=>(const Gone&, const Gone&) = default;
    };
    /// Drops what is over; returns that and whatever was deleted or gave way since the last call.
    std::vector<Gone> take_gone(Instant now);
    /// When take_gone has something to do.
    Instant next_expiry() const {
        if (!gone_.empty()) return Instant{};
        return expiries_.empty() ? kNever : expiries_.begin()->first;
    }

    std::size_t size() const { return count_; }
    std::size_t bytes() const { return bytes_; }
    void check_invariants() const;

  private:
    using Place = std::pair<Key, identity::RecordKind>;
    struct Box {
        std::map<PeerId, Held> items;
        std::map<PeerId, Instant> deleted;  ///< and when they may be forgotten
    };
    struct Origin {
        std::size_t bytes = 0;
        std::map<std::uint64_t, Gone> items;  ///< by arrival
    };

    std::size_t most_at(identity::RecordKind kind) const {
        return kind == identity::RecordKind::kMail ? limits_.mail_per_key_max
                                                   : limits_.signals_per_key_max;
    }
    bool make_room_at(const Place& place, const Box& box, std::uint64_t origin);
    bool make_room(std::uint64_t origin, std::size_t bytes);
    void evict(Gone victim);
    void insert(const identity::CheckedRecord& item, Instant expires, std::uint64_t origin);
    void erase(Gone which);
    void remember(Box& box, const Gone& deleted, Instant until);

    const Limits& limits_;
    Counters& counters_;
    std::map<Place, Box> boxes_;
    std::map<std::uint64_t, Origin> origins_;
    std::set<std::pair<Instant, Gone>> expiries_;  ///< of items and of deleted ones
    std::vector<Gone> gone_;
    std::size_t count_ = 0, bytes_ = 0;
    std::uint64_t next_arrival_ = 1;
};

}  // namespace sov::dht
