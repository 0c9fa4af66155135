#include <algorithm>
#include <utility>

#include "daemon/core/dht/query.h"

// What lookups make of records that they are shown, and conclude about offers: who shows them at
// home, and how far a region was seen.

namespace sov::dht {

// Asked for the target, all nodes near it would name the same ones. So who lies past the k nearest
// is asked for its own id, since it knows everybody around itself; or, every other one, for the
// place opposite in the region twice as large, since that is how the rest of it is heard of.
Key Query::place_around(const NodeId& node) const {
    Key place = node;
    const int shared = common_prefix_bits(node, spec_.target);
    if ((node.bytes.back() & 1U) == 0 || shared == 0) return place;
    const auto bit = static_cast<std::size_t>(shared - 1);
    place.bytes[bit / 8] ^= static_cast<std::uint8_t>(0x80U >> (bit % 8));
    return place;
}

// Offers may be put onto nodes that readers pass on their way; only what is shown where the
// offers belong counts.
void Query::count_shown_at_home(const Context& context) {
    for (QueryResult::Record& record : result_.records) record.replicas = 0;
    for (const Lookup& lookup : lookups_) {
        const auto homes = lookup.homes();
        const bool here = &lookup == &lookups_.front() && near_enough(context, homes);
        for (QueryResult::Record& record : result_.records) {
            const auto shown = std::count_if(
                record.holders.begin(), record.holders.end(), [&](const Replica& holder) {
                    return std::any_of(homes.begin(), homes.end(), [&](const auto* candidate) {
                        return candidate->contact.key == holder.contact.key;
                    });
                });
            record.replicas = static_cast<std::uint16_t>(record.replicas + shown +
                                                         (here && record.held_here ? 1 : 0));
        }
    }
    std::erase_if(result_.records,
                  [](const QueryResult::Record& record) { return record.replicas == 0; });
}

// Whoever is not among the k nearest of all that were named is passed on the way, though nobody
// nearer has answered yet.
std::vector<QueryResult::Record> Query::confirmed() {
    std::vector<QueryResult::Record> confirmed;
    if (finished_ || !std::exchange(shown_more_, false)) return confirmed;
    for (const QueryResult::Record& record : result_.records) {
        const auto shown =
            std::count_if(record.holders.begin(), record.holders.end(), [&](const Replica& holder) {
                const Lookup* lookup = lookup_of(holder.family);
                return lookup != nullptr && lookup->is_near(holder.contact.key);
            });
        if (shown < kReplicasEnough) continue;
        confirmed.push_back(record);
        confirmed.back().replicas = static_cast<std::uint16_t>(shown);
    }
    return confirmed;
}

// Whoever shares more bits with the target than the farthest of the k nearest does is one of them:
// so far all nodes are known. Beyond, up to the farthest of the nodes that were wanted, half a
// region counts as known when it has at least half as many nodes as the other half: there are as
// many on average, and where they are fewer nobody has named the rest. Who has heard from fewer
// than k nodes has seen a small network whole, and of a large one nothing but the target.
int Query::bits_seen(const Context& context, const Lookup& lookup) const {
    constexpr int kTargetAlone = static_cast<int>(Key::kSize) * 8;
    const std::size_t wanted = std::max(spec_.places, context.limits.bucket_size);
    const auto nearest = lookup.answered(wanted);
    const bool small = context.network_size(lookup.family()) <= 2 * wanted;
    if (nearest.size() < context.limits.bucket_size) return small ? 0 : kTargetAlone;
    const auto shared = [&](const Lookup::Candidate* node) {
        return common_prefix_bits(node->id, spec_.target);
    };
    int bits = shared(nearest[context.limits.bucket_size - 1]) + 1;
    const int fewest = nearest.size() == wanted ? shared(nearest.back()) + 1 : small ? 0 : bits;
    for (; bits > fewest; --bits) {
        const auto half = std::count_if(nearest.begin(), nearest.end(),
                                        [&](const auto* node) { return shared(node) >= bits; });
        const auto other = std::count_if(nearest.begin(), nearest.end(), [&](const auto* node) {
            return shared(node) == bits - 1;
        });
        if (2 * other < half) break;
    }
    return bits;
}

void Query::conclude_region(const Context& context, const Lookup& lookup) {
    result_.region_bits = std::max(result_.region_bits, bits_seen(context, lookup));
    for (const Replica& replica : tokens_) {
        const bool known =
            std::any_of(result_.replicas.begin(), result_.replicas.end(),
                        [&](const Replica& k) { return k.contact.key == replica.contact.key; });
        if (!known) result_.replicas.push_back(replica);
    }
}

void Query::take_own(Instant now, Context& context) {
    if (spec_.goal == QuerySpec::Goal::kProviders) {
        if (!context.has_offers()) return;
        for (const Bytes* offer :
             context.offers().sample(now, context.rng, spec_.target, kSampleMost))
            take_record(now, context, *offer, nullptr);
        return;
    }
    for (const ValueStore::Held* held : context.store.at(now, spec_.target))
        take_record(now, context, held->record(), nullptr);
}

void Query::note_shown(QueryResult::Record& record, const Asked* from) {
    if (from == nullptr || record.last_replica == from->node) return;
    ++record.replicas;
    record.last_replica = from->node;
    record.held_here = false;
    const identity::RecordKind kind = record.record.head.kind;
    if (!identity::is_value(kind) && kind != identity::RecordKind::kProvider &&
        spec_.goal != QuerySpec::Goal::kTouch)
        return;
    const Replica* token = token_of(from->contact.key, from->family);
    record.holders.push_back(
        {from->contact, from->family, token == nullptr ? wire::Token{} : token->token});
}

}  // namespace sov::dht
