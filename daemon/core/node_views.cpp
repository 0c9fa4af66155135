#include <algorithm>
#include <map>

#include "daemon/core/node.h"
#include "daemon/core/node_parts.h"

// Copies of a node's state for people and tools.

namespace sov {

NodeStatus Node::status(Instant now) const {
    const dht::Context& context = parts_->dht.context();
    NodeStatus status;
    status.state = static_cast<DiscoveryState>(parts_->coordinator.progress());
    status.serving = context.serving;
    for (const Family family : dht::kFamilies) {
        FamilyStatus& shown = family == Family::kIpv4 ? status.v4 : status.v6;
        const auto& probe = parts_->dht.reachability().state(family);
        shown.enabled = context.enabled(family);
        shown.observed = probe.observed;
        shown.reachability = probe.verdict;
        shown.reachability_reason = probe.reason;
        shown.dialbacks = probe.dialbacks;
        shown.table_nodes = context.table(family).size();
        shown.table_fresh = context.table(family).fresh(context.fresh_since(now));
    }
    status.network_size = parts_->dht.table_size() == 0 ? 0 : context.network_size();
    status.sessions = parts_->sessions.slots().confirmed();
    status.half_open = parts_->sessions.slots().half_open();
    status.records = context.store.size();
    status.record_bytes = context.store.bytes();
    status.lookups_running = parts_->dht.lookups_running();
    status.lookup_p50 = parts_->dht.lookup_p50();
    const auto own = parts_->dht.publisher().peer_record();
    status.own_record_replicas = own.replicas;
    status.has_post_quantum = context.crypto.has_post_quantum();
    status.signs_post_quantum = context.post_quantum.has_value();
    status.own_part_replicas = parts_->dht.part_replicas();
    status.own_record_age = own.replicas == 0 ? Duration{0} : now - own.stored_at;
    status.coordinate = context.proximity.own();
    status.round_trips_known = context.proximity.size();
    status.surround = parts_->eclipse.last();
    status.eclipse_suspected = parts_->eclipse.alarmed();
    status.eclipse_signs = parts_->eclipse.signs();
    status.crowded_regions = context.crowds.size();
    status.flows = parts_->shaper.bounded() ? parts_->shaper.flows(now) : 0;
    status.contacts_known = parts_->surroundings.book.size();
    const auto elsewhere = parts_->dht.publisher().elsewhere(now);
    status.elsewhere = {elsewhere.seen,
                        elsewhere.seen ? now - elsewhere.last : Duration{0},
                        elsewhere.times,
                        {},
                        elsewhere.handed_to};
    for (const identity::PeerNode& node : elsewhere.nodes) {
        status.elsewhere.endpoints.insert(status.elsewhere.endpoints.end(), node.endpoints.begin(),
                                          node.endpoints.end());
    }
    return status;
}

std::vector<OwnHandOver> Node::hand_overs() const {
    std::vector<OwnHandOver> all;
    for (const auto& view : parts_->dht.hand_overs())
        all.push_back({view.hand_over.from, view.hand_over.to, view.replicas, view.disputed});
    return all;
}

std::vector<SeenFrom> Node::seen_from(Instant now) const {
    std::vector<SeenFrom> all;
    for (const Family family : dht::kFamilies) {
        for (const auto& one : parts_->dht.reachability().seen(family))
            all.push_back({one.by, one.as, now - one.at});
    }
    return all;
}

std::vector<TableEntry> Node::table(Instant now) const {
    std::vector<TableEntry> entries;
    std::map<NodeKey, std::size_t> places;
    for (const Family family : dht::kFamilies) {
        parts_->dht.context().table(family).for_each([&](const dht::RoutingTable::View& view) {
            if (places.contains(view.contact.contact.key))
                return;  // one line for a dual-stack node
            places.emplace(view.contact.contact.key, entries.size());
            entries.push_back({view.contact.contact, view.contact.id, view.bucket,
                               now - view.verified, view.strikes, view.replacement});
        });
    }
    return entries;
}

std::vector<PeerSession> Node::sessions(Instant now) const {
    std::vector<PeerSession> sessions;
    parts_->sessions.slots().for_each([&](std::uint32_t, const session::Session& session) {
        PeerSession shown;
        shown.key = session.peer.entry().contact.key;
        shown.id = session.peer.entry().id;
        shown.endpoint = session.path.remote;
        shown.confirmed = session.confirmed;
        shown.server = session.serves;
        shown.round_trip = std::chrono::microseconds(session.srtt_us);
        shown.age = now - session.created;
        shown.idle = now - std::max(session.heard, session.used);
        sessions.push_back(shown);
    });
    return sessions;
}

std::vector<BootstrapEntry> Node::bootstrap(Instant now) const {
    std::vector<BootstrapEntry> entries;
    for (const auto& entry : parts_->bootstrap->entries()) {
        BootstrapEntry shown;
        shown.key = entry.contact.key;
        shown.source = static_cast<BootstrapSource>(entry.source);
        for (const Family family : dht::kFamilies) {
            if (entry.contact.has(family))
                shown.endpoints.push_back(entry.contact.endpoint(family));
        }
        shown.attempts = entry.attempts;
        shown.answered = entry.answered;
        shown.answered_ago = entry.answered ? now - entry.answered_at : Duration{0};
        shown.problem = entry.problem;
        entries.push_back(std::move(shown));
    }
    return entries;
}

std::vector<OwnName> Node::own_names() const {
    std::vector<OwnName> names;
    for (auto& view : parts_->dht.publisher().names()) {
        names.push_back({view.name, view.key, view.replicas, view.problem});
    }
    return names;
}

std::vector<HeldRecord> Node::held_records(Instant now) const {
    std::vector<HeldRecord> records;
    parts_->dht.context().store.for_each([&](const Key& key, const dht::ValueStore::Held& held) {
        records.push_back({key, held.head, held.bytes.size(), held.expires - now});
    });
    return records;
}

std::vector<dht::OwnValue> Node::own_values(Instant now) const {
    return parts_->dht.own_values(now);
}

std::vector<guard::Block> Node::blocks() const { return parts_->dht.context().blocks.all(); }

namespace {

Judgement judged(const dht::Context& context, Instant now, const guard::Subject& subject) {
    Judgement judgement;
    if (auto account = context.reputation.account(now, subject)) {
        judgement.known = true;
        judgement.points = account->points;
        judgement.standing = account->standing;
        judgement.deeds = std::move(account->deeds);
        judgement.good_after = account->good_after;
    }
    return judgement;
}

}  // namespace

Judgement Node::judgement(Instant now, const NodeKey& node) const {
    const dht::Context& context = parts_->dht.context();
    Judgement judgement = judged(context, now, guard::subject_of(node));
    judgement.blocked = context.blocks.blocks(node);
    const auto* known = parts_->surroundings.book.find(node);
    for (const Family family : dht::kFamilies) {
        judgement.in_table = judgement.in_table || context.table(family).contains(node);
        if (known == nullptr || !known->contact.has(family)) continue;
        const Endpoint& there = known->contact.endpoint(family);
        for (const guard::Block& block : context.blocks.all()) {
            guard::Blocklist one(1);
            one.add(block);
            if (block.kind == guard::Block::Kind::kAddresses && one.blocks(there))
                judgement.blocked_by = block.address_text();
        }
    }
    judgement.blocked = judgement.blocked || !judgement.blocked_by.empty();
    return judgement;
}

Judgement Node::judgement(Instant now, const PeerId& peer) const {
    const dht::Context& context = parts_->dht.context();
    Judgement judgement = judged(context, now, guard::subject_of(peer));
    judgement.blocked = context.blocks.blocks(peer);
    return judgement;
}

// Servers that we reached ourselves and have known longest; two per /8 at most, so that no single
// network provider owns our way back in (Bitcoin Core's anchors have the same purpose).
std::vector<Contact> Node::anchors(Instant) const {
    constexpr std::size_t kAnchorsMax = 8, kPerSlash8 = 2;
    std::vector<const session::Session*> candidates;
    parts_->sessions.slots().for_each([&](std::uint32_t, const session::Session& session) {
        if (session.confirmed && session.initiator && session.serves)
            candidates.push_back(&session);
    });
    std::sort(candidates.begin(), candidates.end(), [](const auto* a, const auto* b) {
        return a->created != b->created ? a->created < b->created
                                        : a->peer.entry().contact.key < b->peer.entry().contact.key;
    });
    std::vector<Contact> anchors;
    std::map<std::uint8_t, std::size_t> per_slash8;
    for (const auto* session : candidates) {
        const Endpoint& remote = session->path.remote;
        if (anchors.size() >= kAnchorsMax) break;
        if (remote.scope() == Scope::kGlobal && per_slash8[remote.address[0]]++ >= kPerSlash8)
            continue;
        anchors.push_back(Contact::of(session->peer.entry().contact.key, remote));
    }
    return anchors;
}

std::vector<Contact> Node::peers_to_cache(Instant now) const {
    constexpr std::size_t kCachedMax = 512;
    std::vector<Contact> contacts;
    for (const TableEntry& entry : table(now)) {
        if (contacts.size() >= kCachedMax) break;
        if (entry.strikes == 0) contacts.push_back(entry.contact);
    }
    return contacts;
}

const Counters& Node::counters() const { return parts_->counters; }
const PeerId& Node::peer_id() const { return parts_->peer_id; }
const NodeKey& Node::node_key() const { return parts_->dht.context().node_key; }
const NodeId& Node::node_id() const { return parts_->dht.context().node_id; }

void Node::check_invariants() const {
    parts_->sessions.check_invariants();
    parts_->dht.check_invariants();
    if (parts_->local) parts_->local->neighbours.check_invariants();
}

}  // namespace sov
