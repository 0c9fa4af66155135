#include "daemon/core/dht/context.h"

namespace sov::dht {

namespace {

/// Silence so soon after something that explains it is not held against anybody.
constexpr std::chrono::seconds kOwnFault{10};

}  // namespace

void Context::note_answer(Instant now, const NodeKey& key, const Endpoint& from, bool serves,
                          RoutingTable::Origin origin) {
    heard_anything = now;
    reputation.note(now, guard::subject_of(key), guard::Deed::kAnswered);
    if (shuns(now, key) || blocks.blocks(from)) return expel(key);
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
    // A network that is just forming knows nobody but those who come. A node that has a past, or
    // has been up for a while, doesn't depend on them.
    const bool young = now - started < limits.trial;
    routes.set_on_trial(has_past && young);
    if (young && !has_past) origin = RoutingTable::Origin::kSought;
    switch (routes.verified(now, key, id, from, capped, origin)) {
        case RoutingTable::Admission::kAdded:
            ++counters.table_added;
            newly_proven.emplace_back(key, from);
            if (routine_events) events.push_back(NodeDiscovered{id, from});
            break;
        case RoutingTable::Admission::kUninvited: ++counters.contacts_uninvited; break;
        case RoutingTable::Admission::kSubnetFull: ++counters.contacts_refused_subnet; break;
        case RoutingTable::Admission::kRefreshed:
        case RoutingTable::Admission::kKeptAside: break;
    }
}

void Context::note_deed(Instant now, const NodeKey& node, guard::Deed deed) {
    const auto standing = reputation.note(now, guard::subject_of(node), deed);
    if (standing == guard::Standing::kRefused) expel(node);
}

void Context::note_refused(Instant now, const NodeKey& node, Errc code) {
    ++counters.records_refused;
    if (code == Errc::kBadSignature || code == Errc::kWrongKey)
        note_deed(now, node, guard::Deed::kLied);
    else if (code == Errc::kMalformed)
        note_deed(now, node, guard::Deed::kMalformed);
}

void Context::expel(const NodeKey& node) {
    const ContactBook::Entry* known = book.find(node);
    if (known == nullptr) return;
    const NodeId id = known->id;
    const Contact contact = known->contact;
    for (const Family family : {Family::kIpv4, Family::kIpv6}) {
        if (!table(family).remove(node)) continue;
        ++counters.table_removed;
        if (routine_events) events.push_back(NodeLost{id, contact.endpoint(family)});
    }
}

void Context::note_failure(Instant now, const NodeKey& key, Family family, const Endpoint& silent) {
    // When nobody at all answers, the fault is ours: nobody is blamed (the lesson of
    // savoirfairelinux/opendht#137), and the table is there when the network comes back.
    if (now - heard_anything > kOwnFault) return;
    // What is lost while our network comes and goes takes entries out of the table, no more: after
    // minutes of it everybody would be refused for hours.
    if (!network_changed || now - *network_changed > kOwnFault)
        note_deed(now, key, guard::Deed::kSilent);
    if (silent.port != 0 && !table(family).contains(key))
        silent_addresses.note_silent(now, silent, key);
    const ContactBook::Entry* known = book.find(key);
    if (known == nullptr) return;
    const NodeId id = known->id;
    const Endpoint endpoint = known->contact.endpoint(family);
    if (!table(family).failed(key)) return;
    ++counters.table_removed;
    if (lost.size() >= limits.lost_max) lost.erase(lost.begin());
    if (limits.lost_max > 0) lost.push_back({Contact::of(key, endpoint), now});
    if (routine_events) events.push_back(NodeLost{id, endpoint});
}

}  // namespace sov::dht
