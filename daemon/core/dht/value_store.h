#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <tuple>
#include <unordered_map>
#include <vector>

#include "daemon/core/base/counters.h"
#include "daemon/core/base/endpoint.h"
#include "daemon/core/base/instant.h"
#include "daemon/core/base/limits.h"
#include "daemon/core/base/result.h"
#include "daemon/core/identity/values.h"

namespace sov::dht {

/// Records that we hold for others. One owner has one record of a kind at a key; different owners
/// at one key (claims on a name) coexist. Bounded in number, bytes, per key, per owner of values
/// and per subnet that stores; in full, what lies farthest from our own id gives way, so nobody
/// displaces what is ours to hold.
class ValueStore {
  public:
    ValueStore(const NodeId& own, const Limits& limits, Counters& counters)
        : own_(own), limits_(limits), counters_(counters) {}

    struct Held {
        identity::RecordHead head;
        Bytes bytes;
        Instant expires{};
        Instant
            first_seen{};  ///< of this sequence number: refreshing it ends same_sequence_max later
        std::uint64_t subnet = 0;  ///< near_prefix of whoever stored it
        int work = 0;              ///< rank among claims on one key
        bool whole_life = true;    ///< kept for all of its ttl

        /// `bytes` is the record and, behind it, the pages of a value that has some.
        ByteView record() const { return identity::record_part(bytes); }
        ByteView behind() const { return ByteView(bytes).subspan(record().size()); }
    };

    /// Cheap check before the signature is verified: would this be taken? Says why not.
    Result<void> acceptable(Instant now, const Key& key, const identity::RecordHead& head,
                            std::size_t bytes, const Endpoint& from) const;

    /// Whether a record at this key would be refused as busy, because everything that is held lies
    /// nearer to us. False where something live is held at it already.
    bool full_for(Instant now, const Key& key) const;

    struct Stored {
        Duration lifetime{0};
        bool changed = false;  ///< new content, to be persisted
        /// Its owner signed two records under one sequence; the smaller is kept.
        bool equivocation = false;
        /// The one that came was the larger: it is not kept.
        bool lost() const { return equivocation && !changed; }
    };
    /// Keeps a checked record. Errors: stale (an older sequence than is held or was held lately,
    /// tombstones included; expired for that same one when its life is over), busy (full, and
    /// others are nearer to us), over_quota (this subnet, owner or key), expired (refreshed too
    /// long under one sequence), conflict (another hand-over of this owner is held). It is kept for
    /// its ttl, `keep_most` at most. A hand-over ends the peer record of its owner, and no other
    /// one is taken while it is held (stale).
    Result<Stored> put(Instant now, identity::CheckedRecord record, const Endpoint& from, int work,
                       Duration keep_most = Duration::max());
    /// Puts back what a previous life held.
    void restore(Instant now, identity::CheckedRecord record, Duration expires_in, int work);
    /// Extends a record's life to its ttl from now, or to `keep_most`.
    Result<Duration> touch(Instant now, const Key& key, const PeerId& owner,
                           identity::RecordKind kind, std::uint64_t sequence,
                           Duration keep_most = Duration::max());

    /// Live records at a key, best rank first. Tombstones too: a reader who meets one knows that
    /// older copies elsewhere are over.
    std::vector<const Held*> at(Instant now, const Key& key) const;
    /// The live record of this owner and kind; null when there is none.
    const Held* live(Instant now, const Key& key, const PeerId& owner,
                     identity::RecordKind kind) const {
        const Held* held = find(key, owner, kind);
        return held == nullptr || held->expires <= now ? nullptr : held;
    }

    struct Expired {
        Key key;
        PeerId owner;
        identity::RecordKind kind{};
    };
    /// Drops what is over, and what had to give way since the last call; returns both.
    std::vector<Expired> take_expired(Instant now);
    Instant next_expiry() const { return expiries_.empty() ? kNever : expiries_.begin()->first; }

    std::size_t size() const { return count_; }
    std::size_t bytes() const { return bytes_; }
    /// Records that are no longer held and whose sequence numbers are remembered.
    std::size_t lapsed() const { return lapsed_.size(); }
    template <typename Visit>
    void for_each(Visit&& visit) const {
        for (const auto& [key, list] : by_key_) {
            for (const Held& held : list) visit(key, held);
        }
    }
    void check_invariants() const;

  private:
    Held* find(const Key& key, const PeerId& owner, identity::RecordKind kind);
    const Held* find(const Key& key, const PeerId& owner, identity::RecordKind kind) const;
    void insert(const Key& key, Held held);
    void erase(const Key& key, const PeerId& owner, identity::RecordKind kind);
    void set_expiry(const Key& key, Held& held, Instant expires);
    /// No room for so many bytes at this key, and nothing farther from us that would make some.
    bool crammed(const Key& key, std::size_t bytes) const;
    Result<void> within_quotas(const identity::RecordHead& head, std::size_t more,
                               const Endpoint& from) const;
    void make_room(Instant now, const Key& key, std::size_t bytes);
    void account(const Held& held, int sign);
    void remember(Instant now, const Expired& gone, const Held& held, bool over);
    void forget_lapsed(Instant now);
    Result<void> not_lapsed(Instant now, const Key& key, const identity::RecordHead& head) const;

    NodeId own_;
    const Limits& limits_;
    Counters& counters_;
    /// Ordered by key, so that walks are the same everywhere.
    std::map<Key, std::vector<Held>> by_key_;
    std::multimap<Instant, Expired> expiries_;
    std::map<std::uint64_t, std::size_t> bytes_by_subnet_;
    std::map<PeerId, std::size_t> bytes_by_owner_;  ///< of mutable values
    std::vector<Expired> gave_way_;
    using LapsedPlace = std::tuple<Key, PeerId, identity::RecordKind>;
    struct Lapsed {
        std::uint64_t sequence = 0;
        bool over = false;  ///< its whole life is: the same record is not taken either
        Instant until{};
    };
    std::map<LapsedPlace, Lapsed> lapsed_;
    std::deque<std::pair<Instant, LapsedPlace>> lapsed_order_;  ///< as remembered, oldest first
    std::size_t count_ = 0, bytes_ = 0;
};

}  // namespace sov::dht
