#include <algorithm>

#include "daemon/core/dht/query.h"

// Where a query's lookups begin, and begin again when somebody seems to be hiding something.

namespace sov::dht {

namespace {

constexpr std::size_t kFarSeeds = 4;

}  // namespace

// The region counts for records only; whoever joins asks for nodes and doesn't know yet how many
// there are.
Lookup::Surroundings Query::surroundings(const Context& context, Family family) const {
    const RoutingTable& table = context.table(family);
    const std::uint64_t size = context.network_size(family);
    Lookup::Surroundings around{0, size >= context.limits.small_network,
                                std::min(spec_.places, context.limits.region_asked_max),
                                context.proximity.usual()};
    if (spec_.goal == QuerySpec::Goal::kNodes || table.size() < 2 * context.limits.bucket_size)
        return around;
    const auto region = (static_cast<unsigned __int128>(context.limits.bucket_size) << 64) / size;
    around.region = region > UINT64_MAX ? UINT64_MAX : static_cast<std::uint64_t>(region);
    return around;
}

// One family is enough when everybody near that the other one knows is reachable through it too.
void Query::seed(Context& context) {
    bool first_covers = false;
    for (const Family family : kFamilies) {
        if (!context.enabled(family)) continue;
        std::array<ContactHandle, 24> nearest;
        const RoutingTable& table = context.table(family);
        const auto seeds = std::span(nearest).first(context.limits.bucket_size);
        // Who looks around for the table begins with those that were sought, if there is one for
        // each path: whom only others name has to stay out while too many have come by themselves.
        const bool fills = spec_.goal == QuerySpec::Goal::kNodes;
        std::size_t found = fills ? table.closest(spec_.target, Instant{}, false, seeds, true) : 0;
        const bool sought = found >= context.limits.lookup_paths;
        // Nodes that were silent last time are asked only where too few others are known.
        if (!sought) found = table.closest(spec_.target, Instant{}, false, seeds);
        if (!sought && found < seeds.size())
            found = table.closest(spec_.target, Instant{}, true, seeds);
        if (found == 0) continue;
        const Family other = family == Family::kIpv4 ? Family::kIpv6 : Family::kIpv4;
        bool all_covered = first_covers;
        for (std::size_t at = 0; at < found && all_covered; ++at) {
            all_covered = context.table(other).contains(context.book.at(nearest[at]).contact.key);
        }
        if (all_covered && !spec_.both_families) continue;
        Lookup& lookup = lookups_.emplace_back(spec_.target, family, context.limits,
                                               surroundings(context, family));
        for (std::size_t at = 0; at < found; ++at) {
            const auto& entry = context.book.at(nearest[at]);
            lookup.add_seed(entry.contact, entry.id, table.came_by_itself(entry.contact.key),
                            context.proximity.reach(entry.contact.key));
        }
        // A few from elsewhere, so that a captured neighbourhood is not the only way in.
        seed_from_afar(context, lookup, kFarSeeds);
        first_covers = true;
    }
}

void Query::seed_from_afar(Context& context, Lookup& lookup, std::size_t count) {
    const RoutingTable& table = context.table(lookup.family());
    for (std::size_t at = 0; at < count; ++at) {
        Key random;
        for (std::uint8_t& byte : random.bytes)
            byte = static_cast<std::uint8_t>(context.rng.next());
        ContactHandle far{};
        if (table.closest(random, Instant{}, false, std::span(&far, 1)) == 0) continue;
        const auto& entry = context.book.at(far);
        const Lookup::Candidate* known = lookup.find(entry.id);
        if (known == nullptr || known->state == Lookup::Candidate::State::kFresh)
            lookup.add_seed(entry.contact, entry.id, table.came_by_itself(entry.contact.key),
                            context.proximity.reach(entry.contact.key));
    }
}

// Where somebody seems to be hiding something: in a crowd as many paths again start from elsewhere,
// and where paths disagree or too few nodes are to be seen, others branch off.
bool Query::widen(Context& context) {
    if (spec_.goal == QuerySpec::Goal::kNodes) return false;
    bool widened = false;
    for (Lookup& lookup : lookups_) {
        const bool before = lookup.widened();
        if (lookup.crowded() && lookup.widen()) {
            seed_from_afar(context, lookup, context.limits.bucket_size);
        } else if (!(lookup.paths_disagree() || lookup.sparse()) || !lookup.branch(context.rng)) {
            continue;
        }
        context.counters.lookups_widened += before ? 0U : 1U;
        widened = true;
    }
    return widened;
}

}  // namespace sov::dht
