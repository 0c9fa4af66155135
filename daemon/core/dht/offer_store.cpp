#include "daemon/core/dht/offer_store.h"

#include <algorithm>

#include "daemon/core/base/check.h"
#include "daemon/core/guard/diversity.h"

namespace sov::dht {

namespace {

std::uint64_t subnet_of(const Endpoint& from) {
    return guard::counts_for_diversity(from) ? near_prefix(from) : 0;
}

OfferStore::Verdict offer_refused(Errc error, Duration wait = Duration{0}) { return {error, wait}; }

template <typename T>
void shuffle(Rng& rng, std::vector<T>& list) {
    for (std::size_t at = list.size(); at > 1; --at) std::swap(list[at - 1], list[rng.below(at)]);
}

}  // namespace

OfferStore::Shelf* OfferStore::shelf_at(const Key& key) {
    const auto known = by_key_.find(key);
    return known == by_key_.end() ? nullptr : &known->second;
}

const OfferStore::Shelf* OfferStore::shelf_at(const Key& key) const {
    return const_cast<OfferStore*>(this)->shelf_at(key);
}

const OfferStore::Held* OfferStore::find(const Shelf* shelf, const PeerId& owner) {
    if (shelf == nullptr) return nullptr;
    const auto held = std::find_if(shelf->begin(), shelf->end(),
                                   [&](const Held& known) { return known.owner == owner; });
    return held == shelf->end() ? nullptr : &*held;
}

// The last offer of the subnet that has the most on this shelf, if the newcomer's subnet would not
// have as many then.
const OfferStore::Held* OfferStore::most_crowded(const Shelf& shelf, std::uint64_t newcomer) const {
    std::map<std::uint64_t, std::size_t> counts;
    for (const Held& held : shelf) {
        if (held.subnet != 0) ++counts[held.subnet];
    }
    const std::size_t theirs = newcomer == 0 ? 0 : counts[newcomer];
    const Held* victim = nullptr;
    std::size_t most = theirs + 2;
    for (const Held& held : shelf) {
        if (held.subnet == 0 || counts[held.subnet] < most) continue;
        most = counts[held.subnet];
        victim = &held;
    }
    return victim;
}

// Whether there is a place for an offer from this subnet, where `instead_of` would leave.
OfferStore::Verdict OfferStore::has_place(Instant now, const Key& key,
                                          const identity::RecordHead& head, std::uint64_t subnet,
                                          const Held* instead_of) const {
    const auto owned = by_owner_.find(head.owner);
    if (instead_of == nullptr && owned != by_owner_.end() &&
        owned->second >= limits_.offers_per_owner_max)
        return offer_refused(Errc::kOverQuota);
    const auto total = by_subnet_.find(subnet);
    if (subnet != 0 && total != by_subnet_.end() &&
        total->second >= limits_.offers_per_subnet_total_max)
        return offer_refused(Errc::kOverQuota);
    if (const Shelf* shelf = shelf_at(key); shelf != nullptr) {
        std::size_t theirs = 0;
        Instant first_theirs = kNever, first = kNever;
        for (const Held& held : *shelf) {
            first = earliest(first, held.expires);
            if (subnet == 0 || held.subnet != subnet) continue;
            ++theirs;
            first_theirs = earliest(first_theirs, held.expires);
        }
        if (theirs >= limits_.offers_per_subnet_max)
            return offer_refused(Errc::kOverQuota, first_theirs - now);
        if (instead_of == nullptr && shelf->size() >= limits_.offers_per_key_max &&
            most_crowded(*shelf, subnet) == nullptr)
            return offer_refused(Errc::kOverQuota, first - now);
    }
    // In full, only what lies nearer to us than something we hold gets in.
    if (instead_of == nullptr && size() >= limits_.offers_max &&
        !closer(own_, key, by_key_.begin()->first) && !closer(own_, key, by_key_.rbegin()->first))
        return offer_refused(Errc::kBusy);
    return {};
}

OfferStore::Verdict OfferStore::acceptable(Instant now, const Key& key,
                                           const identity::RecordHead& head,
                                           const Endpoint& from) const {
    if (head.kind != identity::RecordKind::kProvider || head.ttl <= std::chrono::seconds(0))
        return offer_refused(Errc::kInvalidArgument);
    const Held* held = find(shelf_at(key), head.owner);
    if (held != nullptr) {
        if (head.sequence < held->sequence) return offer_refused(Errc::kStale);
        if (head.sequence == held->sequence && now - held->first_seen > limits_.same_sequence_max)
            return offer_refused(Errc::kExpired);
    }
    if (head.tombstone) return {};
    const std::uint64_t subnet = subnet_of(from);
    if (held != nullptr && held->subnet == subnet) return {};
    return has_place(now, key, head, subnet, held);
}

void OfferStore::make_room(const Key& key, std::uint64_t subnet) {
    if (const Shelf* shelf = shelf_at(key);
        shelf != nullptr && shelf->size() >= limits_.offers_per_key_max) {
        const Held* victim = most_crowded(*shelf, subnet);
        SOV_CHECK(victim != nullptr);
        const PeerId owner = victim->owner;
        ++counters_.offers_evicted;
        erase(key, owner);
    }
    while (size() >= limits_.offers_max) {
        // As in ValueStore: one end of the key space is as far away as anything gets.
        const auto low = by_key_.begin();
        const auto high = std::prev(by_key_.end());
        const auto farthest = closer(own_, low->first, high->first) ? high : low;
        const Key victim_key = farthest->first;
        const PeerId owner = farthest->second.back().owner;
        ++counters_.offers_evicted;
        erase(victim_key, owner);
    }
}

OfferStore::Verdict OfferStore::put(Instant now, const identity::CheckedRecord& record,
                                    const Endpoint& from, Duration keep_most) {
    if (const Verdict verdict = acceptable(now, record.key, record.head, from); verdict.error) {
        ++counters_.offers_refused;
        return verdict;
    }
    const Duration lifetime =
        std::min({Duration(record.head.ttl), Duration(limits_.offer_ttl), keep_most});
    const Held* known = find(shelf_at(record.key), record.head.owner);
    if (record.head.tombstone) {
        if (known != nullptr) erase(record.key, record.head.owner);
        return {std::nullopt, lifetime};
    }
    Held held{record.bytes, record.head.owner, record.head.sequence, now + lifetime,
              now,          subnet_of(from)};
    if (known != nullptr) {
        if (known->sequence == held.sequence) {
            held.first_seen = known->first_seen;
            // Two records under one sequence: everybody keeps the same one, the smaller.
            held.record = std::min(held.record, known->record);
        }
        erase(record.key, record.head.owner);
    } else {
        make_room(record.key, held.subnet);
    }
    expiries_.emplace(held.expires, record.key, held.owner);
    ++by_owner_[held.owner];
    if (held.subnet != 0) ++by_subnet_[held.subnet];
    by_key_[record.key].push_back(std::move(held));
    ++counters_.offers_kept;
    return {std::nullopt, lifetime};
}

void OfferStore::erase(const Key& key, const PeerId& owner) {
    const auto shelf = by_key_.find(key);
    if (shelf == by_key_.end()) return;
    const auto held = std::find_if(shelf->second.begin(), shelf->second.end(),
                                   [&](const Held& known) { return known.owner == owner; });
    if (held == shelf->second.end()) return;
    expiries_.erase({held->expires, key, owner});
    const auto owned = by_owner_.find(owner);
    if (--owned->second == 0) by_owner_.erase(owned);
    if (held->subnet != 0) {
        const auto subnet = by_subnet_.find(held->subnet);
        if (--subnet->second == 0) by_subnet_.erase(subnet);
    }
    shelf->second.erase(held);
    if (shelf->second.empty()) by_key_.erase(shelf);
}

std::vector<const Bytes*> OfferStore::sample(Instant now, Rng& rng, const Key& key,
                                             std::size_t most) const {
    std::vector<const Bytes*> sampled;
    const Shelf* shelf = shelf_at(key);
    if (shelf == nullptr) return sampled;
    std::vector<const Held*> drawn;
    for (const Held& held : *shelf) {
        if (held.expires > now) drawn.push_back(&held);
    }
    shuffle(rng, drawn);
    // First one of each subnet, then a second of those that have more, and so on. Shuffled once
    // more in between: who has several is drawn early more often.
    std::map<std::uint64_t, std::size_t> seen;
    std::vector<std::pair<std::size_t, const Held*>> rounds;
    for (const Held* held : drawn)
        rounds.emplace_back(held->subnet == 0 ? 0 : seen[held->subnet]++, held);
    shuffle(rng, rounds);
    std::stable_sort(rounds.begin(), rounds.end(),
                     [](const auto& x, const auto& y) { return x.first < y.first; });
    for (const auto& [round, held] : rounds) {
        if (sampled.size() == most) break;
        sampled.push_back(&held->record);
    }
    return sampled;
}

std::size_t OfferStore::count_at(Instant now, const Key& key) const {
    const Shelf* shelf = shelf_at(key);
    if (shelf == nullptr) return 0;
    return static_cast<std::size_t>(std::count_if(
        shelf->begin(), shelf->end(), [&](const Held& held) { return held.expires > now; }));
}

void OfferStore::drop_expired(Instant now) {
    while (next_expiry() <= now) {
        const auto [at, key, owner] = *expiries_.begin();
        erase(key, owner);
    }
}

void OfferStore::check_invariants() const {
    std::size_t held = 0, owned = 0;
    for (const auto& [key, shelf] : by_key_) {
        SOV_CHECK(!shelf.empty() && shelf.size() <= limits_.offers_per_key_max);
        held += shelf.size();
    }
    for (const auto& [owner, count] : by_owner_) owned += count;
    SOV_CHECK(held == size() && owned == size() && size() <= limits_.offers_max);
}

}  // namespace sov::dht
