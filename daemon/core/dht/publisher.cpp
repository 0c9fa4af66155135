#include "daemon/core/dht/publisher.h"

#include <algorithm>

#include "daemon/core/identity/peer_name.h"

namespace sov::dht {

namespace {

constexpr std::uint64_t kReserveAhead = 3'600'000;
constexpr std::chrono::hours kSignAgain{12};
constexpr std::chrono::seconds kFirstRetry{5}, kLastRetry{300};
constexpr std::chrono::seconds kFirstLook{2};
/// An address that several peers report settles within this; then the record is signed once.
constexpr std::chrono::milliseconds kSettle{50};
/// Hashes between two looks at the network: half a millisecond.
constexpr std::uint64_t kStampSlice = 2048;

}  // namespace

Publisher::Publisher(UnixMillis wall_clock, std::uint64_t sequence_reserved,
                     const std::vector<std::string>& names, Context& context)
    : wall_clock_(wall_clock), last_sequence_(sequence_reserved), reserved_(sequence_reserved) {
    peer_.kind = identity::RecordKind::kPeer;
    peer_.key = identity::peer_key(context.crypto, context.own_peer());
    peer_.second.key = identity::second_home(context.crypto, peer_.key);
    for (const std::string& name : names) add_name(context, name);
}

Publisher::Own& Publisher::add_name(Context& context, std::string name) {
    Own own;
    own.kind = identity::RecordKind::kName;
    own.key = identity::name_key(context.crypto, name);
    own.second.key = identity::second_home(context.crypto, own.key);
    own.name = name;
    own.work_needed = identity::name_work_needed(name.size(), context.name_work_bits);
    own.problem = "not stored yet: not connected";
    return names_.insert_or_assign(std::move(name), std::move(own)).first->second;
}

void Publisher::answer(Context& context, CommandId command, const Key& key, Errc error) {
    Published published;
    published.error = error;
    published.key = key;
    context.events.push_back(PublishFinished{command, std::move(published)});
}

std::uint64_t Publisher::save_names(Context& context) {
    OwnNamesChanged changed{context.next_ticket++, {}};
    for (const auto& [name, own] : names_) changed.names.push_back(name);
    const std::uint64_t ticket = changed.ticket;
    context.events.push_back(std::move(changed));
    return ticket;
}

// --- sequence numbers
// -------------------------------------------------------------------------------

std::optional<std::uint64_t> Publisher::next_sequence(Instant now, Context& context) {
    const auto since_start =
        std::chrono::duration_cast<std::chrono::milliseconds>(now.time_since_epoch());
    const std::uint64_t clock = wall_clock_ + static_cast<std::uint64_t>(since_start.count());
    const std::uint64_t next = std::max(last_sequence_ + 1, clock);
    if (context.durable_acknowledgement && next > reserved_) {
        if (reserving_ticket_ == 0) {
            reserving_ticket_ = context.next_ticket++;
            reserving_up_to_ = next + kReserveAhead;
            context.events.push_back(ReserveSequence{reserving_ticket_, reserving_up_to_});
        }
        return std::nullopt;
    }
    last_sequence_ = next;
    return next;
}

void Publisher::handle_persisted(Instant now, Context& context, std::uint64_t ticket, bool ok) {
    if (ticket == reserving_ticket_ && ticket != 0) {
        reserving_ticket_ = 0;
        if (ok) reserved_ = reserving_up_to_;
        const Instant again = ok ? now : now + kFirstRetry;
        const auto wake = [&](Own& own) {
            if (own.record.empty() && own.query == kNoQuery && online_) own.next_at = again;
        };
        wake(peer_);
        for (auto& [name, own] : names_) wake(own);
        return;
    }
    for (auto& [name, own] : names_) {
        if (own.waits_for != ticket) continue;
        own.waits_for = 0;
        own.not_saved = !ok;
        const auto unsaved = unsaved_.find(ticket);
        if (unsaved == unsaved_.end()) return;
        Published published = std::move(unsaved->second);
        unsaved_.erase(unsaved);
        if (!ok) published.error = Errc::kBusy;
        if (own.command != kNoCommand)
            context.events.push_back(PublishFinished{own.command, std::move(published)});
        own.command = kNoCommand;
        return;
    }
}

// --- commands
// ---------------------------------------------------------------------------------------

void Publisher::claim(Instant now, Context& context, Queries& queries, CommandId command,
                      std::string_view typed) {
    const auto name = identity::fold_name(typed);
    if (!name) return answer(context, command, {}, name.error());
    const auto known = names_.find(*name);
    if (known == names_.end() && names_.size() >= context.limits.own_names_max) {
        return answer(context, command, {}, Errc::kOverQuota);
    }
    Own& own = known != names_.end() ? known->second : add_name(context, *name);
    if (own.command != kNoCommand) return answer(context, command, own.key, Errc::kBusy);
    if (!online_) {
        // Kept, and stored as soon as there is somebody to store it.
        save_names(context);
        return answer(context, command, own.key, Errc::kNoPeers);
    }
    own.command = command;
    const std::uint64_t ticket = save_names(context);
    own.not_saved = false;
    if (context.durable_acknowledgement) own.waits_for = ticket;
    own.next_at = now;
    if (own.query == kNoQuery) publish(now, context, queries, own);
}

void Publisher::release(Instant now, Context& context, Queries& queries, CommandId command,
                        std::string_view typed) {
    const auto name = identity::fold_name(typed);
    if (!name) return answer(context, command, {}, name.error());
    const auto known = names_.find(*name);
    if (known == names_.end()) return answer(context, command, {}, Errc::kNotFound);
    const auto sequence = next_sequence(now, context);
    if (!sequence || !online_)
        return answer(context, command, known->second.key, sequence ? Errc::kNoPeers : Errc::kBusy);
    QuerySpec spec;
    spec.goal = QuerySpec::Goal::kDelete;
    spec.target = known->second.key;
    spec.head = {identity::RecordKind::kName, true, context.own_peer(), *sequence,
                 context.limits.name_record_ttl};
    spec.record = identity::encode_tombstone(context.crypto, context.user_key, context.network,
                                             spec.target, spec.head);
    if (known->second.query != kNoQuery) queries.cancel(now, context, known->second.query);
    if (known->second.command != kNoCommand)
        answer(context, known->second.command, spec.target, Errc::kCancelled);
    const Key key = spec.target;
    if (known->second.second.query != kNoQuery)
        queries.cancel(now, context, known->second.second.query);
    if (!known->second.second.replicas.empty())
        delete_second(now, context, queries, known->second.second, spec.head);
    names_.erase(known);
    save_names(context);
    const QueryId query = queries.start(now, context, std::move(spec));
    if (query == kNoQuery) return answer(context, command, key, Errc::kBusy);
    running_.emplace(query, Running{command, key, *sequence, false, {}});
}

void Publisher::put(Instant now, Context& context, Queries& queries, CommandId command,
                    const Key& key, Bytes record) {
    const auto checked = identity::check_record(context.crypto, context.network, key, record);
    if (!checked) return answer(context, command, key, checked.error());
    QuerySpec spec;
    spec.goal = checked->head.tombstone ? QuerySpec::Goal::kDelete : QuerySpec::Goal::kStore;
    spec.target = key;
    spec.record = std::move(record);
    spec.head = checked->head;
    const QueryId query = queries.start(now, context, std::move(spec));
    if (query == kNoQuery) return answer(context, command, key, Errc::kBusy);
    running_.emplace(query, Running{command, key, checked->head.sequence, false, {}});
}

void Publisher::cancel(Instant now, Context& context, Queries& queries, CommandId command) {
    for (const auto& [query, running] : running_) {
        if (running.command == command) return queries.cancel(now, context, query);
    }
    for (auto& [name, own] : names_) {
        if (own.command != command) continue;
        // The claim itself goes on; only nobody waits for it any more.
        answer(context, command, own.key, Errc::kCancelled);
        own.command = kNoCommand;
        return;
    }
}

// --- publishing
// -------------------------------------------------------------------------------------

identity::PeerRecord Publisher::own_peer(const Context& context) const {
    identity::PeerRecord record;
    record.head = peer_.head;
    record.head.kind = identity::RecordKind::kPeer;
    record.head.owner = context.own_peer();
    record.head.ttl = context.limits.peer_record_ttl;
    record.nodes.push_back({context.node_key, addresses_});
    record.capabilities = serving_ ? identity::kCapabilityServes : 0;
    record.post_quantum = context.post_quantum;
    return record;
}

std::optional<Bytes> Publisher::sign_peer(Instant now, Context& context) {
    const auto sequence = next_sequence(now, context);
    if (!sequence) return std::nullopt;
    identity::PeerRecord record = own_peer(context);
    record.head.sequence = *sequence;
    note_issued(*sequence);
    return identity::encode_record(context.crypto, context.user_key, context.network, record);
}

// True when the stamp is found; a slice of the search otherwise.
bool Publisher::search_stamp(Context& context, Own& own) {
    for (std::uint64_t tries = 0; tries < kStampSlice; ++tries, ++own.stamp) {
        if (identity::name_work(context.crypto, context.own_peer(), own.key, own.stamp) <
            own.work_needed)
            continue;
        own.stamped = true;
        return true;
    }
    return false;
}

// False when it has to wait: for a stamp or for a sequence number. Then next_at or a ticket brings
// us back.
bool Publisher::sign(Instant now, Context& context, Own& own) {
    if (own.kind == identity::RecordKind::kName && !own.stamped && !search_stamp(context, own)) {
        own.next_at = now;
        return false;
    }
    const auto sequence = next_sequence(now, context);
    if (!sequence) {
        own.next_at = kNever;
        return false;
    }
    const bool is_peer = own.kind == identity::RecordKind::kPeer;
    own.head = {own.kind, false, context.own_peer(), *sequence,
                is_peer ? context.limits.peer_record_ttl : context.limits.name_record_ttl};
    if (is_peer) {
        note_issued(*sequence);
        own.record = identity::encode_record(context.crypto, context.user_key, context.network,
                                             own_peer(context));
    } else {
        own.record = identity::encode_record(
            context.crypto, context.user_key, context.network,
            identity::NameRecord{own.head, own.name, own.stamp, context.post_quantum});
    }
    if (context.post_quantum) context.newly_signed.emplace_back(own.key, own.record);
    own.signed_at = now;
    return true;
}

void Publisher::publish(Instant now, Context& context, Queries& queries, Own& own) {
    if (!own.record.empty() && now - own.signed_at > kSignAgain) own.record.clear();
    const bool fresh = own.record.empty();
    if (!fresh && own.command == kNoCommand && well_spread(now, context, own)) {
        own.next_at = now + refresh_after(context, own);
        return;
    }
    if (fresh && !sign(now, context, own)) return;
    QuerySpec spec;
    spec.goal = fresh ? QuerySpec::Goal::kStore : QuerySpec::Goal::kTouch;
    spec.target = own.key;
    spec.record = own.record;
    spec.head = own.head;
    // Without it nobody finds us; a name stays where it is.
    const bool peer = own.kind == identity::RecordKind::kPeer;
    spec.urgency = peer                        ? Urgency::kUrgent
                   : own.command != kNoCommand ? Urgency::kUsual
                                               : Urgency::kUpkeep;
    for (const Replica& replica : own.replicas) spec.holders.push_back(replica.contact.key);
    own.query = queries.start(now, context, std::move(spec));
    own.next_at = own.query == kNoQuery ? now + kFirstRetry : kNever;
}

Duration Publisher::usual_refresh(const Context& context, const Own& own) {
    return own.kind == identity::RecordKind::kPeer ? Duration(context.limits.peer_record_touch)
                                                   : Duration(context.limits.name_record_refresh);
}

// Stored recently, on as many nodes as it should be, in a network that has not grown since.
bool Publisher::well_spread(Instant now, const Context& context, const Own& own) {
    if (own.replicas.empty() || now - own.stored_at >= usual_refresh(context, own)) return false;
    const std::uint64_t size = context.network_size();
    const bool enough =
        own.replicas.size() >= context.limits.bucket_size || own.replicas.size() + 1 >= size;
    return enough && size <= own.network_size + own.network_size / 4;
}

// Young records are looked after more often: the network around a new node is often new itself, and
// nodes nearer to the key than those that hold it keep arriving.
Duration Publisher::refresh_after(const Context& context, Own& own) {
    const auto most =
        std::min<Duration>(context.limits.peer_record_touch, usual_refresh(context, own));
    own.look_again = std::min(std::max<Duration>(own.look_again * 2, kFirstLook), most);
    return own.look_again;
}

// --- the second home
// --------------------------------------------------------------------------------

void Publisher::publish_second(Instant now, Context& context, Queries& queries, Own& own) {
    own.second.next_at = kNever;
    // What is there already lives until its ttl ends; a first home that is in use again comes back
    // here by itself when the alarm does.
    if (own.record.empty() || !context.crowds.alarmed(own.key)) return;
    QuerySpec spec;
    spec.goal = own.second.sequence == own.head.sequence ? QuerySpec::Goal::kTouch
                                                         : QuerySpec::Goal::kStore;
    spec.target = own.second.key;
    spec.record = own.record;
    spec.head = own.head;
    spec.urgency = Urgency::kUpkeep;
    own.second.query = queries.start(now, context, std::move(spec));
    if (own.second.query == kNoQuery) own.second.next_at = now + kFirstRetry;
}

bool Publisher::on_second(Instant now, Context& context, const Queries::Finished& finished) {
    Own* own = peer_.second.query == finished.id ? &peer_ : nullptr;
    for (auto& [name, claimed] : names_) {
        if (claimed.second.query == finished.id) own = &claimed;
    }
    if (own == nullptr) return false;
    SecondHome& second = own->second;
    second.query = kNoQuery;
    if (finished.result.error) {
        second.next_at = now + kLastRetry;
        return true;
    }
    ++context.counters.second_homes_stored;
    second.replicas = finished.result.replicas;
    second.sequence = finished.spec.head.sequence;
    // Later ones come with the refreshes of the first home, which walk its region again.
    return true;
}

void Publisher::delete_second(Instant now, Context& context, Queries& queries,
                              const SecondHome& second, identity::RecordHead head) {
    QuerySpec spec;
    spec.goal = QuerySpec::Goal::kDelete;
    spec.target = second.key;
    spec.head = head;
    spec.record = identity::encode_tombstone(context.crypto, context.user_key, context.network,
                                             second.key, head);
    const QueryId query = queries.start(now, context, std::move(spec));
    // Nobody waits for it: the claim lapses there by itself, too.
    if (query != kNoQuery)
        running_.emplace(query, Running{kNoCommand, second.key, head.sequence, true, {}});
}

// Somebody's record that was put as it is, or a tombstone. Where the first home is crowded, the
// second one follows before the command is answered.
bool Publisher::on_raw(Instant now, Context& context, Queries& queries, Published published,
                       const Queries::Finished& finished) {
    const auto known = running_.find(finished.id);
    if (known == running_.end()) return false;
    Running running = std::move(known->second);
    running_.erase(known);
    const identity::RecordHead& head = finished.spec.head;
    const bool fits = head.kind == identity::RecordKind::kPeer ||
                      (head.kind == identity::RecordKind::kName && !head.tombstone);
    if (!running.second && fits && finished.result.crowded &&
        finished.result.error != Errc::kCancelled) {
        QuerySpec spec = finished.spec;
        spec.target = identity::second_home(context.crypto, finished.spec.target);
        const QueryId query = queries.start(now, context, std::move(spec));
        if (query != kNoQuery) {
            running.second = true;
            running.published = std::move(published);
            running_.emplace(query, std::move(running));
            return true;
        }
    }
    if (running.second && running.command != kNoCommand) {
        context.counters.second_homes_stored += published.error ? 0U : 1U;
        Published& first = running.published;
        first.stored = static_cast<std::uint16_t>(first.stored + published.stored);
        first.refused = static_cast<std::uint16_t>(first.refused + published.refused);
        add_report(first.lookup, published.lookup);
        if (!published.error) first.error.reset();
        published = std::move(first);
    }
    if (running.command != kNoCommand)
        context.events.push_back(PublishFinished{running.command, std::move(published)});
    return true;
}

void Publisher::finish_claim(Context& context, Own& own, const Published& published) {
    if (own.command == kNoCommand) return;
    if (own.waits_for != 0 && !published.error) {
        unsaved_.emplace(own.waits_for, published);
        return;
    }
    Published told = published;
    if (own.not_saved && !told.error) told.error = Errc::kBusy;
    context.events.push_back(PublishFinished{own.command, std::move(told)});
    own.command = kNoCommand;
}

bool Publisher::on_finished(Instant now, Context& context, Queries& queries,
                            const Queries::Finished& finished) {
    Published published;
    published.error = finished.result.error;
    published.key = finished.spec.target;
    published.sequence = finished.spec.head.sequence;
    published.stored = static_cast<std::uint16_t>(finished.result.replicas.size());
    published.refused = finished.result.refused;
    published.lookup = finished.result.report;
    if (on_raw(now, context, queries, published, finished)) return true;
    if (on_second(now, context, finished)) return true;
    Own* own = peer_.query == finished.id ? &peer_ : nullptr;
    for (auto& [name, claimed] : names_) {
        if (claimed.query == finished.id) own = &claimed;
    }
    if (own == nullptr) return false;
    own->query = kNoQuery;
    if (own == &peer_ && std::exchange(changed_meanwhile_, false)) {
        own->network_size = 0;
        own->retry = Duration{0};
        own->next_at = std::max(now + kSettle, own->record.empty() ? yield_until_ : now);
        return true;
    }
    if (published.error) {
        own->problem = "last try to store it: " + std::string(errc_name(*published.error));
        own->retry = std::clamp<Duration>(own->retry * 2, kFirstRetry, kLastRetry);
        own->next_at = now + own->retry;
    } else {
        own->problem.clear();
        own->retry = Duration{0};
        own->replicas = finished.result.replicas;
        own->stored_at = now;
        own->network_size = context.network_size();
        own->next_at = now + refresh_after(context, *own);
    }
    // A crowd may have swallowed all replicas, and then the store has failed for that reason.
    if (context.crowds.alarmed(own->key) && own->second.query == kNoQuery && !own->record.empty()) {
        own->second.next_at = now;
    }
    if (context.routine_events) {
        context.events.push_back(
            OwnRecordPublished{published.key, published.stored, published.error});
    }
    finish_claim(context, *own, published);
    if (own == &peer_) look_for_others(now, context, finished);
    // We were away for longer than it lives, and who held it takes a newer one only.
    if (finished.result.lapsed && now - own->signed_at > own->head.ttl) own->record.clear();
    // An address changed while the old record was being stored.
    if (own->record.empty()) own->next_at = own == &peer_ ? std::max(now, yield_until_) : now;
    return true;
}

void Publisher::go_online(Instant now) {
    if (online_) return;
    online_ = true;
    for (auto& [name, own] : names_) own.next_at = now;
    if (!addresses_.empty()) peer_.next_at = now;
}

void Publisher::set_addresses(Instant now, std::vector<Endpoint> addresses, bool serving) {
    if (addresses == addresses_ && serving == serving_) return;
    addresses_ = std::move(addresses);
    serving_ = serving;
    peer_.record.clear();
    if (online_ && peer_.query == kNoQuery) peer_.next_at = std::max(now + kSettle, yield_until_);
}

void Publisher::handle_network_change(Instant now, Context& context, Queries& queries) {
    if (!online_) return;
    peer_.retry = Duration{0};
    if (peer_.query != kNoQuery) {
        // It asks over sessions that may have ended, and from addresses that may be gone: in vain
        // for as long as its requests are repeated, 15 s after minutes of a flapping cable.
        changed_meanwhile_ = true;
        queries.cancel(now, context, peer_.query);
        return;
    }
    peer_.network_size = 0;  // whoever holds it may be out of reach now: spread it again
    peer_.next_at = std::max(now + kSettle, peer_.record.empty() ? yield_until_ : now);
}

void Publisher::handle_timeout(Instant now, Context& context, Queries& queries) {
    if (online_ && peer_.next_at <= now && peer_.query == kNoQuery)
        publish(now, context, queries, peer_);
    if (online_ && peer_.second.next_at <= now) publish_second(now, context, queries, peer_);
    for (auto& [name, own] : names_) {
        if (online_ && own.second.next_at <= now) publish_second(now, context, queries, own);
        if (online_ && own.next_at <= now && own.query == kNoQuery)
            publish(now, context, queries, own);
    }
}

Instant Publisher::next_timeout() const {
    Instant next = earliest(peer_.next_at, peer_.second.next_at);
    for (const auto& [name, own] : names_)
        next = earliest(next, earliest(own.next_at, own.second.next_at));
    return next;
}

void Publisher::withdraw(Instant now, Context& context) {
    if (peer_.replicas.empty()) return;
    const auto sequence = next_sequence(now, context);
    if (!sequence) return;
    const identity::RecordHead head{identity::RecordKind::kPeer, true, context.own_peer(),
                                    *sequence, context.limits.peer_record_ttl};
    const Bytes tombstone = identity::encode_tombstone(context.crypto, context.user_key,
                                                       context.network, peer_.key, head);
    const auto forget = [&](const Key& key, const std::vector<Replica>& replicas) {
        for (const Replica& replica : replicas) {
            context.ask(replica.contact, replica.family, wire::Kind::kDelete,
                        body_bytes(wire::Delete{key, replica.token, tombstone}),
                        make_tag(Asker::kWithdraw, 0));
            ++withdrawals_open_;
        }
    };
    forget(peer_.key, peer_.replicas);
    forget(peer_.second.key, peer_.second.replicas);
    peer_.next_at = peer_.second.next_at = kNever;
    online_ = false;
}

// --- views
// ------------------------------------------------------------------------------------------

Publisher::View Publisher::peer_record() const {
    return {{},
            peer_.key,
            static_cast<std::uint16_t>(peer_.replicas.size()),
            peer_.problem,
            peer_.stored_at};
}

std::vector<Publisher::View> Publisher::names() const {
    std::vector<View> views;
    for (const auto& [name, own] : names_) {
        views.push_back({name, own.key, static_cast<std::uint16_t>(own.replicas.size()),
                         own.problem, own.stored_at});
    }
    return views;
}

}  // namespace sov::dht
