#include <algorithm>

#include "daemon/core/dht/values.h"

// Signals of ours: several to one peer share a lookup.

namespace sov::dht {

namespace {

/// Nodes that a signal is stored at, for each that its receiver has a lease at: those have not
/// looked for the nearest at the same time.
constexpr std::size_t kSignalSpread = 2;

}  // namespace

void WordPlaces::keep(Instant now, const Context& context, const Key& key,
                      const QueryResult& result) {
    const bool before = now - result.report.took < cleared_;
    if (result.error || result.replicas.empty() || before) return;
    // Those of one family come before those of the other, whoever is nearer.
    std::vector<std::pair<Key, const Replica*>> nearest;
    for (const Replica& replica : result.replicas) {
        const Key away = distance(key, identity::node_id(context.crypto, replica.contact.key));
        const bool twice = std::any_of(nearest.begin(), nearest.end(), [&](const auto& other) {
            return other.second->contact.key == replica.contact.key;
        });
        if (!twice) nearest.emplace_back(away, &replica);
    }
    std::sort(nearest.begin(), nearest.end(),
              [](const auto& a, const auto& b) { return a.first < b.first; });
    Places places;
    for (const auto& [away, replica] : nearest) {
        const bool full = places.replicas.size() >= kSignalSpread * context.limits.lease_replicas;
        (full ? places.spares : places.replicas).push_back(*replica);
    }
    places.spares.insert(places.spares.end(), result.spares.begin(), result.spares.end());
    places.near_enough = result.near_enough;
    places.until = now + kKept;
    places_.insert_or_assign(key, std::move(places));
    if (places_.size() <= kPlacesMax) return;
    places_.erase(std::min_element(
        places_.begin(), places_.end(),
        [](const auto& a, const auto& b) { return a.second.until < b.second.until; }));
}

void Values::write_to(Instant now, Context& context, Put put, const WordPlaces::Places& places) {
    QueryResult result;
    result.replicas = places.replicas;
    result.spares = places.spares;
    result.near_enough = places.near_enough;
    write(now, context, std::move(put), result);
}

// Somebody waits for the words, so they do not wait for the end of the lookup, which may be that of
// the patience with nodes that are silent: who has answered and is among the nearest gets them at
// once. What is found later is added; who turns out not to be so near has them for a minute.
void Values::hurry(Instant now, Context& context, const Queries& queries) {
    const std::size_t most = kSignalSpread * context.limits.lease_replicas;
    for (auto& [query, put] : placing_) {
        if (!put.is_signal()) continue;
        const auto places = queries.places_so_far(query, most);
        if (places.empty()) continue;
        if (put.begun) {
            writes_.add(context, *put.begun, places);
            continue;
        }
        if (writes_.running() >= kWritesMax) continue;
        Writes::Plan plan;
        plan.value = put.value;
        plan.level = put.level;
        plan.urgency = put.urgency();
        plan.open = true;
        const WriteId write = writes_.start(now, context, std::move(plan));
        writing_.emplace(write, put);
        put.begun = write;
        put.command = kNoCommand;  // the write has it now
        writes_.add(context, write, places);
    }
}

// False when it needs a lookup of its own.
bool Values::follow(Instant now, Context& context, Put& put) {
    if (const WordPlaces::Places* places = word_places_.find(now, put.value.key)) {
        put.remembered = true;
        write_to(now, context, std::move(put), *places);
        return true;
    }
    const auto same = std::find_if(placing_.begin(), placing_.end(), [&](const auto& other) {
        return other.second.is_signal() && other.second.value.key == put.value.key;
    });
    if (same == placing_.end()) return false;
    placing_.emplace(same->first, std::move(put));
    return true;
}

void Values::on_placed(Instant now, Context& context, Queries::Finished& finished) {
    const auto [first, last] = placing_.equal_range(finished.id);
    std::vector<Put> puts;
    for (auto at = first; at != last; ++at) puts.push_back(std::move(at->second));
    placing_.erase(first, last);
    if (!puts.front().is_signal())
        return on_places(now, context, std::move(puts.front()), finished.result);
    const Key key = puts.front().value.key;
    word_places_.keep(now, context, key, finished.result);
    for (Put& put : puts) {
        QueryResult result = finished.result;
        if (const WordPlaces::Places* places = word_places_.find(now, key))
            write_to(now, context, std::move(put), *places);
        else
            on_places(now, context, std::move(put), result);
    }
}

// Nobody took it. Where that was because its places were found a while ago, it is stored once more.
bool Values::say_again(Instant now, Put& put) {
    word_places_.drop(put.value.key);
    if (!std::exchange(put.remembered, false)) return false;
    again_.push_back(std::move(put));
    wake(now);
    return true;
}

}  // namespace sov::dht
