#include "daemon/core/dht/mailbox.h"

#include <algorithm>

namespace sov::dht {

namespace {

constexpr std::chrono::milliseconds kAskReplicaAgain{250};
/// Refusals of a replica that is just now asking whether our address is ours. It asks again when
/// that is lost, so each is given twice the time of the one before: 8 s in all.
constexpr std::uint8_t kRefusedMax = 6;
/// An item is not told when it ended longer ago than this: clocks differ, but not by more.
constexpr std::chrono::hours kClocksDiffer{1};
/// Useless items are named to the replica that showed them, without waiting for an answer.
constexpr std::size_t kNoTarget = 0xff;

std::uint64_t sweep_tag(std::uint32_t id, std::size_t target) {
    return make_tag(Asker::kMailbox, (static_cast<std::uint64_t>(id) << 8) | target);
}
std::uint32_t sweep_of(std::uint64_t tag) { return static_cast<std::uint32_t>(rest_of(tag) >> 8); }
std::size_t server_of(std::uint64_t tag) { return tag & 0xff; }

// Opens what is ours, stamped and not over by its sender's clock and ours.
Result<identity::Item> open_mine(Instant now, Context& context,
                                 const identity::CheckedRecord& record) {
    const auto work = identity::item_work(context.crypto, record);
    const auto use = record.head.kind == identity::RecordKind::kMail ? identity::ItemUse::kMail
                                                                     : identity::ItemUse::kSignal;
    if (!work || *work < identity::item_work_needed(use, context.name_work_bits))
        return Errc::kInsufficientWork;
    auto item = identity::open_item(context.crypto, context.user_key, context.network, record);
    if (!item) return item;
    const auto most = static_cast<UnixMillis>(
        std::chrono::milliseconds(item->ttl + std::chrono::seconds(kClocksDiffer)).count());
    const UnixMillis unix_now = context.unix_time(now);
    if (unix_now > most && item->sent < unix_now - most) return Errc::kExpired;
    return item;
}

}  // namespace

// --- commands

void Mailbox::leave(Instant now, Context& context, Queries& queries, Values& values,
                    CommandId command, const ItemLeft& left) {
    const auto refuse = [&](Errc error) {
        ValuePublished published;
        published.error = error;
        published.key = identity::item_key(context.crypto, left.use, left.to);
        context.events.push_back(ValuePutFinished{command, std::move(published)});
    };
    const auto most = identity::ttl_max(left.use);
    const auto ttl = left.ttl == std::chrono::seconds(0) ? most : left.ttl;
    if (left.body.size() > identity::kItemBodyMax) return refuse(Errc::kTooLarge);
    if (ttl < std::chrono::seconds(1) || ttl > most) return refuse(Errc::kInvalidArgument);
    auto item = identity::seal_item(context.crypto, context.user_key, context.network, left.to,
                                    left.use, context.unix_time(now), ttl, left.body,
                                    identity::item_work_needed(left.use, context.name_work_bits));
    if (!item) return refuse(Errc::kInvalidArgument);
    const bool mail = left.use == identity::ItemUse::kMail;
    values.leave(now, context, queries, command, std::move(*item),
                 mail ? Level::kNormal : Level::kFast);
}

void Mailbox::begin(Instant now, Context& context, Queries& queries, Sweep sweep) {
    sweep.key = identity::item_key(context.crypto, sweep.use, context.own_peer());
    QuerySpec spec;
    spec.goal = QuerySpec::Goal::kPlaces;
    spec.target = sweep.key;
    if (sweeps_.size() < context.limits.sweeps_max)
        sweep.query = queries.start(now, context, std::move(spec));
    if (sweep.query == kNoQuery) return finish(context, sweep, Errc::kBusy);
    sweep.proof = {context.own_peer(),
                   identity::sign_speaker(context.crypto, context.user_key, context.network,
                                          context.node_key, sweep.key)};
    sweeps_.emplace(next_id_++, std::move(sweep));
}

void Mailbox::collect(Instant now, Context& context, Queries& queries, CommandId command,
                      identity::ItemUse use) {
    Sweep sweep;
    sweep.command = command;
    sweep.use = use;
    begin(now, context, queries, std::move(sweep));
}

void Mailbox::remove(Instant now, Context& context, Queries& queries, CommandId command,
                     identity::ItemUse use, std::vector<PeerId> ids) {
    Sweep sweep;
    sweep.command = command;
    sweep.use = use;
    sweep.removes = true;
    sweep.ids = std::move(ids);
    if (sweep.ids.size() > kItemsRemovedMax) return finish(context, sweep, Errc::kTooLarge);
    if (sweep.ids.empty()) return finish(context, sweep, Errc::kInvalidArgument);
    for (const PeerId& id : sweep.ids) note(id, now + identity::ttl_max(use), true);
    begin(now, context, queries, std::move(sweep));
}

bool Mailbox::cancel(Instant now, Context& context, Queries& queries, CommandId command) {
    for (auto at = sweeps_.begin(); at != sweeps_.end(); ++at) {
        if (at->second.command != command) continue;
        if (at->second.query != kNoQuery) queries.cancel(now, context, at->second.query);
        finish(context, at->second, Errc::kCancelled);
        sweeps_.erase(at);
        return true;
    }
    return false;
}

// --- sweeps

bool Mailbox::on_finished(Instant now, Context& context, const Queries::Finished& finished) {
    const auto known = std::find_if(sweeps_.begin(), sweeps_.end(), [&](const auto& entry) {
        return entry.second.query == finished.id;
    });
    if (known == sweeps_.end()) return false;
    auto& [id, sweep] = *known;
    sweep.query = kNoQuery;
    std::vector<PeerId> useless;
    const identity::RecordKind kind = identity::kind_of(sweep.use);
    sweep.held_here = context.serving;
    if (sweep.removes) {
        for (const PeerId& item : sweep.ids) context.items.remove(now, sweep.key, kind, item);
    } else {
        for (const ItemStore::Held* held : context.items.at(now, sweep.key, kind))
            take(now, context, sweep, {held->head, sweep.key, held->bytes}, useless);
        for (const PeerId& item : useless) context.items.remove(now, sweep.key, kind, item);
    }
    for (const Contact& contact : finished.result.closest) {
        const bool twice =
            std::any_of(sweep.targets.begin(), sweep.targets.end(),
                        [&](const Target& target) { return target.contact.key == contact.key; });
        for (const Family family : kFamilies) {
            if (twice || sweep.targets.size() >= kNoTarget) break;
            if (!context.enabled(family) || !contact.has(family)) continue;
            Target target;
            target.contact = contact;
            target.family = family;
            sweep.targets.push_back(std::move(target));
            break;
        }
    }
    for (std::size_t at = 0; at < sweep.targets.size(); ++at) ask(context, id, sweep, at);
    look(context, id, sweep);
    return true;
}

void Mailbox::ask(Context& context, std::uint32_t id, Sweep& sweep, std::size_t at) {
    Target& target = sweep.targets[at];
    ++target.requests;
    target.retry_at = kNever;
    if (!sweep.removes) {
        return context.ask(target.contact, target.family, wire::Kind::kCollect,
                           body_bytes(wire::Collect{sweep.key, sweep.proof, target.after}),
                           sweep_tag(id, at));
    }
    wire::Remove body{sweep.key, sweep.proof, {}};
    for (std::size_t next = target.removed;
         next < sweep.ids.size() && body.ids.size() < wire::kRemovedMax; ++next)
        body.ids.push_back(sweep.ids[next]);
    context.ask(target.contact, target.family, wire::Kind::kRemove, body_bytes(body),
                sweep_tag(id, at));
}

void Mailbox::take(Instant now, Context& context, Sweep& sweep,
                   const identity::CheckedRecord& record, std::vector<PeerId>& useless) {
    const PeerId& id = record.head.owner;
    const auto known = known_.find(id);
    if (known != known_.end() && known->second.deleted) return useless.push_back(id);
    if (!sweep.seen.insert(id).second) return;
    auto item = open_mine(now, context, record);
    if (!item) return useless.push_back(id);
    sweep.items.push_back(std::move(*item));
}

void Mailbox::on_items(Instant now, Context& context, std::uint32_t id, Sweep& sweep,
                       std::size_t at, ByteReader body) {
    Target& target = sweep.targets[at];
    const auto items = wire::read_items(body);
    target.answered = target.answered || items.has_value();
    target.over = true;
    if (!items) {
        ++context.counters.drop_malformed;
        return;
    }
    std::vector<PeerId> useless;
    for (const ByteView bytes : items->records) {
        const auto record =
            identity::check_record(context.crypto, context.network, sweep.key, bytes);
        const bool fits = record && record->head.kind == identity::kind_of(sweep.use) &&
                          record->head.owner > target.after;
        if (!fits) {
            ++context.counters.records_refused;
            return;
        }
        target.after = record->head.owner;
        take(now, context, sweep, *record, useless);
    }
    if (useless.size() > wire::kRemovedMax) useless.resize(wire::kRemovedMax);
    if (!useless.empty()) {
        context.ask(target.contact, target.family, wire::Kind::kRemove,
                    body_bytes(wire::Remove{sweep.key, sweep.proof, std::move(useless)}),
                    sweep_tag(id, kNoTarget));
    }
    const bool more = items->left > 0 && !items->records.empty() &&
                      target.requests < context.limits.mail_per_key_max;
    if (!more) return;
    target.over = false;
    ask(context, id, sweep, at);
}

void Mailbox::on_answer(Instant now, Context& context, const wire::Answer& answer) {
    const auto known = sweeps_.find(sweep_of(answer.tag));
    const std::size_t at = server_of(answer.tag);
    if (known == sweeps_.end() || at >= known->second.targets.size()) return;
    auto& [id, sweep] = *known;
    Target& target = sweep.targets[at];
    ByteReader reader(answer.body);
    if (answer.kind == wire::Kind::kError) {
        const auto code = static_cast<Errc>(wire::read_byte(reader).value_or(0));
        const bool soon = code == Errc::kUnauthorized && ++target.refused < kRefusedMax;
        target.over = !soon;
        if (soon) target.retry_at = now + kAskReplicaAgain * (1 << (target.refused - 1));
        wake(target.retry_at);
    } else if (sweep.removes) {
        target.answered = true;
        target.removed = std::min(sweep.ids.size(), target.removed + wire::kRemovedMax);
        target.over = target.removed == sweep.ids.size();
        if (!target.over) ask(context, id, sweep, at);
    } else {
        on_items(now, context, id, sweep, at, reader);
    }
    look(context, id, sweep);
}

void Mailbox::on_failed(Context& context, std::uint64_t tag) {
    const auto known = sweeps_.find(sweep_of(tag));
    const std::size_t at = server_of(tag);
    if (known == sweeps_.end() || at >= known->second.targets.size()) return;
    known->second.targets[at].over = true;
    look(context, known->first, known->second);
}

// Ends the sweep when nobody is left to answer.
void Mailbox::look(Context& context, std::uint32_t id, Sweep& sweep) {
    const bool open = std::any_of(sweep.targets.begin(), sweep.targets.end(),
                                  [](const Target& target) { return !target.over; });
    if (open) return;
    const bool answered =
        sweep.held_here || std::any_of(sweep.targets.begin(), sweep.targets.end(),
                                       [](const Target& target) { return target.answered; });
    std::optional<Errc> error;
    if (!answered) error = sweep.targets.empty() ? Errc::kNoPeers : Errc::kTimedOut;
    finish(context, sweep, error);
    sweeps_.erase(id);
}

void Mailbox::finish(Context& context, Sweep& sweep, std::optional<Errc> error) {
    const auto answered = static_cast<std::uint16_t>(
        std::count_if(sweep.targets.begin(), sweep.targets.end(),
                      [](const Target& target) { return target.answered; }));
    if (sweep.removes) {
        context.events.push_back(ItemsRemoved{sweep.command, error, answered});
        return;
    }
    std::sort(sweep.items.begin(), sweep.items.end(), [](const auto& a, const auto& b) {
        return std::tie(a.sent, a.id) < std::tie(b.sent, b.id);
    });
    context.events.push_back(
        ItemsCollected{sweep.command, error, std::move(sweep.items), answered});
}

// --- listening

void Mailbox::note(const PeerId& id, Instant until, bool deleted) {
    Known& known = known_[id];
    known.until = std::max(known.until, until);
    known.deleted = known.deleted || deleted;
    if (known_.size() <= kItemsKnownMax) return;
    known_.erase(std::min_element(known_.begin(), known_.end(), [](const auto& a, const auto& b) {
        return a.second.until < b.second.until;
    }));
}

bool Mailbox::take_arrived(Instant now, Context& context, Listeners& listeners) {
    const auto arrived = listeners.take_arrived();
    for (const identity::CheckedRecord& record : arrived) {
        const PeerId& id = record.head.owner;
        if (record.head.kind == identity::RecordKind::kSignal)
            context.items.remove(now, record.key, record.head.kind, id);
        if (known_.contains(id)) continue;
        const auto item = open_mine(now, context, record);
        // What can't be read now can't be read later either.
        note(id, now + record.head.ttl, false);
        if (!item) continue;
        for (const CommandId listen : listeners.listening_at(record.key))
            context.events.push_back(ItemArrived{listen, *item});
    }
    return !arrived.empty();
}

void Mailbox::handle_timeout(Instant now, Context& context) {
    if (next_ > now) return;
    next_ = kNever;
    for (auto& [id, sweep] : sweeps_) {
        for (std::size_t at = 0; at < sweep.targets.size(); ++at) {
            if (sweep.targets[at].retry_at <= now) ask(context, id, sweep, at);
            wake(sweep.targets[at].retry_at);
        }
    }
}

}  // namespace sov::dht
