#include "daemon/core/dht/values.h"

#include <algorithm>

namespace sov::dht {

namespace {

using std::chrono::seconds;

constexpr seconds kMissesAfterChange{5};
constexpr std::size_t kPutsWaitingMax = 64;
/// Races that a conditional put leads before it is told conflict all the same.
constexpr std::uint8_t kRoundsMax = 4;

std::size_t largest(const Limits& limits) {
    return std::min(limits.value_bytes_max, identity::kContentBytesMax);
}

// Why this can't be stored by anybody; nothing when it can.
std::optional<Errc> fault_of(const ValuePut& put, const Limits& limits) {
    if (put.content.size() > largest(limits)) return Errc::kTooLarge;
    if (put.ttl < seconds(1) || put.ttl > limits.record_ttl_max) return Errc::kInvalidArgument;
    if (put.label && put.label->size() > identity::kLabelBytesMax) return Errc::kTooLarge;
    if (!put.label && (put.expected || put.withdraw)) return Errc::kInvalidArgument;
    if (put.expected == UINT64_MAX) return Errc::kInvalidArgument;
    return std::nullopt;
}

}  // namespace

// The same put, over whatever it met: every replica takes it, and so every reader finds it.
Values::Waiting Values::again_over(const Put& put, std::uint64_t conflict) {
    ValueVersion version = opened(put.value);
    ValuePut again;
    again.label = std::move(version.label);
    again.content = std::move(version.content);
    again.expected = std::max(conflict, put.value.head.sequence);
    again.withdraw = put.value.head.tombstone;
    again.ttl = std::chrono::duration_cast<std::chrono::seconds>(put.value.head.ttl);
    again.level = put.level;
    again.app = put.app;
    return {put.command, std::move(again), static_cast<std::uint8_t>(put.round + 1),
            put.value.head.sequence};
}

// --- writing
// ------------------------------------------------------------------------------------------

void Values::refuse(Context& context, CommandId command, const Key& key, Errc error,
                    OwnQuota quota) {
    ValuePublished published;
    published.key = key;
    published.error = error;
    published.quota = quota;
    if (error == Errc::kTooLarge) published.bytes_max = largest(context.limits);
    context.events.push_back(ValuePutFinished{command, std::move(published)});
}

void Values::put(Instant now, Context& context, Queries& queries, Publisher& publisher,
                 CommandId command, ValuePut put) {
    if (const auto fault = fault_of(put, context.limits))
        return refuse(context, command, {}, *fault);
    plan_put(now, context, queries, publisher, {command, std::move(put)});
}

void Values::plan_put(Instant now, Context& context, Queries& queries, Publisher& publisher,
                      Waiting waiting) {
    const CommandId command = waiting.command;
    ValuePut& put = waiting.put;
    Put planned;
    planned.command = command;
    planned.round = waiting.round;
    planned.led = waiting.led;
    planned.expected = put.expected;
    planned.level = put.level;
    if (put.label) {
        const auto next = publisher.next_sequence(now, context);
        if (!next) {
            if (waiting_.size() >= kPutsWaitingMax)
                return refuse(context, command, {}, Errc::kBusy);
            return waiting_.push_back(std::move(waiting));
        }
        // What a race was led against is the word of replicas, which must not drive the number up.
        const std::uint64_t least = waiting.round > 0 ? 0 : put.expected.value_or(0) + 1;
        const std::uint64_t sequence = std::max(*next, least);
        planned.value = identity::make_mutable(
            context.crypto, context.user_key, context.network, *put.label,
            {identity::RecordKind::kMutable, put.withdraw, context.own_peer(), sequence, put.ttl},
            put.withdraw ? ByteView{} : ByteView(put.content));
    } else {
        planned.value = identity::make_immutable(context.crypto, put.ttl, put.content);
    }
    const Key key = planned.value.key;
    planned.app = put.app;
    // What is withdrawn was counted already, and whoever is over must be able to.
    const OwnQuota quota = put.withdraw ? OwnQuota::kNone : exceeded(context, planned, put);
    if (quota != OwnQuota::kNone) return refuse(context, command, key, Errc::kOverQuota, quota);
    cache_.drop(key);
    start_put(now, context, queries, std::move(planned));
}

void Values::put_signed(Instant now, Context& context, Queries& queries, CommandId command,
                        const Key& key, ByteView value, Level level) {
    auto checked = identity::check_value(context.crypto, context.network, key, value);
    if (!checked) return refuse(context, command, key, checked.error());
    if (checked->bytes.size() >
        identity::kRecordBytesMax + identity::paged_bytes(largest(context.limits)))
        return refuse(context, command, key, Errc::kTooLarge);
    if (!own_.contains(place_of(*checked)) && own_.size() >= context.limits.own_values_max)
        return refuse(context, command, key, Errc::kOverQuota);
    cache_.drop(key);
    Put planned;
    planned.command = command;
    planned.level = level;
    planned.value = std::move(*checked);
    start_put(now, context, queries, std::move(planned));
}

void Values::leave(Instant now, Context& context, Queries& queries, CommandId command,
                   identity::CheckedRecord item, Level level) {
    if (item.head.kind == identity::RecordKind::kMail &&
        own_.size() >= context.limits.own_values_max)
        return refuse(context, command, item.key, Errc::kOverQuota);
    Put planned;
    planned.command = command;
    planned.level = level;
    planned.value = std::move(item);
    start_put(now, context, queries, std::move(planned));
}

void Values::start_put(Instant now, Context& context, Queries& queries, Put put) {
    const bool room = writes_.running() + placing_.size() < kWritesMax;
    if (put.is_signal() && room && follow(now, context, put)) return;
    QuerySpec spec;
    // A condition is looked at first, so that a write which comes too late leaves no trace; what
    // happens between the look and the write is for the replicas to refuse.
    const bool reads = put.expected || put.looks_after;
    spec.goal = reads ? QuerySpec::Goal::kEveryReplica : QuerySpec::Goal::kPlaces;
    spec.with_tokens = true;
    spec.target = put.value.key;
    spec.urgency = put.urgency();
    if (const auto own = own_.find(place_of(put.value)); put.looks_after && own != own_.end())
        spec.places = context.limits.bucket_size + own->second.denials.size();
    const QueryId query = room ? queries.start(now, context, std::move(spec)) : kNoQuery;
    if (query != kNoQuery) {
        placing_.emplace(query, std::move(put));
        return;
    }
    if (put.command != kNoCommand) return refuse(context, put.command, put.value.key, Errc::kBusy);
    if (const auto own = own_.find(place_of(put.value)); own != own_.end())
        own->second.busy = false;
}

// Keeps what belongs here, too. Fails where it can't, as with conflict.
Result<void> Values::hold(Instant now, Context& context, const identity::CheckedRecord& value) {
    if (identity::is_item(value.head.kind)) {
        const auto stored = context.items.put(now, value, context.node_key.prefix());
        if (!stored) return stored.error();
        if (!stored->is_new) return {};
        context.changed_keys.push_back(value.key);
        if (context.durable_acknowledgement && value.head.kind == identity::RecordKind::kMail)
            context.events.push_back(PersistRecord{context.next_ticket++, value.key,
                                                   value.head.owner, value.head.kind, value.bytes,
                                                   now + stored->lifetime});
        return {};
    }
    Endpoint here;
    here.port = 1;
    here.address[0] = 127;
    const auto stored = context.store.put(now, value, here, 0);
    if (!stored) return stored.error();
    if (stored->changed) context.changed_keys.push_back(value.key);
    if (stored->lost()) return Errc::kConflict;
    return {};
}

void Values::on_places(Instant now, Context& context, Put put, QueryResult& result) {
    if (put.looks_after) return on_looked(now, context, std::move(put), result);
    for (const QueryResult::Record& found : result.records) {
        const identity::RecordHead& head = found.record.head;
        const bool nothing = head.tombstone && put.expected == 0;
        if (!put.expected || head.kind != put.value.head.kind || nothing ||
            head.sequence <= *put.expected)
            continue;
        ValuePublished published;
        published.key = put.value.key;
        published.error = Errc::kConflict;
        published.conflict = head.sequence;
        published.lookup = std::move(result.report);
        // What was looked after until now has lost to that one, too.
        if (const auto own = own_.find(place_of(put.value));
            own != own_.end() && lost(own->second, found.record))
            overtaken(context, own, head.sequence);
        if (put.command != kNoCommand)
            context.events.push_back(ValuePutFinished{put.command, std::move(published)});
        return;
    }
    // Of what replicas said that they hold, only what they have shown is stored over.
    if (put.round > 0) {
        put.expected = put.led;
        for (const QueryResult::Record& found : result.records) {
            if (found.record.head.kind == put.value.head.kind)
                put.expected = std::max(*put.expected, found.record.head.sequence);
        }
    }
    write(now, context, std::move(put), result);
}

void Values::write(Instant now, Context& context, Put put, QueryResult& result) {
    Writes::Plan plan;
    if (result.near_enough) {
        // What may lose yet is not held before it has won.
        const auto held =
            put.expected ? may_hold(now, context, put) : hold(now, context, put.value);
        plan.held_here = held.has_value();
        plan.conflict_here = !held && held.error() == Errc::kConflict;
    }
    for (Replica& replica : result.replicas) {
        const bool twice = is_among(plan.targets, replica.contact.key);
        if (!twice && !is_among(put.spared, replica.contact.key))
            plan.targets.push_back(std::move(replica));
    }
    for (Replica& replica : result.spares) {
        const bool twice = is_among(plan.targets, replica.contact.key);
        if (!twice && !is_among(put.spared, replica.contact.key))
            plan.spares.push_back(std::move(replica));
    }
    put.lookup = std::move(result.report);
    plan.value = put.value;
    plan.expected = put.expected;
    plan.level = put.level;
    plan.urgency = put.urgency();
    if (put.begun) {
        const auto begun = writing_.find(*put.begun);
        if (begun != writing_.end()) begun->second.lookup = std::move(put.lookup);
        return writes_.close(context, *put.begun, std::move(plan));
    }
    const WriteId write = writes_.start(now, context, std::move(plan));
    writing_.emplace(write, std::move(put));
}

void Values::on_written(Instant now, Context& context, const Writes::Outcome& outcome) {
    const auto known = writing_.find(outcome.id);
    if (known == writing_.end()) return;  // repairs are nobody's
    Put& put = known->second;
    const Place place = place_of(put.value);
    if (outcome.published.error && put.is_signal() && say_again(now, put)) {
        writing_.erase(known);
        return;
    }
    const auto own = own_.find(place);
    const bool ours =
        own != own_.end() && own->second.value.head.sequence == put.value.head.sequence;
    // A condition is decided once, with the last answer.
    ValuePublished published = outcome.published;
    const bool placed_here = published.held_here;
    if (put.expected && placed_here) hold_winner(now, context, put, published);
    if (put.expected && published.error == Errc::kConflict && put.command != kNoCommand &&
        put.round < kRoundsMax && leads(now, context, put, outcome)) {
        leading_.push_back(again_over(put, published.conflict));
        put.command = kNoCommand;
    }
    if (put.command != kNoCommand) {
        const bool stored = !published.error;
        published.lookup = put.lookup;
        context.events.push_back(ValuePutFinished{put.command, std::move(published)});
        put.command = kNoCommand;
        const bool passing = put.value.head.kind == identity::RecordKind::kSignal;
        if (stored && !ours && !passing) {
            Own& kept = own_[place];
            kept = Own{put.value, put.app, {}, {}, now + put.value.head.ttl, now, kNever, {}, true};
            context.events.push_back(
                OwnValueKept{place.first, place.second, put.app, put.value.bytes, kept.ends});
        }
    }
    if (!outcome.settled) return;
    // Its receiver has it: nothing is left to be looked after.
    if (const auto over = own_.find(place);
        identity::is_item(put.value.head.kind) && outcome.over && over != own_.end())
        drop(context, over);
    if (const auto kept = own_.find(place);
        kept != own_.end() && kept->second.value.head.sequence == put.value.head.sequence) {
        std::vector<Replica> holders = outcome.holders;
        for (const Replica& replica : put.spared) {
            if (!is_among(holders, replica.contact.key)) holders.push_back(replica);
        }
        kept->second.holders = std::move(holders);
        if (put.spared.empty()) kept->second.stored_at = now;
        kept->second.busy = false;
        kept->second.look_again =
            std::clamp<Duration>(kept->second.look_again * 2, kOwnFirstLook, kOwnLastLook);
        // Nobody is known (yet), as after a restart.
        if (outcome.published.asked == 0 && put.spared.empty())
            kept->second.look_again = kOwnFirstLook;
        kept->second.next_at = now + kept->second.look_again;
        wake(kept->second.next_at);
    }
    writing_.erase(known);
}

void Values::handle_persisted(Instant now, Context& context, Queries& queries, Publisher& publisher,
                              std::uint64_t ticket, bool ok) {
    on_let_go(context, ticket, ok);
    for (Waiting& waiting : std::exchange(waiting_, {})) {
        if (ok)
            plan_put(now, context, queries, publisher, std::move(waiting));
        else
            refuse(context, waiting.command, {}, Errc::kBusy);
    }
}

bool Values::cancel(Instant now, Context& context, Queries& queries, CommandId command) {
    if (listeners_.cancel(context, queries, fetches_, now, command)) return true;
    for (auto& [query, get] : reading_) {
        if (get.command != command) continue;
        get.gotten.error = Errc::kCancelled;
        queries.cancel(now, context, query);
        return true;
    }
    for (auto& [fetch, get] : fetching_) {
        if (get.command != command) continue;
        get.gotten.error = Errc::kCancelled;
        context.events.push_back(ValueGetFinished{command, std::move(get.gotten)});
        fetches_.cancel(fetch);
        fetching_.erase(fetch);
        return true;
    }
    // A write goes on, only nobody waits for it any more.
    const auto forget = [&](auto& puts) {
        for (auto& [id, put] : puts) {
            if (put.command != command) continue;
            put.command = kNoCommand;
            refuse(context, command, put.value.key, Errc::kCancelled);
            return true;
        }
        return false;
    };
    if (forget(placing_) || forget(writing_)) return true;
    return stop_waiting(context, command);
}

// --- between
// ------------------------------------------------------------------------------------------

void Values::on_answer(Instant now, Context& context, const wire::Answer& answer) {
    switch (asker_of(answer.tag)) {
        case Asker::kWrite: return writes_.on_answer(now, context, answer);
        case Asker::kPages: return fetches_.on_answer(context, answer);
        default: return listeners_.on_answer(now, context, answer);
    }
}

void Values::on_failed(Instant now, Context& context, const wire::Notice& notice) {
    switch (asker_of(notice.tag)) {
        case Asker::kWrite: return writes_.on_failed(now, context, notice.tag);
        case Asker::kPages: return fetches_.on_failed(context, notice.tag);
        default: return listeners_.on_failed(now, context, notice);
    }
}

bool Values::on_finished(Instant now, Context& context, Queries::Finished& finished) {
    if (placing_.contains(finished.id)) {
        on_placed(now, context, finished);
        return true;
    }
    if (const auto reading = reading_.find(finished.id); reading != reading_.end()) {
        Get get = std::move(reading->second);
        reading_.erase(reading);
        on_read(now, context, std::move(get), finished.result);
        return true;
    }
    return listeners_.on_finished(now, context, fetches_, finished);
}

bool Values::settle(Instant now, Context& context, Queries& queries, Publisher& publisher) {
    bool busy = false;
    for (const Writes::Outcome& outcome : writes_.take_outcomes()) {
        busy = true;
        on_written(now, context, outcome);
    }
    for (Waiting& leading : std::exchange(leading_, {}))
        plan_put(now, context, queries, publisher, std::move(leading));
    for (const PageFetches::Finished& fetched : fetches_.take_finished()) {
        busy = true;
        if (listeners_.on_fetched(now, context, fetched)) continue;
        const auto known = fetching_.find(fetched.id);
        if (known == fetching_.end()) continue;
        Get get = std::move(known->second);
        fetching_.erase(known);
        if (fetched.complete)
            conclude(now, context, std::move(get), fetched.value);
        else
            miss(now, context, std::move(get), Errc::kTimedOut);
    }
    return busy;
}

void Values::on_changed(Instant now, Context& context, const Key& key) {
    cache_.drop(key);
    listeners_.on_changed(now, context, key);
}

void Values::handle_network_change(Instant now) {
    cache_.shorten_misses(now + kMissesAfterChange);
    listeners_.handle_network_change(now);
    word_places_.clear(now);
    Instant look = now + kOwnFirstLook;
    for (auto& [place, own] : own_) {
        own.look_again = Duration{0};
        own.next_at = std::min(own.next_at, look);
        look += kOwnTurn;
        wake(own.next_at);
    }
}

void Values::handle_new_address(Instant now, const Context& context,
                                const std::vector<Endpoint>& addresses) {
    listeners_.handle_new_address(now, context, addresses);
    word_places_.clear(now);
}

void Values::handle_timeout(Instant now, Context& context, Queries& queries) {
    listeners_.handle_timeout(now, context, queries);
    if (next_ > now) return;
    next_ = kNever;
    for (Put& put : std::exchange(again_, {})) start_put(now, context, queries, std::move(put));
    for (auto at = own_.begin(); at != own_.end();) {
        Own& own = at->second;
        if (own.ends <= now && !own.busy) {
            at = drop(context, at);
            continue;
        }
        if (own.next_at <= now) {
            if (own.busy)
                own.next_at = now + kOwnFirstLook;
            else
                look_after(now, context, queries, own);
        }
        wake(std::min(own.next_at, own.busy ? kNever : own.ends));
        ++at;
    }
}

}  // namespace sov::dht
