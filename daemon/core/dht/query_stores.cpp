#include <algorithm>
#include <iterator>

#include "daemon/core/dht/query.h"

// The part of a query that hands a record to the nodes nearest to its key.

namespace sov::dht {

bool Query::near_enough(const Context& context,
                        const std::vector<const Lookup::Candidate*>& nearest) const {
    return context.serving &&
           (nearest.size() < std::max(context.limits.bucket_size, spec_.places) ||
            closer(spec_.target, context.node_id, nearest.back()->id));
}

// We are a replica too when we serve and stand among the k nearest.
void Query::store_here(Instant now, Context& context,
                       const std::vector<const Lookup::Candidate*>& nearest) {
    if (!near_enough(context, nearest)) return;
    Endpoint here;
    here.port = 1;
    here.address[0] = 127;
    if (spec_.goal == QuerySpec::Goal::kTouch &&
        context.store.touch(now, spec_.target, spec_.head.owner, spec_.head.kind,
                            spec_.head.sequence)) {
        ++result_.report.answered;
        return;
    }
    identity::CheckedRecord record{spec_.head, spec_.target, spec_.record};
    const auto stored = context.store.put(now, std::move(record), here, 256);
    if (stored && stored->changed) context.changed_keys.push_back(spec_.target);
}

std::vector<Replica> Query::places_so_far(std::size_t most) const {
    std::vector<Replica> places;
    if (finished_) return places;
    std::copy_if(
        tokens_.begin(), tokens_.end(), std::back_inserter(places), [&](const Replica& replica) {
            return std::any_of(lookups_.begin(), lookups_.end(), [&](const Lookup& lookup) {
                return lookup.family() == replica.family &&
                       lookup.is_near(replica.contact.key, most);
            });
        });
    return places;
}

void Query::begin_stores(Instant now, Context& context) {
    storing_ = true;
    const wire::Kind kind = spec_.goal == QuerySpec::Goal::kStore   ? wire::Kind::kStore
                            : spec_.goal == QuerySpec::Goal::kTouch ? wire::Kind::kTouch
                                                                    : wire::Kind::kDelete;
    for (Lookup& lookup : lookups_) {
        auto nearest = lookup.homes();
        if (&lookup == &lookups_.front()) store_here(now, context, nearest);
        // Whoever broke its word keeps nothing for us; the next one does.
        const auto doubted = [&](const Lookup::Candidate* candidate) {
            return context.reputation.standing(now, guard::subject_of(candidate->contact.key)) !=
                   guard::Standing::kGood;
        };
        const auto bad = std::count_if(nearest.begin(), nearest.end(), doubted);
        if (bad > 0) {
            nearest = lookup.answered(nearest.size() + static_cast<std::size_t>(bad));
            std::erase_if(nearest, doubted);
        }
        for (const Lookup::Candidate* candidate : nearest) {
            const Replica* token = token_of(candidate->contact.key, lookup.family());
            if (token == nullptr) continue;
            if (kind == wire::Kind::kTouch && audit(now, context, *token))
                send_store(now, context, *token, wire::Kind::kStore);
            else
                send_store(now, context, *token, kind);
        }
        for (const Lookup::Candidate* candidate : lookup.spares(nearest)) {
            const Replica* token = token_of(candidate->contact.key, lookup.family());
            if (token != nullptr && !doubted(candidate)) result_.spares.push_back(*token);
        }
    }
    pump(now, context);
}

// A replica that took the record and does not show it to whoever reads: true, and that is held
// against it. It gets the record again, if it still may.
bool Query::audit(Instant now, Context& context, const Replica& replica) {
    const bool promised = std::find(spec_.holders.begin(), spec_.holders.end(),
                                    replica.contact.key) != spec_.holders.end();
    const bool shows = std::any_of(
        result_.records.begin(), result_.records.end(), [&](const QueryResult::Record& record) {
            return record.record.head.owner == spec_.head.owner &&
                   std::any_of(record.holders.begin(), record.holders.end(),
                               [&](const Replica& holder) {
                                   return holder.contact.key == replica.contact.key;
                               });
        });
    if (!promised || shows) return false;
    ++context.counters.replicas_denied;
    context.note_deed(now, replica.contact.key, guard::Deed::kDenied);
    return true;
}

void Query::send_store(Instant now, Context& context, const Replica& replica, wire::Kind kind) {
    Asked asked;
    asked.node = identity::node_id(context.crypto, replica.contact.key);
    asked.contact = replica.contact;
    asked.family = replica.family;
    asked.kind = kind;
    Bytes body;
    if (kind == wire::Kind::kTouch) {
        const Signature signature = identity::sign_touch(
            context.crypto, context.user_key, context.network, replica.contact.key, spec_.target,
            spec_.head.kind, spec_.head.sequence, replica.token.view());
        body = body_bytes(wire::Touch{spec_.target, replica.token, spec_.head.owner,
                                      spec_.head.kind, spec_.head.sequence, signature});
    } else {
        body = body_bytes(wire::Store{spec_.target, replica.token, spec_.record});
    }
    send(now, context, std::move(asked), std::move(body));
}

void Query::on_stored(Instant now, Context& context, Asked& asked, const wire::Answer& answer) {
    const Replica* token = token_of(asked.contact.key, asked.family);
    if (token == nullptr) return;
    const Replica replica = *token;
    if (answer.kind == wire::Kind::kStored) {
        asked.step.outcome = Outcome::kStored;
        result_.replicas.push_back(replica);
        return;
    }
    // A node that does not have the record can't extend its life: it gets the record.
    if (asked.kind == wire::Kind::kTouch)
        return send_store(now, context, replica, wire::Kind::kStore);
    ++result_.refused;
    result_.conflict = result_.conflict || asked.step.error == Errc::kConflict;
    result_.lapsed = result_.lapsed || asked.step.error == Errc::kExpired;
    result_.stale = result_.stale || asked.step.error == Errc::kStale;
    if (asked.step.error != Errc::kBusy || asked.kind != wire::Kind::kStore) return;
    // It has no room: the next nearest keeps the record in its place.
    const auto spare =
        std::find_if(result_.spares.begin(), result_.spares.end(),
                     [&](const Replica& other) { return other.family == replica.family; });
    if (spare == result_.spares.end()) return;
    const Replica next = *spare;
    result_.spares.erase(spare);
    ++context.counters.stores_spilled;
    send_store(now, context, next, wire::Kind::kStore);
}

bool Query::stores_done() const {
    std::size_t open = 0, silent = 0;
    for (const Asked& asked : asked_) {
        const bool store = asked.kind == wire::Kind::kStore || asked.kind == wire::Kind::kTouch ||
                           asked.kind == wire::Kind::kDelete;
        if (!store || asked.over) continue;
        ++(asked.silent ? silent : open);
    }
    return open == 0 && silent <= 3 * result_.replicas.size();
}

}  // namespace sov::dht
