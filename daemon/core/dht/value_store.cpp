#include "daemon/core/dht/value_store.h"

#include <algorithm>

#include "daemon/core/base/check.h"
#include "daemon/core/guard/diversity.h"

namespace sov::dht {

ValueStore::Held* ValueStore::find(const Key& key, const PeerId& owner, identity::RecordKind kind) {
    const auto list = by_key_.find(key);
    if (list == by_key_.end()) return nullptr;
    for (Held& held : list->second) {
        if (held.head.owner == owner && held.head.kind == kind) return &held;
    }
    return nullptr;
}

const ValueStore::Held* ValueStore::find(const Key& key, const PeerId& owner,
                                         identity::RecordKind kind) const {
    return const_cast<ValueStore*>(this)->find(key, owner, kind);
}

void ValueStore::account(const Held& held, int sign) {
    const std::size_t size = held.bytes.size();
    if (held.head.kind == identity::RecordKind::kMutable) {
        std::size_t& owned = bytes_by_owner_[held.head.owner];
        owned = sign > 0 ? owned + size : owned - size;
        if (owned == 0) bytes_by_owner_.erase(held.head.owner);
    }
    std::size_t& subnet = bytes_by_subnet_[held.subnet];
    if (sign > 0) {
        ++count_;
        bytes_ += size;
        subnet += size;
        return;
    }
    --count_;
    bytes_ -= size;
    subnet -= size;
    if (subnet == 0) bytes_by_subnet_.erase(held.subnet);
}

void ValueStore::set_expiry(const Key& key, Held& held, Instant expires) {
    const auto [begin, end] = expiries_.equal_range(held.expires);
    for (auto at = begin; at != end; ++at) {
        if (at->second.key != key || at->second.owner != held.head.owner ||
            at->second.kind != held.head.kind)
            continue;
        expiries_.erase(at);
        break;
    }
    held.expires = expires;
    expiries_.emplace(expires, Expired{key, held.head.owner, held.head.kind});
}

void ValueStore::insert(const Key& key, Held held) {
    account(held, 1);
    auto& list = by_key_[key];
    list.push_back(std::move(held));
    Held& kept = list.back();
    expiries_.emplace(kept.expires, Expired{key, kept.head.owner, kept.head.kind});
}

void ValueStore::erase(const Key& key, const PeerId& owner, identity::RecordKind kind) {
    const auto list = by_key_.find(key);
    if (list == by_key_.end()) return;
    for (auto held = list->second.begin(); held != list->second.end(); ++held) {
        if (held->head.owner != owner || held->head.kind != kind) continue;
        const auto [begin, end] = expiries_.equal_range(held->expires);
        for (auto at = begin; at != end; ++at) {
            if (at->second.key != key || at->second.owner != owner || at->second.kind != kind)
                continue;
            expiries_.erase(at);
            break;
        }
        account(*held, -1);
        list->second.erase(held);
        break;
    }
    if (list->second.empty()) by_key_.erase(list);
}

Result<void> ValueStore::within_quotas(const identity::RecordHead& head, std::size_t more,
                                       const Endpoint& from) const {
    if (guard::counts_for_diversity(from)) {
        const auto subnet = bytes_by_subnet_.find(near_prefix(from));
        if (subnet != bytes_by_subnet_.end() &&
            subnet->second + more > limits_.record_bytes_per_subnet_max) {
            return Errc::kOverQuota;
        }
    }
    const auto owned = bytes_by_owner_.find(head.owner);
    if (head.kind == identity::RecordKind::kMutable && owned != bytes_by_owner_.end() &&
        owned->second + more > limits_.value_bytes_per_owner_max) {
        return Errc::kOverQuota;
    }
    return {};
}

void ValueStore::remember(Instant now, const Expired& gone, const Held& held, bool over) {
    // Whoever likes may store an immutable value or a hand-over again: it can't be out of date.
    if (identity::never_changes(gone.kind)) return;
    const LapsedPlace place{gone.key, gone.owner, gone.kind};
    const Instant until = now + limits_.lapsed_time;
    lapsed_[place] = {held.head.sequence, over, until};
    lapsed_order_.emplace_back(until, place);
    forget_lapsed(now);
}

// Each entry of the order stands for the record that it names, unless that was remembered again.
void ValueStore::forget_lapsed(Instant now) {
    while (!lapsed_order_.empty() &&
           (lapsed_order_.front().first <= now || lapsed_order_.size() > limits_.lapsed_max)) {
        const auto known = lapsed_.find(lapsed_order_.front().second);
        if (known != lapsed_.end() && known->second.until == lapsed_order_.front().first)
            lapsed_.erase(known);
        lapsed_order_.pop_front();
    }
}

// An old copy can't stand up again where a newer version, or a withdrawal, was held lately.
Result<void> ValueStore::not_lapsed(Instant now, const Key& key,
                                    const identity::RecordHead& head) const {
    const auto known = lapsed_.find({key, head.owner, head.kind});
    if (known == lapsed_.end() || known->second.until <= now) return {};
    if (head.sequence < known->second.sequence) return Errc::kStale;
    if (head.sequence == known->second.sequence && known->second.over) return Errc::kExpired;
    return {};
}

Result<void> ValueStore::acceptable(Instant now, const Key& key, const identity::RecordHead& head,
                                    std::size_t bytes, const Endpoint& from) const {
    const bool is_value = identity::is_value(head.kind);
    if (identity::is_item(head.kind)) return Errc::kInvalidArgument;  // they have a store of theirs
    if (bytes >
        limits_.record_bytes_max + (is_value ? identity::paged_bytes(limits_.value_bytes_max) : 0))
        return Errc::kTooLarge;
    if (head.ttl <= std::chrono::seconds(0) || head.ttl > limits_.record_ttl_max)
        return Errc::kInvalidArgument;
    // Who has handed over is not there any more, whoever signs with that key.
    if (head.kind == identity::RecordKind::kPeer && !head.tombstone &&
        live(now, key, head.owner, identity::RecordKind::kHandOver) != nullptr)
        return Errc::kStale;
    const Held* held = find(key, head.owner, head.kind);
    if (held != nullptr) {
        if (head.sequence < held->head.sequence) return Errc::kStale;
        // Whoever likes may keep an immutable value alive: it can't be out of date.
        if (head.sequence == held->head.sequence && !identity::never_changes(head.kind) &&
            (now - held->first_seen > limits_.same_sequence_max ||
             (held->expires <= now && held->whole_life))) {
            return Errc::kExpired;
        }
        if (!is_value || bytes <= held->bytes.size()) return {};
        return within_quotas(head, bytes - held->bytes.size(), from);
    }
    if (const auto fresh = not_lapsed(now, key, head); !fresh) return fresh;
    if (const auto within = within_quotas(head, bytes, from); !within) return within;
    if (crammed(key, bytes)) return Errc::kBusy;
    return {};
}

// In full, only what lies nearer to us than something we hold gets in.
bool ValueStore::crammed(const Key& key, std::size_t bytes) const {
    if (count_ < limits_.records_max && bytes_ + bytes <= limits_.record_bytes_total_max)
        return false;
    return !by_key_.empty() && !closer(own_, key, by_key_.begin()->first) &&
           !closer(own_, key, by_key_.rbegin()->first);
}

bool ValueStore::full_for(Instant now, const Key& key) const {
    return crammed(key, limits_.record_bytes_max) && at(now, key).empty();
}

void ValueStore::make_room(Instant now, const Key& key, std::size_t bytes) {
    while (count_ >= limits_.records_max || bytes_ + bytes > limits_.record_bytes_total_max) {
        if (by_key_.empty()) return;
        // One end of the key space lies in the half that our id is not in: what is there is as far
        // away as anything gets, to within the leading bits. Exact order is not worth a walk.
        auto low = by_key_.begin();
        auto high = std::prev(by_key_.end());
        const auto farthest = closer(own_, low->first, high->first) ? high : low;
        if (!closer(own_, key, farthest->first)) return;
        const Held victim = farthest->second.back();
        gave_way_.push_back({farthest->first, victim.head.owner, victim.head.kind});
        ++counters_.records_evicted;
        remember(now, gave_way_.back(), victim, false);
        erase(gave_way_.back().key, victim.head.owner, victim.head.kind);
    }
}

Result<ValueStore::Stored> ValueStore::put(Instant now, identity::CheckedRecord record,
                                           const Endpoint& from, int work, Duration keep_most) {
    if (const auto ok = acceptable(now, record.key, record.head, record.bytes.size(), from); !ok) {
        ++counters_.records_refused;
        return ok.error();
    }
    const Duration lifetime = std::min<Duration>(record.head.ttl, keep_most);
    if (Held* held = find(record.key, record.head.owner, record.head.kind); held != nullptr) {
        const bool changed = held->head.sequence != record.head.sequence;
        if (record.head.kind == identity::RecordKind::kImmutable) {
            set_expiry(record.key, *held, std::max(held->expires, now + lifetime));
            return Stored{held->expires - now, false};
        }
        const bool equivocation = !changed && held->bytes != record.bytes;
        // The first hand-over stands: who steals an old key can't send its contacts elsewhere.
        if (equivocation && record.head.kind == identity::RecordKind::kHandOver) {
            ++counters_.records_refused;
            return Errc::kConflict;
        }
        if (equivocation && record.bytes > held->bytes) {
            // Two records under one sequence: everybody keeps the same one, the smaller.
            return Stored{held->expires - now, false, true};
        }
        account(*held, -1);
        if (changed) held->first_seen = now;
        held->whole_life = lifetime >= record.head.ttl;
        held->head = record.head;
        held->bytes = std::move(record.bytes);
        held->work = work;
        account(*held, 1);
        set_expiry(record.key, *held, now + lifetime);
        counters_.records_stored += changed ? 1u : 0u;
        return Stored{lifetime, changed || equivocation, equivocation};
    }
    if (record.head.kind == identity::RecordKind::kHandOver &&
        find(record.key, record.head.owner, identity::RecordKind::kPeer) != nullptr) {
        gave_way_.push_back({record.key, record.head.owner, identity::RecordKind::kPeer});
        erase(record.key, record.head.owner, identity::RecordKind::kPeer);
    }
    auto list = by_key_.find(record.key);
    if (list != by_key_.end() && list->second.size() >= limits_.records_per_key_max) {
        // The claim with the least work gives way, and only to one with more.
        const auto least =
            std::min_element(list->second.begin(), list->second.end(),
                             [](const Held& a, const Held& b) { return a.work < b.work; });
        if (least->work >= work) {
            ++counters_.records_refused;
            return Errc::kOverQuota;
        }
        gave_way_.push_back({record.key, least->head.owner, least->head.kind});
        ++counters_.records_evicted;
        remember(now, gave_way_.back(), *least, false);
        erase(record.key, gave_way_.back().owner, gave_way_.back().kind);
    }
    make_room(now, record.key, record.bytes.size());
    const Key key = record.key;
    lapsed_.erase({key, record.head.owner, record.head.kind});
    const bool whole_life = lifetime >= record.head.ttl;
    insert(key, Held{record.head, std::move(record.bytes), now + lifetime, now, near_prefix(from),
                     work, whole_life});
    ++counters_.records_stored;
    return Stored{lifetime, true};
}

void ValueStore::restore(Instant now, identity::CheckedRecord record, Duration expires_in,
                         int work) {
    if (find(record.key, record.head.owner, record.head.kind) != nullptr ||
        count_ >= limits_.records_max)
        return;
    const Duration lifetime = std::min<Duration>(expires_in, record.head.ttl);
    const Key key = record.key;
    insert(key, Held{record.head, std::move(record.bytes), now + lifetime, now, 0, work, true});
}

Result<Duration> ValueStore::touch(Instant now, const Key& key, const PeerId& owner,
                                   identity::RecordKind kind, std::uint64_t sequence,
                                   Duration keep_most) {
    Held* held = find(key, owner, kind);
    if (held == nullptr || held->expires <= now) return Errc::kNotFound;
    if (held->head.sequence != sequence) return Errc::kStale;
    if (now - held->first_seen > limits_.same_sequence_max && !identity::never_changes(kind))
        return Errc::kExpired;
    const Duration lifetime = std::min<Duration>(held->head.ttl, keep_most);
    held->whole_life = lifetime >= held->head.ttl;
    set_expiry(key, *held, now + lifetime);
    return lifetime;
}

std::vector<const ValueStore::Held*> ValueStore::at(Instant now, const Key& key) const {
    std::vector<const Held*> found;
    const auto list = by_key_.find(key);
    if (list == by_key_.end()) return found;
    for (const Held& held : list->second) {
        if (held.expires > now) found.push_back(&held);
    }
    std::stable_sort(found.begin(), found.end(),
                     [](const Held* a, const Held* b) { return a->work > b->work; });
    return found;
}

std::vector<ValueStore::Expired> ValueStore::take_expired(Instant now) {
    std::vector<Expired> gone = std::move(gave_way_);
    gave_way_.clear();
    while (!expiries_.empty() && expiries_.begin()->first <= now) {
        const Expired expired = expiries_.begin()->second;
        gone.push_back(expired);
        ++counters_.records_expired;
        if (const Held* held = find(expired.key, expired.owner, expired.kind); held != nullptr)
            remember(now, expired, *held, held->whole_life || held->head.tombstone);
        erase(expired.key, expired.owner, expired.kind);
    }
    return gone;
}

void ValueStore::check_invariants() const {
    std::size_t count = 0, bytes = 0;
    for_each([&](const Key&, const Held& held) {
        ++count;
        bytes += held.bytes.size();
    });
    SOV_CHECK(count == count_ && bytes == bytes_ && expiries_.size() == count_);
    SOV_CHECK(count_ <= limits_.records_max);
    SOV_CHECK(lapsed_.size() <= lapsed_order_.size() && lapsed_order_.size() <= limits_.lapsed_max);
}

}  // namespace sov::dht
