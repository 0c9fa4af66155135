#include <algorithm>

#include "daemon/core/dht/values.h"

// Values of ours that are in the network: how many there may be, looking after them, and what is
// left of them after a restart.

namespace sov::dht {

namespace {

/// Times that a replica may have lost what it signed for, as after a restart.
constexpr int kDenialsMax = 1;
/// Commands that wait for the disk at once; past them let_go fails with over_quota and
/// drops nothing.
constexpr std::size_t kLettingGoMax = 64;

// Whether these are two records. Immutable values are one, with whichever ttl they came.
bool differs(const identity::CheckedRecord& one, const identity::CheckedRecord& other) {
    const ByteView a = identity::record_part(one.bytes), b = identity::record_part(other.bytes);
    return !identity::never_changes(one.head.kind) &&
           !std::equal(a.begin(), a.end(), b.begin(), b.end());
}

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
        // Somebody else with our key has stored another one: that is theirs to look after.
        if (lost(own, found.record)) return overtaken(context, known, there.sequence);
        if (there.sequence == head.sequence && !differs(own.value, found.record))
            showed = std::move(found.holders);
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

// Whether another version of the same owner, verified, stays in place of ours: a newer one, or of
// two under one sequence number the smaller, which everybody keeps.
bool Values::lost(const Own& own, const identity::CheckedRecord& other) {
    const identity::CheckedRecord& ours = own.value;
    if (other.head.kind != ours.head.kind || other.head.owner != ours.head.owner) return false;
    if (other.head.sequence != ours.head.sequence) return other.head.sequence > ours.head.sequence;
    const ByteView a = identity::record_part(other.bytes), b = identity::record_part(ours.bytes);
    return differs(ours, other) &&
           std::lexicographical_compare(a.begin(), a.end(), b.begin(), b.end());
}

// It would only be refused, again and again.
void Values::overtaken(Context& context, std::map<Place, Own>::iterator own,
                       std::uint64_t sequence) {
    const Place place = own->first;
    // A newer version that we are storing right now takes its place when it is stored.
    const bool ourselves = std::any_of(writing_.begin(), writing_.end(), [&](const auto& writing) {
        const identity::CheckedRecord& value = writing.second.value;
        return place_of(value) == place && value.head.sequence == sequence;
    });
    own_.erase(own);
    cache_.drop(place.first);
    context.events.push_back(OwnValueOver{place.first, place.second,
                                          ourselves ? std::nullopt : std::optional(sequence)});
}

// As hold(), and keeps nothing: for a conditional write, whose outcome is not known yet.
Result<void> Values::may_hold(Instant now, const Context& context, const Put& put) {
    const identity::RecordHead& head = put.value.head;
    const ValueStore::Held* held = context.store.live(now, put.value.key, head.owner, head.kind);
    const bool nothing = held == nullptr || (held->head.tombstone && put.expected == 0);
    if (!nothing && held->head.sequence > *put.expected) return Errc::kConflict;
    return context.store.acceptable(now, put.value.key, head, put.value.bytes.size(),
                                    Endpoint::v4(0x7f000001, 1));
}

// The others have all taken it, or not. Meanwhile somebody may have stored another one here.
void Values::hold_winner(Instant now, Context& context, const Put& put, ValuePublished& published) {
    published.held_here = false;
    if (published.error) return;
    const auto may = may_hold(now, context, put);
    if (may) {
        published.held_here = hold(now, context, put.value).has_value();
    } else if (may.error() == Errc::kConflict) {
        const identity::RecordHead& head = put.value.head;
        published.error = Errc::kConflict;
        published.conflict =
            context.store.live(now, put.value.key, head.owner, head.kind)->head.sequence;
    }
}

// Each replica keeps the first of two writes that expect the same version, and says so to both. So
// of all writers at most one has more than half of the replicas, and of two with half each, who
// both know it, the higher sequence number counts. Silence counts against us.
bool Values::leads(Instant now, const Context& context, const Put& put,
                   const Writes::Outcome& outcome) {
    const identity::RecordHead& head = put.value.head;
    const ValueStore::Held* held = context.store.live(now, put.value.key, head.owner, head.kind);
    const bool lost_here = held != nullptr && held->head.sequence > *put.expected;
    const std::size_t theirs = outcome.theirs + (lost_here ? 1U : 0U);
    const std::size_t undecided =
        outcome.undecided + (outcome.published.held_here && !lost_here ? 1U : 0U);
    if (outcome.ours > theirs + undecided) return true;
    const bool higher = head.sequence > outcome.published.conflict &&
                        (!lost_here || head.sequence > held->head.sequence);
    return undecided == 0 && outcome.ours == theirs && higher;
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

void Values::let_go(Context& context, CommandId command, const Key& key,
                    std::optional<std::uint32_t> app) {
    const auto theirs = [&](const auto& own) { return !app || own.second.app == *app; };
    auto at = own_.lower_bound({key, PeerId{}});
    const auto end =
        std::find_if(at, own_.end(), [&](const auto& own) { return own.first.first != key; });
    if (std::none_of(at, end, theirs)) {
        context.events.push_back(LetGoFinished{command, Errc::kNotFound});
        return;
    }
    if (letting_go_.size() >= kLettingGoMax) {
        context.events.push_back(LetGoFinished{command, Errc::kOverQuota});
        return;
    }
    LettingGo waiting{command, context.next_ticket, 0, false};
    while (at != end) {
        if (!theirs(*at)) {
            ++at;
            continue;
        }
        at = drop(context, at);
        if (!context.durable_acknowledgement) continue;
        waiting.last = context.next_ticket++;
        std::get<OwnValueOver>(context.events.back()).ticket = waiting.last;
    }
    if (waiting.last == 0)
        context.events.push_back(LetGoFinished{command, std::nullopt});
    else
        letting_go_.push_back(waiting);
}

// For the disk: what it was asked for is done all the same, but for puts.
bool Values::stop_waiting(Context& context, CommandId command) {
    const auto is_it = [command](const auto& other) { return other.command == command; };
    const auto let_go = std::find_if(letting_go_.begin(), letting_go_.end(), is_it);
    if (let_go != letting_go_.end()) {
        letting_go_.erase(let_go);
        context.events.push_back(LetGoFinished{command, Errc::kCancelled});
        return true;
    }
    const auto put = std::find_if(waiting_.begin(), waiting_.end(), is_it);
    if (put == waiting_.end()) return false;
    waiting_.erase(put);
    refuse(context, command, {}, Errc::kCancelled);
    return true;
}

// The disk answers in the order in which it was asked.
void Values::on_let_go(Context& context, std::uint64_t ticket, bool ok) {
    const auto waiting = std::find_if(
        letting_go_.begin(), letting_go_.end(),
        [ticket](const LettingGo& one) { return one.first <= ticket && ticket <= one.last; });
    if (waiting == letting_go_.end()) return;
    waiting->failed = waiting->failed || !ok;
    if (ticket != waiting->last) return;
    context.events.push_back(LetGoFinished{
        waiting->command, waiting->failed ? std::optional(Errc::kBusy) : std::nullopt});
    letting_go_.erase(waiting);
}

}  // namespace sov::dht
