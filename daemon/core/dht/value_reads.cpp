#include <algorithm>

#include "daemon/core/dht/values.h"

// The reading half of Values: who is asked, what is believed, and what is put right on the way.

namespace sov::dht {

namespace {

/// Under way at once; past it commands fail with busy.
constexpr std::size_t kFetchesMax = 512;
constexpr std::chrono::minutes kImmutableCached{10};

// Whether whoever asked has this version, or a newer one.
bool is_known(const std::optional<std::uint64_t>& newer_than, const identity::RecordHead& head) {
    return newer_than && head.kind == identity::RecordKind::kMutable &&
           head.sequence <= *newer_than;
}

}  // namespace

ValueVersion Values::opened(const identity::CheckedRecord& value) {
    const ByteView record = identity::record_part(value.bytes);
    auto decoded = identity::decode_value(record);
    ValueVersion version{value.head, std::move(decoded->label), std::move(decoded->content)};
    if (decoded->pages)
        version.content =
            to_bytes(decoded->pages->content_of(ByteView(value.bytes).subspan(record.size())));
    return version;
}

void Values::get(Instant now, Context& context, Queries& queries, CommandId command, const Key& key,
                 Level level, std::optional<std::uint64_t> newer_than) {
    Get get;
    get.command = command;
    get.level = level;
    get.newer_than = newer_than;
    get.gotten.key = key;
    const ValueGotten* cached = cache_.find(now, key);
    const bool final = cached != nullptr && !cached->error &&
                       cached->value.head.kind == identity::RecordKind::kImmutable;
    const bool usable =
        cached != nullptr && (cached->error || !is_known(get.newer_than, cached->value.head));
    if (usable && (final || level == Level::kFast)) {
        ValueGotten again = *cached;
        again.cached = true;
        again.lookup = {};
        context.events.push_back(ValueGetFinished{command, std::move(again)});
        return;
    }
    for (const ValueStore::Held* held : context.store.at(now, key)) {
        const bool immutable = held->head.kind == identity::RecordKind::kImmutable;
        const bool enough = immutable || (level == Level::kFast && !held->head.tombstone);
        if (!identity::is_value(held->head.kind) || !enough || is_known(newer_than, held->head))
            continue;
        get.gotten.cached = true;
        return conclude(now, context, std::move(get), {held->head, key, held->bytes});
    }
    QuerySpec spec;
    spec.goal = level == Level::kFast     ? QuerySpec::Goal::kFirstRecord
                : level == Level::kNormal ? QuerySpec::Goal::kAgreed
                                          : QuerySpec::Goal::kEveryReplica;
    spec.target = key;
    spec.with_tokens = true;
    spec.newer_than = newer_than;
    const QueryId query = queries.start(now, context, std::move(spec));
    if (query == kNoQuery) {
        get.gotten.error = Errc::kBusy;
        context.events.push_back(ValueGetFinished{command, std::move(get.gotten)});
        return;
    }
    reading_.emplace(query, std::move(get));
}

void Values::miss(Instant now, Context& context, Get get, Errc error) {
    get.gotten.error = error;
    if (error == Errc::kNotFound) {
        ValueGotten kept = get.gotten;
        kept.lookup = {};
        cache_.keep(now + context.limits.misses_cached, std::move(kept), context.limits);
    }
    context.events.push_back(ValueGetFinished{get.command, std::move(get.gotten)});
}

void Values::on_read(Instant now, Context& context, Get get, QueryResult& result) {
    get.gotten.lookup = std::move(result.report);
    get.gotten.equivocation = result.equivocation;
    if (result.error == Errc::kCancelled)
        return miss(now, context, std::move(get), Errc::kCancelled);
    QueryResult::Record* newest = nullptr;
    for (QueryResult::Record& record : result.records) {
        if (!identity::is_value(record.record.head.kind)) continue;
        if (newest == nullptr || record.record.head.sequence > newest->record.head.sequence)
            newest = &record;
    }
    const bool known = newest != nullptr && is_known(get.newer_than, newest->record.head);
    if (known || (newest == nullptr && result.unchanged > 0)) {
        get.gotten.replicas = result.unchanged;
        get.gotten.unchanged = true;
        context.events.push_back(ValueGetFinished{get.command, std::move(get.gotten)});
        return;
    }
    if (newest == nullptr)
        return miss(now, context, std::move(get), result.error.value_or(Errc::kNotFound));
    const identity::RecordHead& head = newest->record.head;
    if (result.equivocation) {
        ++context.counters.equivocations_seen;
        context.events.push_back(
            EquivocationSeen{get.gotten.key, head.owner, head.kind, head.sequence});
    }
    get.gotten.replicas = newest->replicas;
    get.places = std::move(result.replicas);
    get.holders = std::move(newest->holders);
    auto value = identity::decode_value(newest->record.bytes);
    if (!value->pages) return conclude(now, context, std::move(get), newest->record);
    const ValueStore::Held* held =
        context.store.live(now, newest->record.key, head.owner, head.kind);
    if (held != nullptr && held->head.sequence == head.sequence)
        return conclude(now, context, std::move(get), {head, newest->record.key, held->bytes});
    if (get.holders.empty()) return miss(now, context, std::move(get), Errc::kTimedOut);
    if (fetches_.running() >= kFetchesMax) return miss(now, context, std::move(get), Errc::kBusy);
    std::vector<Replica> holders = get.holders;
    const FetchId fetch = fetches_.start(now, context, std::move(newest->record),
                                         std::move(*value->pages), std::move(holders));
    fetching_.emplace(fetch, std::move(get));
}

void Values::conclude(Instant now, Context& context, Get get,
                      const identity::CheckedRecord& value) {
    repair(now, context, get, value);
    if (value.head.tombstone) {
        get.gotten.value.head = value.head;
        return miss(now, context, std::move(get), Errc::kNotFound);
    }
    get.gotten.value = opened(value);
    ValueGotten kept = get.gotten;
    kept.lookup = {};
    const bool final = value.head.kind == identity::RecordKind::kImmutable;
    cache_.keep(now + (final ? Duration(kImmutableCached) : Duration(context.limits.hits_cached)),
                std::move(kept), context.limits);
    context.events.push_back(ValueGetFinished{get.command, std::move(get.gotten)});
}

// Replicas that stand nearer than the farthest of those that have the newest version, and that did
// not show it, get it from us.
void Values::repair(Instant now, Context& context, const Get& get,
                    const identity::CheckedRecord& value) {
    if (get.holders.empty() || get.places.empty() || writes_.running() >= kWritesMax) return;
    const Key& key = value.key;
    Key farthest;
    for (const Replica& holder : get.holders) {
        farthest = std::max(farthest,
                            distance(key, identity::node_id(context.crypto, holder.contact.key)));
    }
    Writes::Plan plan;
    for (const Replica& place : get.places) {
        const Key away = distance(key, identity::node_id(context.crypto, place.contact.key));
        if (away < farthest && !is_among(get.holders, place.contact.key))
            plan.targets.push_back(place);
    }
    if (plan.targets.empty()) return;
    plan.value = value;
    plan.level = Level::kFast;
    plan.urgency = Urgency::kUpkeep;
    writes_.start(now, context, std::move(plan));
}

}  // namespace sov::dht
