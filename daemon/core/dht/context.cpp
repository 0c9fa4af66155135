#include "daemon/core/dht/context.h"

namespace sov::dht {

void Context::note_answer(Instant now, const NodeKey& key, const Endpoint& from, bool serves) {
    heard_anything = now;
    const ContactBook::Entry* known = book.find(key);
    RoutingTable& routes = table(from.family);
    if (!serves) {
        // A server that stopped serving leaves the table.
        if (known != nullptr && routes.remove(key) && routine_events) {
            events.push_back(NodeLost{identity::node_id(crypto, key), from});
        }
        return;
    }
    const NodeId id = known != nullptr ? known->id : identity::node_id(crypto, key);
    if (!routes.contains(key) && identity::key_work(crypto, key) < key_work_bits) {
        ++counters.drop_insufficient_work;
        return;
    }
    const bool capped = routes.estimate_network_size() >= limits.small_network;
    switch (routes.verified(now, key, id, from, capped)) {
        case RoutingTable::Admission::kAdded:
            ++counters.table_added;
            newly_proven.emplace_back(key, from);
            if (routine_events) events.push_back(NodeDiscovered{id, from});
            break;
        case RoutingTable::Admission::kSubnetFull: ++counters.contacts_refused_subnet; break;
        case RoutingTable::Admission::kRefreshed:
        case RoutingTable::Admission::kKeptAside: break;
    }
}

void Context::note_failure(Instant now, const NodeKey& key, Family family) {
    // When nobody at all answers, the fault is ours: nobody is blamed (the lesson of
    // savoirfairelinux/opendht#137), and the table is there when the network comes back.
    if (now - heard_anything > std::chrono::seconds(10)) return;
    const ContactBook::Entry* known = book.find(key);
    if (known == nullptr) return;
    const NodeId id = known->id;
    const Endpoint endpoint = known->contact.endpoint(family);
    if (!table(family).failed(key)) return;
    ++counters.table_removed;
    if (routine_events) events.push_back(NodeLost{id, endpoint});
}

}  // namespace sov::dht
