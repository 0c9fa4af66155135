#include "daemon/core/dht/query.h"

#include <algorithm>

#include "daemon/core/guard/diversity.h"
#include "daemon/core/wire/provider_messages.h"

namespace sov::dht {

namespace {

/// Half of k: when every second replica shows something old, all of these do once in a thousand.
constexpr std::uint16_t kReplicasSeen = 10;
/// Different hand-overs at one place that are kept; more than one says that a key was stolen.
constexpr std::ptrdiff_t kHandOversSeen = 4;
/// Marks a step that asks a node for the rest of its records.
constexpr std::uint16_t kFollowUp = UINT16_MAX;

}  // namespace

Lookup* Query::lookup_of(Family family) {
    for (Lookup& lookup : lookups_) {
        if (lookup.family() == family) return &lookup;
    }
    return nullptr;
}

void Query::begin(Instant now, Context& context) {
    ++context.counters.lookups_started;
    result_.report.target = spec_.target;
    for (const Family family : kFamilies) context.table(family).note_bucket_used(now, spec_.target);
    if (reads()) take_own(now, context);
    seed(context);
    pump(now, context);
}

void Query::send(Instant now, Context& context, Asked asked, Bytes body) {
    asked.step.node = asked.node;
    asked.step.endpoint = asked.contact.endpoint(asked.family);
    asked.step.asked_after = now - began_;
    asked.step.outcome = Outcome::kWaiting;
    asked.step.shared_bits =
        static_cast<std::int16_t>(common_prefix_bits(asked.node, spec_.target));
    const std::uint64_t tag =
        make_tag(Asker::kQuery, (static_cast<std::uint64_t>(id_) << 24) | asked_.size());
    context.ask(asked.contact, asked.family, asked.kind, std::move(body), tag, spec_.urgency);
    context.requests.back().once = context.silent_addresses.suspected(now, asked.step.endpoint) &&
                                   !context.table(asked.family).contains(asked.contact.key);
    ++result_.report.asked;
    asked_.push_back(std::move(asked));
}

// Contacts of both families are welcome; a lookup uses its own.
std::uint8_t Query::want(const Context& context) const {
    return static_cast<std::uint8_t>(wire::kWantIpv4 | wire::kWantIpv6 |
                                     (wants_tokens() ? wire::kWantToken : 0) |
                                     (asks_for_records() ? want_newer() : 0) |
                                     (context.limits.proximity_max > 0 ? wire::kWantPlaces : 0));
}

void Query::ask(Instant now, Context& context, Lookup& lookup, const Lookup::Candidate& candidate) {
    Asked asked;
    asked.node = candidate.id;
    asked.contact = candidate.contact;
    asked.family = lookup.family();
    const bool samples = spec_.goal == QuerySpec::Goal::kProviders;
    asked.kind = samples              ? wire::Kind::kFindProviders
                 : asks_for_records() ? wire::Kind::kGet
                                      : wire::Kind::kFindNode;
    const bool around = spec_.goal == QuerySpec::Goal::kRegion && lookup.past_nearest(candidate);
    asked.target = around ? place_around(candidate.id) : spec_.target;
    asked.step.path = candidate.path;
    asked.step.hop = candidate.hop;
    const std::uint8_t want = this->want(context);
    Bytes body = samples ? body_bytes(wire::FindProviders{spec_.target, want, kSampleMost})
                 : asks_for_records() ? body_bytes(wire::Get{spec_.target, want, 0, since()})
                                      : body_bytes(wire::FindNode{asked.target, want});
    send(now, context, std::move(asked), std::move(body));
}

void Query::pump(Instant now, Context& context) {
    if (finished_) return;
    if (storing_) {
        if (stores_done()) finish(now, context, std::nullopt);
        return;
    }
    if (reads() && satisfied()) return finish(now, context, std::nullopt);
    bool all_done = true;
    do {
        all_done = true;
        for (Lookup& lookup : lookups_) {
            while (const Lookup::Candidate* candidate = lookup.next_ask())
                ask(now, context, lookup, *candidate);
            all_done = all_done && lookup.done();
        }
    } while (all_done && more_in_flight_ == 0 && widen(context));
    if (!all_done || more_in_flight_ > 0) return;
    result_.walked = !lookups_.empty();
    if (stores()) return begin_stores(now, context);
    const bool nobody = lookups_.empty() && result_.records.empty();
    const bool silence =
        result_.report.answered == 0 && result_.records.empty() && !lookups_.empty();
    finish(now, context,
           nobody    ? std::optional(Errc::kNoPeers)
           : silence ? std::optional(Errc::kTimedOut)
                     : std::nullopt);
}

bool Query::satisfied() const {
    // Two records under one sequence: every replica is looked at, so that all of them get one.
    if (result_.equivocation && spec_.goal == QuerySpec::Goal::kAgreed) return false;
    if (spec_.goal == QuerySpec::Goal::kFirstRecord) {
        if (result_.unchanged > 0) return true;
        return std::any_of(result_.records.begin(), result_.records.end(), [](const auto& found) {
            return !found.held_here && !found.record.head.tombstone;
        });
    }
    if (spec_.goal == QuerySpec::Goal::kAgreed) {
        return with_records_ >= kReplicasSeen && more_in_flight_ == 0 &&
               (result_.unchanged >= kReplicasEnough ||
                std::any_of(result_.records.begin(), result_.records.end(),
                            [](const auto& found) { return found.replicas >= kReplicasEnough; }));
    }
    return spec_.goal == QuerySpec::Goal::kAllRecords && with_records_ >= kReplicasEnough &&
           more_in_flight_ == 0;
}

bool Query::uninvited(std::uint32_t sequence) const {
    if (sequence >= asked_.size()) return false;
    const Asked& asked = asked_[sequence];
    for (const Lookup& lookup : lookups_) {
        if (lookup.family() != asked.family) continue;
        const Lookup::Candidate* candidate = lookup.find(asked.node);
        return candidate != nullptr && candidate->uninvited;
    }
    return false;
}

// --- answers
// ---------------------------------------------------------------------------------------

void Query::on_answer(Instant now, Context& context, std::uint32_t sequence,
                      const wire::Answer& answer) {
    if (finished_ || sequence >= asked_.size() || asked_[sequence].over) return;
    Asked& asked = asked_[sequence];
    asked.over = true;
    asked.step.round_trip = answer.round_trip;
    ++result_.report.answered;
    context.silent_addresses.note_answer(answer.from);
    if (answer.kind == wire::Kind::kError) {
        if (asked.step.contacts == kFollowUp) --more_in_flight_;
        ByteReader reader(answer.body);
        asked.step.outcome = Outcome::kRefused;
        asked.step.error = static_cast<Errc>(wire::read_byte(reader).value_or(0));
        if (Lookup* lookup = lookup_of(asked.family); lookup != nullptr && !storing_)
            lookup->on_refused(asked.node);
        if (storing_) on_stored(now, context, asked, answer);
    } else if (storing_) {
        on_stored(now, context, asked, answer);
    } else if (answer.kind == wire::Kind::kNodes) {
        on_nodes(now, context, asked, answer);
    } else {
        on_value(now, context, asked, answer);
    }
    pump(now, context);
}

void Query::learn(Instant now, Context& context, Asked& asked, const Endpoint& teller,
                  const std::vector<Contact>& contacts, const wire::Places& places, bool full) {
    if (places.own) context.proximity.note_told(now, context.rng, asked.contact.key, *places.own);
    std::vector<Lookup::Learned> learned;
    learned.reserve(contacts.size());
    for (std::size_t at = 0; at < contacts.size(); ++at) {
        Contact contact = contacts[at];
        for (const Family family : kFamilies) {
            if (contact.has(family) && !guard::may_believe(teller, contact.endpoint(family))) {
                contact.clear(family);
                ++context.counters.contacts_refused_bogon;
            }
        }
        if (contact.key == context.node_key) continue;
        if (context.shuns(now, contact.key) ||
            context.blocks.blocks(contact.endpoint(asked.family))) {
            ++context.counters.contacts_shunned;
            continue;
        }
        const Endpoint& there = contact.endpoint(asked.family);
        if (there.port != 0 && context.silent_addresses.avoided(now, there, contact.key) &&
            !context.table(asked.family).contains(contact.key)) {
            ++context.counters.contacts_avoided;
            continue;
        }
        const ContactBook::Entry* known = context.book.find(contact.key);
        const auto there_told = places.theirs.empty() ? RoughCoordinate() : places.theirs[at];
        learned.push_back(
            {contact, known != nullptr ? known->id : identity::node_id(context.crypto, contact.key),
             context.proximity.reach(contact.key, there_told)});
    }
    asked.step.contacts = static_cast<std::uint16_t>(learned.size());
    if (Lookup* lookup = lookup_of(asked.family)) lookup->on_answer(asked.node, learned, full);
}

void Query::on_nodes(Instant now, Context& context, Asked& asked, const wire::Answer& answer) {
    ByteReader reader(answer.body);
    const auto nodes = wire::read_nodes(reader, want(context));
    if (!nodes) {
        context.note_deed(now, asked.contact.key, guard::Deed::kMalformed);
        ++context.counters.drop_malformed;
        asked.step.outcome = Outcome::kRefused;
        asked.step.error = Errc::kMalformed;
        if (Lookup* lookup = lookup_of(asked.family)) lookup->on_refused(asked.node);
        return;
    }
    asked.step.outcome = Outcome::kContacts;
    if (nodes->token) tokens_.push_back({asked.contact, asked.family, *nodes->token, asked.target});
    learn(now, context, asked, answer.from, nodes->contacts, nodes->places, nodes->full);
}

void Query::on_value(Instant now, Context& context, Asked& asked, const wire::Answer& answer) {
    const bool follow_up = asked.step.contacts == kFollowUp;
    if (follow_up) --more_in_flight_;
    ByteReader reader(answer.body);
    const auto value = wire::read_value(reader, follow_up ? want_newer() : want(context));
    if (!value) {
        context.note_deed(now, asked.contact.key, guard::Deed::kMalformed);
        ++context.counters.drop_malformed;
        asked.step.outcome = Outcome::kRefused;
        asked.step.error = Errc::kMalformed;
        if (Lookup* lookup = lookup_of(asked.family)) lookup->on_refused(asked.node);
        return;
    }
    if (value->token) tokens_.push_back({asked.contact, asked.family, *value->token});
    bool any = false;
    for (const ByteView record : value->records)
        any = take_record(now, context, record, &asked) || any;
    shown_more_ = shown_more_ || any;
    result_.sampled = result_.sampled || (any && value->total > value->records.size());
    const bool unchanged = value->known.value_or(0) > 0;
    asked.step.outcome = any || unchanged ? Outcome::kRecord : Outcome::kContacts;
    if ((any || unchanged) && !follow_up) ++with_records_;
    if (unchanged && !follow_up) ++result_.unchanged;
    if (!follow_up)
        learn(now, context, asked, answer.from, value->contacts, value->places,
              value->full && !any);
    // A key with more records than fit one datagram: the same node is asked for the rest, once.
    if (any && !follow_up && value->total > value->records.size() &&
        spec_.goal != QuerySpec::Goal::kFirstRecord && spec_.goal != QuerySpec::Goal::kProviders) {
        Asked more = asked;
        more.over = false;
        more.step.outcome = Outcome::kWaiting;
        more.step.contacts = kFollowUp;
        const auto skip = static_cast<std::uint8_t>(value->records.size());
        ++more_in_flight_;
        send(now, context, std::move(more),
             body_bytes(wire::Get{spec_.target, want_newer(), skip, since()}));
    }
}

const Replica* Query::token_of(const NodeKey& node, Family family) const {
    const auto token = std::find_if(tokens_.begin(), tokens_.end(), [&](const Replica& replica) {
        return replica.contact.key == node && replica.family == family;
    });
    return token == tokens_.end() ? nullptr : &*token;
}

// Checks a record and keeps it when it is new or newer. True when it is valid and fits. `from` is
// null for what we hold ourselves.
bool Query::take_record(Instant now, Context& context, ByteView bytes, const Asked* from) {
    for (QueryResult::Record& known : result_.records) {
        if (!std::equal(bytes.begin(), bytes.end(), known.record.bytes.begin(),
                        known.record.bytes.end())) {
            continue;
        }
        note_shown(known, from);
        return true;
    }
    auto checked = identity::check_record(context.crypto, context.network, spec_.target, bytes);
    if (!checked) {
        ++context.counters.records_refused;
        // A record that does not fit its place or is not signed by its owner is nobody's mistake.
        if (from != nullptr) context.note_deed(now, from->contact.key, guard::Deed::kLied);
        return false;
    }
    if (context.blocks.blocks(checked->head.owner)) return false;
    if (spec_.owner && checked->head.owner != *spec_.owner) return false;
    const bool offer = checked->head.kind == identity::RecordKind::kProvider;
    if (offer != (spec_.goal == QuerySpec::Goal::kProviders)) return false;
    if (offer && checked->head.tombstone) return false;
    QueryResult::Record shown;
    shown.record = std::move(*checked);
    shown.held_here = from == nullptr;
    note_shown(shown, from);
    const identity::RecordHead& head = shown.record.head;
    for (QueryResult::Record& known : result_.records) {
        const identity::RecordHead& had = known.record.head;
        if (had.owner != head.owner || had.kind != head.kind) continue;
        // Whoever reads weighs them against each other.
        if (head.kind == identity::RecordKind::kHandOver) continue;
        if (head.kind == identity::RecordKind::kImmutable) {
            // The same value with another ttl.
            note_shown(known, from);
            return true;
        }
        const bool same_sequence = head.sequence == had.sequence;
        result_.equivocation = result_.equivocation || same_sequence;
        // Of two under one sequence everybody takes the same one, the smaller.
        if (head.sequence > had.sequence ||
            (same_sequence && shown.record.bytes < known.record.bytes)) {
            std::swap(known, shown);
        }
        // Nodes that hold another version of an offer show all the same who provides.
        if (offer)
            known.holders.insert(known.holders.end(), shown.holders.begin(), shown.holders.end());
        return true;
    }
    const auto hand_overs = std::count_if(
        result_.records.begin(), result_.records.end(), [](const QueryResult::Record& known) {
            return known.record.head.kind == identity::RecordKind::kHandOver;
        });
    if (hand_overs >= kHandOversSeen && head.kind == identity::RecordKind::kHandOver) return true;
    result_.records.push_back(std::move(shown));
    return true;
}

void Query::on_notice(Instant now, Context& context, std::uint32_t sequence,
                      wire::Notice::What what) {
    if (finished_ || sequence >= asked_.size() || asked_[sequence].over) return;
    Asked& asked = asked_[sequence];
    asked.silent = true;
    if (what != wire::Notice::What::kSlow) {
        asked.step.outcome =
            what == wire::Notice::What::kUnreachable ? Outcome::kUnreachable : Outcome::kTimeout;
    }
    const bool failed = what == wire::Notice::What::kFailed;
    if (failed) {
        asked.over = true;
        ++result_.report.timed_out;
        if (asked.step.contacts == kFollowUp) --more_in_flight_;
    }
    if (Lookup* lookup = lookup_of(asked.family); lookup != nullptr && !storing_) {
        if (failed)
            lookup->on_failed(asked.node);
        else
            lookup->on_slow(asked.node);
    }
    pump(now, context);
}

void Query::give_up(Instant now, Context& context, std::optional<Errc> error) {
    if (!finished_) finish(now, context, error);
}

void Query::finish(Instant now, Context& context, std::optional<Errc> error) {
    finished_ = true;
    result_.error = error;
    result_.report.took = now - began_;
    for (const Lookup& lookup : lookups_) {
        result_.report.hops = std::max(result_.report.hops, lookup.hops());
        result_.crowded = result_.crowded || lookup.crowded();
        if (spec_.goal == QuerySpec::Goal::kRegion) {
            conclude_region(context, lookup);
            continue;
        }
        const auto nearest = lookup.homes();
        for (const Lookup::Candidate* candidate : nearest) {
            result_.closest.push_back(candidate->contact);
            if (stores() || !wants_tokens()) continue;
            const Replica* token = token_of(candidate->contact.key, lookup.family());
            if (token != nullptr) result_.replicas.push_back(*token);
        }
        if (!stores() && wants_tokens()) {
            for (const Lookup::Candidate* candidate : lookup.spares(nearest)) {
                const Replica* token = token_of(candidate->contact.key, lookup.family());
                if (token != nullptr) result_.spares.push_back(*token);
            }
        }
        if (&lookup == &lookups_.front()) result_.near_enough = near_enough(context, nearest);
    }
    if (result_.crowded) ++context.counters.lookups_crowded;
    if (result_.walked) {
        const auto nearest = lookups_.front().answered(context.limits.bucket_size);
        if (nearest.size() == context.limits.bucket_size)
            result_.kth_distance = nearest.back()->distance.prefix();
        result_.family = lookups_.front().family();
    }
    if (lookups_.empty()) result_.near_enough = context.serving;
    if (spec_.goal == QuerySpec::Goal::kProviders && !lookups_.empty())
        count_shown_at_home(context);
    result_.report.trace.reserve(asked_.size());
    for (Asked& asked : asked_) {
        if (asked.step.contacts == kFollowUp) asked.step.contacts = 0;
        result_.report.trace.push_back(asked.step);
    }
    if (!error && stores() && result_.replicas.empty() && !(context.serving && lookups_.empty())) {
        result_.error = lookups_.empty()      ? Errc::kNoPeers
                        : result_.conflict    ? Errc::kConflict
                        : result_.refused > 0 ? Errc::kBusy
                                              : Errc::kTimedOut;
    }
    ++(result_.error ? context.counters.lookups_failed : context.counters.lookups_succeeded);
}

}  // namespace sov::dht
