#include "daemon/core/dht/leases.h"

#include <algorithm>

#include "daemon/core/base/check.h"
#include "daemon/core/guard/diversity.h"

namespace sov::dht {

namespace {

// True when `known` says that this record was seen already.
bool has_seen(const std::vector<wire::Version>& known, const identity::RecordHead& head) {
    return std::any_of(known.begin(), known.end(), [&](const wire::Version& version) {
        return version.owner == head.owner && version.kind == head.kind &&
               version.sequence >= head.sequence;
    });
}

void note_seen(std::vector<wire::Version>& known, const wire::Version& seen, std::size_t most) {
    for (wire::Version& version : known) {
        if (version.owner != seen.owner || version.kind != seen.kind) continue;
        version.sequence = std::max(version.sequence, seen.sequence);
        return;
    }
    // Owners that went away again: the one that was told first is told first again.
    if (known.size() >= most) known.erase(known.begin());
    known.push_back(seen);
}

template <typename Map, typename What>
void count_down(Map& counts, const What& what) {
    const auto known = counts.find(what);
    SOV_CHECK(known != counts.end() && known->second > 0);
    if (--known->second == 0) counts.erase(known);
}

}  // namespace

Leases::Lease* Leases::of(std::uint64_t tag) {
    const auto known = leases_.find(static_cast<Id>(rest_of(tag)));
    return known == leases_.end() ? nullptr : &known->second;
}

void Leases::arm(Id id, Lease& lease) {
    const Instant at = std::min(lease.expires, lease.retry_at);
    if (at == lease.armed) return;
    timers_.erase({lease.armed, id});
    timers_.emplace(at, id);
    lease.armed = at;
}

void Leases::drop(Id id) {
    const auto known = leases_.find(id);
    if (known == leases_.end()) return;
    const Lease& lease = known->second;
    timers_.erase({lease.armed, id});
    by_key_.erase({lease.key, lease.listener});
    count_down(by_subnet_, near_prefix(lease.at));
    count_down(by_listener_, lease.listener);
    leases_.erase(known);
}

Result<Duration> Leases::grant(Instant now, Context& context, const NodeKey& listener,
                               const Endpoint& at, const Key& key, std::vector<wire::Version> known,
                               std::optional<identity::RecordKind> items) {
    const Limits& limits = context.limits;
    const std::uint64_t subnet = near_prefix(at);
    const auto held = by_key_.find({key, listener});
    if (held == by_key_.end()) {
        const auto in_subnet = by_subnet_.find(subnet);
        const auto of_listener = by_listener_.find(listener);
        const bool crowded = guard::counts_for_diversity(at) && in_subnet != by_subnet_.end() &&
                             in_subnet->second >= limits.leases_per_subnet_max;
        if (crowded || (of_listener != by_listener_.end() &&
                        of_listener->second >= limits.leases_per_node_max)) {
            ++context.counters.leases_refused;
            return Errc::kOverQuota;
        }
        if (leases_.size() >= limits.leases_max) {
            ++context.counters.leases_refused;
            return Errc::kBusy;
        }
        ++context.counters.leases_granted;
    }
    const Id id = held != by_key_.end() ? held->second : next_id_++;
    if (held == by_key_.end()) {
        by_key_.emplace(std::pair{key, listener}, id);
        ++by_listener_[listener];
    } else {
        count_down(by_subnet_, near_prefix(leases_.at(id).at));
    }
    ++by_subnet_[subnet];
    Lease& lease = leases_[id];
    lease.key = key;
    lease.listener = listener;
    lease.at = at;
    lease.expires = now + limits.lease_time;
    // Items are acknowledged one by one, so whoever renews has nothing to say about them.
    if (!items || lease.items != items) lease.known = std::move(known);
    lease.items = items;
    // Whoever renews is there: no reason to wait for the next try.
    lease.failed = 0;
    lease.retry_at = kNever;
    arm(id, lease);
    tell(now, context, id, lease);
    return Duration(limits.lease_time);
}

void Leases::tell(Instant now, Context& context, Id id, Lease& lease) {
    if (lease.told || lease.retry_at != kNever) return;
    if (lease.items) {
        for (const ItemStore::Held* held : context.items.at(now, lease.key, *lease.items)) {
            if (!has_seen(lease.known, held->head))
                return send(context, id, lease, held->head, held->bytes);
        }
        return;
    }
    for (const ValueStore::Held* held : context.store.at(now, lease.key)) {
        if (!has_seen(lease.known, held->head))
            return send(context, id, lease, held->head, held->record());
    }
}

void Leases::send(Context& context, Id id, Lease& lease, const identity::RecordHead& head,
                  ByteView record) {
    lease.told = wire::version_of(head);
    ++context.counters.notifications_sent;
    context.ask(Contact::of(lease.listener, lease.at), lease.at.family, wire::Kind::kNotify,
                body_bytes(wire::Notify{lease.key, record}), make_tag(Asker::kNotify, id),
                lease.items == identity::RecordKind::kSignal ? Urgency::kCall : Urgency::kUsual);
}

void Leases::on_changed(Instant now, Context& context, const Key& key) {
    for (auto at = by_key_.lower_bound({key, NodeKey{}}); at != by_key_.end(); ++at) {
        if (at->first.first != key) break;
        tell(now, context, at->second, leases_.at(at->second));
    }
}

void Leases::on_noted(Instant now, Context& context, std::uint64_t tag, bool gone) {
    Lease* lease = of(tag);
    if (lease == nullptr || !lease->told) return;
    const auto id = static_cast<Id>(rest_of(tag));
    if (gone) return drop(id);
    if (lease->items == identity::RecordKind::kSignal)
        context.items.remove(now, lease->key, *lease->items, lease->told->owner);
    else
        note_seen(lease->known, *lease->told,
                  lease->items ? context.limits.mail_per_key_max : wire::kVersionsMax);
    lease->told.reset();
    lease->failed = 0;
    tell(now, context, id, *lease);
}

void Leases::on_failed(Instant now, Context& context, std::uint64_t tag) {
    Lease* lease = of(tag);
    if (lease == nullptr || !lease->told) return;
    const auto id = static_cast<Id>(rest_of(tag));
    lease->told.reset();
    if (++lease->failed >= context.limits.notify_tries) {
        ++context.counters.leases_dropped;
        return drop(id);
    }
    lease->retry_at = now + context.limits.notify_retry * (1 << (lease->failed - 1));
    arm(id, *lease);
}

void Leases::stop(const NodeKey& listener, const Key& key) {
    const auto known = by_key_.find({key, listener});
    if (known != by_key_.end()) drop(known->second);
}

void Leases::forget(const NodeKey& listener) {
    if (!by_listener_.contains(listener)) return;
    std::vector<Id> theirs;
    for (const auto& [id, lease] : leases_) {
        if (lease.listener == listener) theirs.push_back(id);
    }
    for (const Id id : theirs) drop(id);
}

void Leases::handle_timeout(Instant now, Context& context) {
    while (!timers_.empty() && timers_.begin()->first <= now) {
        const Id id = timers_.begin()->second;
        Lease& lease = leases_.at(id);
        if (lease.expires <= now) {
            drop(id);
            continue;
        }
        lease.retry_at = kNever;
        arm(id, lease);
        ++context.counters.notifications_repeated;
        tell(now, context, id, lease);
    }
}

void Leases::check_invariants() const {
    SOV_CHECK(leases_.size() == by_key_.size() && leases_.size() == timers_.size());
    std::size_t in_subnets = 0, of_listeners = 0;
    for (const auto& [subnet, count] : by_subnet_) in_subnets += count;
    for (const auto& [listener, count] : by_listener_) of_listeners += count;
    SOV_CHECK(in_subnets == leases_.size() && of_listeners == leases_.size());
}

}  // namespace sov::dht
