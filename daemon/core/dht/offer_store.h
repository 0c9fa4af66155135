#pragma once

#include <map>
#include <optional>
#include <set>
#include <tuple>
#include <vector>

#include "daemon/core/base/counters.h"
#include "daemon/core/base/endpoint.h"
#include "daemon/core/base/instant.h"
#include "daemon/core/base/limits.h"
#include "daemon/core/base/rng.h"
#include "daemon/core/identity/records.h"

namespace sov::dht {

/// Offers of providers that we hold for others, in memory: they live for an hour and their owners
/// announce them again before that. Whoever controls a few subnets can't crowd others out: of one
/// /24 or /56 only a few are let in at one key, a full key makes room at the expense of the subnet
/// that has the most there, and samples take every subnet with the same chance. Addresses of this
/// host and of the LAN are nobody's subnet.
class OfferStore {
  public:
    OfferStore(const NodeId& own, const Limits& limits, Counters& counters)
        : own_(own), limits_(limits), counters_(counters) {}

    /// What becomes of an offer.
    struct Verdict {
        std::optional<Errc> error;
        Duration time{0};  ///< kept: how long; over_quota: when a place may be free, 0: unknown
    };
    /// Cheap check before the signature is verified. Errors: invalid_argument (ttl), stale (an
    /// older sequence), expired (refreshed too long under one sequence), over_quota (owner, subnet
    /// or key), busy (full, and others are nearer to us).
    Verdict acceptable(Instant now, const Key& key, const identity::RecordHead& head,
                       const Endpoint& from) const;
    /// Keeps a checked offer for its ttl, Limits::offer_ttl and `keep_most` at most; a tombstone
    /// takes the owner's offer away. Errors as above.
    Verdict put(Instant now, const identity::CheckedRecord& record, const Endpoint& from,
                Duration keep_most = Duration::max());

    /// Up to `most` live offers at the key in random order, no two of one subnet before there is
    /// one of each. Valid until the next put.
    std::vector<const Bytes*> sample(Instant now, Rng& rng, const Key& key, std::size_t most) const;
    /// Live offers at the key.
    std::size_t count_at(Instant now, const Key& key) const;

    void drop_expired(Instant now);
    Instant next_expiry() const {
        return expiries_.empty() ? kNever : std::get<0>(*expiries_.begin());
    }
    std::size_t size() const { return expiries_.size(); }
    void check_invariants() const;

  private:
    struct Held {
        Bytes record;
        PeerId owner;
        std::uint64_t sequence = 0;
        Instant expires{}, first_seen{};
        std::uint64_t subnet = 0;  ///< near_prefix of whoever announced it; 0: none
    };
    using Shelf = std::vector<Held>;  ///< in the order of arrival

    Shelf* shelf_at(const Key& key);
    const Shelf* shelf_at(const Key& key) const;
    static const Held* find(const Shelf* shelf, const PeerId& owner);
    Verdict has_place(Instant now, const Key& key, const identity::RecordHead& head,
                      std::uint64_t subnet, const Held* instead_of) const;
    const Held* most_crowded(const Shelf& shelf, std::uint64_t newcomer) const;
    void make_room(const Key& key, std::uint64_t subnet);
    void erase(const Key& key, const PeerId& owner);

    NodeId own_;
    const Limits& limits_;
    Counters& counters_;
    std::map<Key, Shelf> by_key_;
    std::set<std::tuple<Instant, Key, PeerId>> expiries_;
    std::map<PeerId, std::size_t> by_owner_;
    std::map<std::uint64_t, std::size_t> by_subnet_;
};

}  // namespace sov::dht
