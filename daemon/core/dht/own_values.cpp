#include <algorithm>

#include "daemon/core/dht/values.h"

// Values of ours that are in the network: how many there may be, looking after them, and what is
// left of them after a restart.

namespace sov::dht {

namespace {

/// Times that a replica may have lost what it signed for, as after a restart.
constexpr int kDenialsMax = 1;

}  // namespace

// Which bound is met by one value more; a new version takes the place of the one before.
OwnQuota Values::exceeded(const Context& context, const Put& planned, const ValuePut& put) const {
    const Place place = place_of(planned.value);
    if (!own_.contains(place) && own_.size() >= context.limits.own_values_max)
        return OwnQuota::kValues;
    std::size_t values = 1, bytes = planned.value.bytes.size();
    for (const auto& [other, own] : own_) {
        if (own.app != put.app || other == place) continue;
        ++values;
        bytes += own.value.bytes.size();
    }
    if (values > put.app_values_max) return OwnQuota::kAppValues;
    return bytes > put.app_bytes_max ? OwnQuota::kAppBytes : OwnQuota::kNone;
}

// Who has shown the value is spared. Who answered without it, though it had signed, has denied it.
void Values::on_looked(Instant now, Context& context, Put put, QueryResult& result) {
    const auto known = own_.find(place_of(put.value));
    if (known == own_.end()) return;
    Own& own = known->second;
    const identity::RecordHead& head = own.value.head;
    std::vector<Replica> showed;
    for (QueryResult::Record& found : result.records) {
        const identity::RecordHead& there = found.record.head;
        if (there.kind != head.kind || there.owner != head.owner) continue;
        if (there.sequence > head.sequence) {
            // Somebody else with our key has stored a newer one: that is theirs to look after.
            drop(context, known);
            return;
        }
        if (there.sequence == head.sequence) showed = std::move(found.holders);
    }
    std::size_t denied = 0;
    std::erase_if(result.replicas, [&](const Replica& replica) {
        const NodeKey& node = replica.contact.key;
        if (is_among(showed, node)) return false;
        if (is_among(own.holders, node)) {
            note_denial(now, context, own, node);
            ++denied;
        }
        return denies(own, node);
    });
    if (denied > 0) own.look_again = Duration{0};
    own.holders = showed;
    // Half way through the life of a value everybody gets it again.
    if (now - own.stored_at < head.ttl / 2) put.spared = std::move(showed);
    write(now, context, std::move(put), result);
}

bool Values::denies(const Own& own, const NodeKey& node) {
    return std::any_of(own.denials.begin(), own.denials.end(), [&](const Denial& denial) {
        return denial.node == node && denial.times > kDenialsMax;
    });
}

void Values::note_denial(Instant now, Context& context, Own& own, const NodeKey& node) {
    ++context.counters.replicas_denied;
    context.note_deed(now, node, guard::Deed::kDenied);
    for (Denial& denial : own.denials) {
        if (denial.node != node) continue;
        ++denial.times;
        return;
    }
    // Past that many the region of the key is asked anyway, and no more of them than that.
    if (own.denials.size() < context.limits.region_asked_max) own.denials.push_back({node, 1});
}

// Who is nearest now and lacks the value gets it; half way through its life all of them do.
void Values::look_after(Instant now, Context& context, Queries& queries, Own& own) {
    Put put;
    put.value = own.value;
    put.level = Level::kFast;
    // Items are shown to their receiver only: those who took one are believed.
    put.looks_after = !identity::is_item(own.value.head.kind);
    if (!put.looks_after && now - own.stored_at < own.value.head.ttl / 2) put.spared = own.holders;
    own.busy = true;
    own.next_at = now + kOwnLastLook;
    start_put(now, context, queries, std::move(put));
}

std::map<Values::Place, Values::Own>::iterator Values::drop(Context& context,
                                                            std::map<Place, Own>::iterator own) {
    context.events.push_back(OwnValueOver{own->first.first, own->first.second});
    return own_.erase(own);
}

void Values::restore(Instant now, const Context& context, const Key& key, Bytes record,
                     std::uint32_t app, Duration ends_in) {
    const auto head = identity::read_head(identity::record_part(record));
    const bool readable = head && (identity::is_item(head->kind) ||
                                   identity::decode_value(identity::record_part(record)));
    if (!readable || ends_in <= Duration{0} || own_.size() >= context.limits.own_values_max) return;
    const Duration left = std::min<Duration>(ends_in, head->ttl);
    // When the replicas took it is not known: all of them get it again.
    own_[{key, head->owner}] = Own{{*head, key, std::move(record)},
                                   app,
                                   {},
                                   {},
                                   now + left,
                                   now - head->ttl,
                                   now + kOwnFirstLook,
                                   {},
                                   false};
    wake(now + kOwnFirstLook);
}

std::vector<OwnValue> Values::own_values(Instant now) const {
    std::vector<OwnValue> values;
    for (const auto& [place, own] : own_) {
        OwnValue value{place.first,
                       own.value.head,
                       {},
                       own.value.bytes.size(),
                       own.app,
                       own.holders.size(),
                       std::max(own.ends - now, Duration{0})};
        if (auto decoded = identity::decode_value(identity::record_part(own.value.bytes)))
            value.label = std::move(decoded->label);
        values.push_back(std::move(value));
    }
    return values;
}

bool Values::let_go(Context& context, const Key& key, std::optional<std::uint32_t> app) {
    bool any = false;
    for (auto at = own_.lower_bound({key, PeerId{}}); at != own_.end() && at->first.first == key;) {
        const bool theirs = !app || at->second.app == *app;
        any = any || theirs;
        at = theirs ? drop(context, at) : std::next(at);
    }
    return any;
}

}  // namespace sov::dht
