#include "daemon/core/dht/listeners.h"

#include <algorithm>

#include "daemon/core/identity/values.h"

namespace sov::dht {

namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

/// Between two leases that are asked for anew after a network change.
constexpr milliseconds kTurnAfterChange{30};
/// Leases of each key that are renewed so after a network change; the others follow later, slower.
constexpr std::size_t kLeasesAfterChange = 2;
constexpr milliseconds kRestAfterChange{5000}, kRestTurn{60};
/// When after a network change replicas are looked for again, and between two keys.
constexpr milliseconds kLookAfterChange{1000}, kLookTurn{1500};
constexpr milliseconds kAskAgainFirst{250};
constexpr seconds kAskAgain{1};
/// Without any answer for so long we are cut off; how often renewals are tried then.
constexpr seconds kOffline{5}, kAskOffline{10};
/// Unanswered or unproven renewals in a row before another replica takes the place.
constexpr std::uint8_t kRenewalsFailedMax = 4;
constexpr seconds kLookAgain{300}, kLookRetryFirst{1}, kLookRetryMax{60};

std::optional<Family> usable_family(const Context& context, const Contact& contact) {
    for (const Family family : kFamilies) {
        if (context.enabled(family) && contact.has(family)) return family;
    }
    return std::nullopt;
}

// Silence may be that of a family that this host has no way for any more: the other one is tried,
// where the replica has it. What is known of the replica may be newer than the lease.
bool turn_to_other_family(const Context& context, Replica& replica) {
    if (const ContactBook::Entry* known = context.book.find(replica.contact.key))
        replica.contact = known->contact;
    for (const Family family : kFamilies) {
        if (family == replica.family || !context.enabled(family) || !replica.contact.has(family))
            continue;
        replica.family = family;
        return true;
    }
    return false;
}

// By family: whether something beyond this link can answer us there.
std::array<bool, kFamilies.size()> families_of(const std::vector<Endpoint>& addresses) {
    std::array<bool, kFamilies.size()> present{};
    for (const Endpoint& address : addresses) {
        if (address.scope() > Scope::kLinkLocal)
            present[static_cast<std::size_t>(address.family)] = true;
    }
    return present;
}

template <typename List>
auto of_owner(List& seen, const wire::Version& version) {
    return std::find_if(seen.begin(), seen.end(), [&](const wire::Version& known) {
        return known.owner == version.owner && known.kind == version.kind;
    });
}

// The version as an app sees it; nothing when its pages are not behind it.
ValueVersion shown(const identity::RecordHead& head, ByteView record, ByteView behind) {
    ValueVersion version{head, {}, {}};
    if (!identity::is_value(head.kind)) {
        version.content = to_bytes(record);
        return version;
    }
    auto value = identity::decode_value(record);
    if (!value) return version;
    version.label = std::move(value->label);
    version.content =
        value->pages ? to_bytes(value->pages->content_of(behind)) : std::move(value->content);
    return version;
}

}  // namespace

std::optional<std::vector<wire::Version>> read_cursor(ByteView cursor) {
    std::vector<wire::Version> seen;
    if (cursor.empty()) return seen;
    ByteReader reader(cursor);
    const std::size_t count = reader.u8();
    if (count > wire::kVersionsMax || reader.remaining() != count * wire::kVersionSize)
        return std::nullopt;
    for (std::size_t at = 0; at < count; ++at) seen.push_back(wire::read_version(reader));
    return seen;
}

Bytes write_cursor(const std::vector<wire::Version>& seen) {
    Bytes cursor(1 + seen.size() * wire::kVersionSize);
    ByteWriter writer(cursor);
    writer.u8(static_cast<std::uint8_t>(seen.size()));
    for (const wire::Version& version : seen) wire::write(writer, version);
    return cursor;
}

// --- apps
// ---------------------------------------------------------------------------------------------

void Listeners::listen(Instant now, Context& context, Queries&, CommandId listen, const Key& key,
                       ByteView cursor) {
    auto seen = read_cursor(cursor);
    if (!seen || listeners_.size() >= context.limits.listens_max) {
        context.events.push_back(ListenEnded{listen, seen ? Errc::kBusy : Errc::kInvalidArgument});
        return;
    }
    Watch& watch = add(now, key, listen, {key, std::move(*seen)});
    for (const Seen& known : watch.seen) tell_one(context, listen, listeners_.at(listen), known);
    if (watch.armed > 0) context.events.push_back(ListenArmed{listen, watch.armed});
}

Listeners::Watch& Listeners::add(Instant now, const Key& key, CommandId listen, Listener listener) {
    listeners_.insert_or_assign(listen, std::move(listener));
    Watch& watch = watches_[key];
    if (watch.id == 0) {
        watch.id = next_id_++;
        keys_.emplace(watch.id, key);
        watch.look_at = now;
        wake(now);
    }
    watch.listeners.push_back(listen);
    return watch;
}

void Listeners::listen_items(Instant now, Context& context, CommandId listen,
                             identity::ItemUse use) {
    if (listeners_.size() >= context.limits.listens_max) {
        context.events.push_back(ListenEnded{listen, Errc::kBusy});
        return;
    }
    const Key key = identity::item_key(context.crypto, use, context.own_peer());
    Watch& watch = add(now, key, listen, {key, {}});
    if (!watch.proof) {
        // Whoever only listened for records there asks for the other kind of lease now.
        watch.use = use;
        watch.proof = wire::Proof{context.own_peer(),
                                  identity::sign_speaker(context.crypto, context.user_key,
                                                         context.network, context.node_key, key)};
        for (Lease& lease : watch.leases) lease.next_at = now;
        wake(now);
    }
    take_held_items(now, context, key, watch);
    if (watch.armed > 0) context.events.push_back(ListenArmed{listen, watch.armed});
}

// We may be a replica ourselves.
void Listeners::take_held_items(Instant now, const Context& context, const Key& key,
                                const Watch& watch) {
    for (const ItemStore::Held* held : context.items.at(now, key, identity::kind_of(watch.use)))
        arrived_.push_back({held->head, key, held->bytes});
}

bool Listeners::cancel(Context& context, Queries& queries, PageFetches& fetches, Instant now,
                       CommandId listen) {
    const auto known = listeners_.find(listen);
    if (known == listeners_.end()) return false;
    const Key key = known->second.key;
    listeners_.erase(known);
    context.events.push_back(ListenEnded{listen, Errc::kCancelled});
    Watch& watch = watches_.at(key);
    std::erase(watch.listeners, listen);
    if (!watch.listeners.empty()) return true;
    for (const Lease& lease : watch.leases) stop(context, watch, key, lease);
    if (watch.query != kNoQuery) queries.cancel(now, context, watch.query);
    for (const Fetching& fetching : watch.fetching) fetches.cancel(fetching.fetch);
    keys_.erase(watch.id);
    watches_.erase(key);
    return true;
}

void Listeners::tell_one(Context& context, CommandId listen, Listener& listener, const Seen& seen) {
    const auto known = of_owner(listener.seen, seen.version);
    if (known != listener.seen.end()) {
        if (known->sequence >= seen.version.sequence) return;
        known->sequence = seen.version.sequence;
    } else {
        if (listener.seen.size() >= wire::kVersionsMax) listener.seen.erase(listener.seen.begin());
        listener.seen.push_back(seen.version);
    }
    context.events.push_back(
        ValueChanged{listen, listener.key, seen.value, write_cursor(listener.seen)});
}

void Listeners::tell(Context& context, Watch& watch, ValueVersion value) {
    const wire::Version version = wire::version_of(value.head);
    const auto known = std::find_if(watch.seen.begin(), watch.seen.end(), [&](const Seen& seen) {
        return seen.version.owner == version.owner && seen.version.kind == version.kind;
    });
    if (known != watch.seen.end()) {
        if (known->version.sequence >= version.sequence) return;
        *known = {version, std::move(value)};
        for (const CommandId listen : watch.listeners)
            tell_one(context, listen, listeners_.at(listen), *known);
        return;
    }
    if (watch.seen.size() >= wire::kVersionsMax) watch.seen.erase(watch.seen.begin());
    watch.seen.push_back({version, std::move(value)});
    for (const CommandId listen : watch.listeners)
        tell_one(context, listen, listeners_.at(listen), watch.seen.back());
}

void Listeners::tell_armed(Context& context, Watch& watch) {
    const auto armed =
        static_cast<std::uint16_t>(std::count_if(watch.leases.begin(), watch.leases.end(),
                                                 [](const Lease& lease) { return lease.granted; }));
    const bool changed = (armed == 0) != (watch.armed == 0);
    watch.armed = armed;
    if (!changed) return;
    for (const CommandId listen : watch.listeners)
        context.events.push_back(ListenArmed{listen, armed});
}

// --- records
// ------------------------------------------------------------------------------------------

void Listeners::take(Instant now, Context& context, PageFetches& fetches, Watch& watch,
                     identity::CheckedRecord record, std::vector<Replica> holders) {
    const wire::Version version = wire::version_of(record.head);
    for (const Seen& seen : watch.seen) {
        if (seen.version.owner == version.owner && seen.version.kind == version.kind &&
            seen.version.sequence >= version.sequence)
            return;
    }
    auto value = identity::is_value(record.head.kind)
                     ? identity::decode_value(record.bytes)
                     : Result<identity::ValueRecord>(Errc::kWrongKey);
    if (!value || !value->pages) return tell(context, watch, shown(record.head, record.bytes, {}));
    // We may be a replica ourselves.
    const ValueStore::Held* held = context.store.live(now, record.key, version.owner, version.kind);
    if (held != nullptr && held->head.sequence == version.sequence)
        return tell(context, watch, shown(held->head, held->record(), held->behind()));
    for (const Fetching& fetching : watch.fetching) {
        if (fetching.version.owner == version.owner && fetching.version.kind == version.kind &&
            fetching.version.sequence >= version.sequence)
            return;
    }
    if (holders.empty() || watch.fetching.size() >= wire::kVersionsMax) return;
    const FetchId fetch = fetches.start(now, context, std::move(record), std::move(*value->pages),
                                        std::move(holders));
    watch.fetching.push_back({fetch, version});
}

bool Listeners::on_notify(Instant now, Context& context, PageFetches& fetches,
                          const NodeKey& replica, const wire::Head& head, ByteReader body,
                          ByteWriter& out) {
    ++context.counters.served_notify;
    const auto request = wire::read_notify(body);
    if (!request) {
        ++context.counters.drop_malformed;
        wire::write_error(out, head.request_id, Errc::kMalformed);
        return true;
    }
    const auto known = watches_.find(request->key);
    if (known == watches_.end() || lease_of(known->second, replica) == nullptr) {
        // The replica need not try again: its lease is over.
        wire::write_error(out, head.request_id, Errc::kNotFound);
        return true;
    }
    Watch& watch = known->second;
    auto checked =
        identity::check_record(context.crypto, context.network, request->key, request->record);
    if (!checked) {
        ++context.counters.records_refused;
        wire::write_error(out, head.request_id, checked.error());
        return true;
    }
    const bool fits = watch.proof ? checked->head.kind == identity::kind_of(watch.use)
                                  : !identity::is_item(checked->head.kind);
    if (!fits) {
        ++context.counters.records_refused;
        wire::write_error(out, head.request_id, Errc::kInvalidArgument);
        return true;
    }
    wire::write_head(out, wire::Kind::kNoted, head.request_id);
    if (watch.proof) {
        arrived_.push_back(std::move(*checked));
        return true;
    }
    // Whoever tells has the pages; the others probably, too.
    std::vector<Replica> holders;
    for (const Lease& lease : watch.leases) {
        if (lease.replica.contact.key == replica)
            holders.insert(holders.begin(), lease.replica);
        else if (lease.granted)
            holders.push_back(lease.replica);
    }
    take(now, context, fetches, watch, std::move(*checked), std::move(holders));
    return true;
}

void Listeners::on_changed(Instant now, Context& context, const Key& key) {
    const auto known = watches_.find(key);
    if (known == watches_.end()) return;
    if (known->second.proof) return take_held_items(now, context, key, known->second);
    for (const ValueStore::Held* held : context.store.at(now, key))
        tell(context, known->second, shown(held->head, held->record(), held->behind()));
}

bool Listeners::on_fetched(Instant now, Context& context, const PageFetches::Finished& fetched) {
    const auto known = watches_.find(fetched.value.key);
    if (known == watches_.end()) return false;
    Watch& watch = known->second;
    const auto ours =
        std::find_if(watch.fetching.begin(), watch.fetching.end(),
                     [&](const Fetching& fetching) { return fetching.fetch == fetched.id; });
    if (ours == watch.fetching.end()) return false;
    watch.fetching.erase(ours);
    const ByteView record = identity::record_part(fetched.value.bytes);
    if (fetched.complete) {
        const ByteView behind = ByteView(fetched.value.bytes).subspan(record.size());
        tell(context, watch, shown(fetched.value.head, record, behind));
        return true;
    }
    // A renewal says that this version was not seen, and so brings it again.
    for (Lease& lease : watch.leases) lease.next_at = std::min(lease.next_at, now + kAskAgain);
    wake(now + kAskAgain);
    return true;
}

// --- leases
// -------------------------------------------------------------------------------------------

bool Listeners::hears_from(const NodeKey& replica) {
    return std::any_of(watches_.begin(), watches_.end(),
                       [&](auto& watch) { return lease_of(watch.second, replica) != nullptr; });
}

Listeners::Lease* Listeners::lease_of(Watch& watch, const NodeKey& replica) {
    for (Lease& lease : watch.leases) {
        if (lease.replica.contact.key == replica) return &lease;
    }
    return nullptr;
}

bool Listeners::on_finished(Instant now, Context& context, PageFetches& fetches,
                            Queries::Finished& finished) {
    const auto known = watches_.find(finished.spec.target);
    if (known == watches_.end() || known->second.query != finished.id) return false;
    Watch& watch = known->second;
    watch.query = kNoQuery;
    if (finished.result.error) {
        watch.retry = std::clamp<Duration>(watch.retry * 2, kLookRetryFirst, kLookRetryMax);
        watch.look_at = now + watch.retry;
        wake(watch.look_at);
        return true;
    }
    watch.retry = Duration{0};
    watch.look_at = now + kLookAgain;
    wake(watch.look_at);
    for (QueryResult::Record& record : finished.result.records)
        take(now, context, fetches, watch, std::move(record.record), std::move(record.holders));
    choose(now, context, watch, known->first, finished.result.closest);
    return true;
}

void Listeners::choose(Instant now, Context& context, Watch& watch, const Key& key,
                       const std::vector<Contact>& closest) {
    std::vector<std::pair<Key, Contact>> nearest;
    for (const Contact& contact : closest) {
        const Key away = distance(key, identity::node_id(context.crypto, contact.key));
        const bool twice = std::any_of(nearest.begin(), nearest.end(), [&](const auto& other) {
            return other.second.key == contact.key;
        });
        if (!twice && usable_family(context, contact)) nearest.emplace_back(away, contact);
    }
    std::sort(nearest.begin(), nearest.end(),
              [](const auto& a, const auto& b) { return a.first < b.first; });
    std::vector<Lease> before = std::move(watch.leases);
    watch.leases.clear();
    watch.spare.clear();
    for (const auto& near : nearest) {
        const auto& contact = near.second;  // a name that a lambda may capture
        if (watch.leases.size() >= context.limits.lease_replicas) {
            watch.spare.push_back(contact);
            continue;
        }
        const auto kept = std::find_if(before.begin(), before.end(), [&](const Lease& lease) {
            return lease.replica.contact.key == contact.key;
        });
        if (kept != before.end()) {
            watch.leases.push_back(std::move(*kept));
            before.erase(kept);
        } else {
            watch.leases.push_back({{contact, *usable_family(context, contact), {}}, now});
            wake(now);
        }
    }
    for (const Lease& lease : before) stop(context, watch, key, lease);
    tell_armed(context, watch);
}

void Listeners::stop(Context& context, const Watch& watch, const Key& key, const Lease& lease) {
    if (!lease.granted) return;
    context.ask(lease.replica.contact, lease.replica.family, wire::Kind::kStopListening,
                to_bytes(key.view()), make_tag(Asker::kLease, watch.id));
}

void Listeners::ask(Context& context, Watch& watch, const Key& key, Lease& lease) {
    wire::Listen body{key, {}, watch.proof};
    for (const Seen& seen : watch.seen) body.known.push_back(seen.version);
    lease.next_at = kNever;  // until it is answered
    context.ask(lease.replica.contact, lease.replica.family, wire::Kind::kListen, body_bytes(body),
                make_tag(Asker::kLease, watch.id), watch.urgency());
}

// This replica is no good: the next nearest takes its place.
void Listeners::replace(Instant now, Context& context, Watch& watch, const NodeKey& replica) {
    std::erase_if(watch.leases,
                  [&](const Lease& lease) { return lease.replica.contact.key == replica; });
    if (!watch.spare.empty()) {
        const Contact contact = watch.spare.front();
        watch.spare.erase(watch.spare.begin());
        watch.leases.push_back({{contact, *usable_family(context, contact), {}}, now});
        wake(now);
    }
    watch.retry = std::clamp<Duration>(watch.retry * 2, kLookRetryFirst, kLookRetryMax);
    watch.look_at = std::min(watch.look_at, now + watch.retry);
    wake(watch.look_at);
    tell_armed(context, watch);
}

void Listeners::on_answer(Instant now, Context& context, const wire::Answer& answer) {
    const auto key = keys_.find(static_cast<std::uint32_t>(rest_of(answer.tag)));
    if (key == keys_.end() || answer.kind == wire::Kind::kStopped) return;
    Watch& watch = watches_.at(key->second);
    Lease* lease = lease_of(watch, answer.key);
    if (lease == nullptr) return;
    if (answer.kind == wire::Kind::kListening) {
        lease->granted = true;
        lease->failed = 0;
        const Limits& limits = context.limits;
        // A network change while the answer was on its way asks for another one.
        const Duration again = context.serving ? limits.lease_renewal : limits.lease_keepalive;
        lease->next_at = std::min(lease->next_at, now + again);
        wake(lease->next_at);
        return tell_armed(context, watch);
    }
    ByteReader reader(answer.body);
    const auto code = static_cast<Errc>(wire::read_byte(reader).value_or(0));
    // Our address is new to this replica, which is just now asking whether it is ours.
    if (code == Errc::kUnauthorized && ++lease->failed < kRenewalsFailedMax) {
        lease->next_at = now + kAskAgainFirst;
        wake(lease->next_at);
        return;
    }
    replace(now, context, watch, answer.key);
}

void Listeners::on_failed(Instant now, Context& context, const wire::Notice& notice) {
    const auto key = keys_.find(static_cast<std::uint32_t>(rest_of(notice.tag)));
    if (key == keys_.end()) return;
    Watch& watch = watches_.at(key->second);
    Lease* lease = lease_of(watch, notice.key);
    // Asked again meanwhile, over the other family.
    if (lease == nullptr || notice.family != lease->replica.family) return;
    if (notice.silent.port != 0) turn_to_other_family(context, lease->replica);
    // Nobody answers us, or it was never asked: that says nothing of this replica.
    const bool offline = now - context.heard_anything > kOffline;
    if (offline || notice.silent.port == 0) {
        lease->next_at = now + (offline ? kAskOffline : kAskAgain);
        return wake(lease->next_at);
    }
    if (++lease->failed >= kRenewalsFailedMax) return replace(now, context, watch, notice.key);
    lease->next_at = now + (lease->failed == 1 ? Duration(kAskAgainFirst) : Duration(kAskAgain));
    wake(lease->next_at);
}

// The leases are what brings news; who is nearest has not changed because we moved.
void Listeners::handle_network_change(Instant now) {
    Instant turn = now, rest = now + kRestAfterChange, look = now + kLookAfterChange;
    for (const bool calls : {true, false}) {
        for (auto& [key, watch] : watches_) {
            if (watch.hears_calls() != calls) continue;
            // Who has many listeners does not ask for all of them before anything else has a turn,
            // and news comes from any replica.
            std::size_t first = calls ? watch.leases.size() : kLeasesAfterChange;
            for (Lease& lease : watch.leases) {
                lease.failed = 0;
                Instant& next = first > 0 ? turn : rest;
                lease.next_at = std::min(lease.next_at, next);
                next += first > 0 ? kTurnAfterChange : kRestTurn;
                first -= first > 0 ? 1U : 0U;
            }
            watch.look_at = std::min(watch.look_at, look);
            look += kLookTurn;
        }
    }
    wake(now);
}

void Listeners::handle_new_address(Instant now, const Context& context,
                                   const std::vector<Endpoint>& addresses) {
    const auto present = families_of(addresses);
    const bool known = std::find(present.begin(), present.end(), true) != present.end();
    Instant turn = now;
    for (auto& [key, watch] : watches_) {
        for (Lease& lease : watch.leases) {
            const bool gone = known && !present[static_cast<std::size_t>(lease.replica.family)];
            const bool turned = gone && turn_to_other_family(context, lease.replica);
            if (!watch.hears_calls()) continue;
            // Asked just now: repeated from where we are.
            if (lease.next_at == kNever && !turned) continue;
            lease.failed = 0;
            lease.next_at = std::min(lease.next_at, turn);
            turn += kTurnAfterChange;
        }
    }
    wake(now);
}

void Listeners::handle_timeout(Instant now, Context& context, Queries& queries) {
    if (next_ > now) return;
    next_ = kNever;
    for (auto& [key, watch] : watches_) {
        if (watch.look_at <= now && watch.query == kNoQuery) {
            QuerySpec spec;
            spec.goal = watch.proof ? QuerySpec::Goal::kPlaces : QuerySpec::Goal::kEveryReplica;
            spec.target = key;
            spec.urgency = watch.armed > 0 ? Urgency::kUpkeep : watch.urgency();
            watch.query = queries.start(now, context, std::move(spec));
            watch.look_at = watch.query == kNoQuery ? now + kAskAgain : kNever;
        }
        // The end of the look that is under way says when the next one is.
        if (watch.query == kNoQuery) wake(watch.look_at);
        for (Lease& lease : watch.leases) {
            if (lease.next_at <= now) ask(context, watch, key, lease);
            wake(lease.next_at);
        }
    }
}

}  // namespace sov::dht
