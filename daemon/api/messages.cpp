#include "daemon/api/messages.h"

#include "daemon/core/identity/peer_name.h"
#include "daemon/core/identity/records.h"

namespace sov::api {
namespace {

namespace v1 = sovereign::v1;

v1::Outcome outcome_message(dht::Outcome outcome) {
    switch (outcome) {
        case dht::Outcome::kContacts: return v1::OUTCOME_CONTACTS;
        case dht::Outcome::kRecord: return v1::OUTCOME_RECORD;
        case dht::Outcome::kStored: return v1::OUTCOME_STORED;
        case dht::Outcome::kRefused: return v1::OUTCOME_REFUSED;
        case dht::Outcome::kTimeout: return v1::OUTCOME_TIMEOUT;
        case dht::Outcome::kUnreachable: return v1::OUTCOME_UNREACHABLE;
        case dht::Outcome::kWaiting: return v1::OUTCOME_WAITING;
    }
    return v1::OUTCOME_UNSPECIFIED;
}

v1::BootstrapSource source_message(BootstrapSource source) {
    switch (source) {
        case BootstrapSource::kAnchor: return v1::BOOTSTRAP_SOURCE_ANCHOR;
        case BootstrapSource::kCache: return v1::BOOTSTRAP_SOURCE_CACHE;
        case BootstrapSource::kPinned: return v1::BOOTSTRAP_SOURCE_PINNED;
        case BootstrapSource::kDns: return v1::BOOTSTRAP_SOURCE_DNS;
    }
    return v1::BOOTSTRAP_SOURCE_UNSPECIFIED;
}

void write_step(const dht::TraceStep& step, v1::TraceStep* to) {
    to->mutable_node()->set_place(to_text(step.node.view()));
    to->mutable_node()->set_place_hex(to_hex(step.node.view()));
    to->set_endpoint(step.endpoint.text());
    to->set_path(step.path);
    to->set_hop(step.hop);
    to->set_asked_after_us(whole_us(step.asked_after));
    to->set_round_trip_us(whole_us(step.round_trip));
    to->set_outcome(outcome_message(step.outcome));
    if (step.error) to->set_error(std::string(errc_name(*step.error)));
    to->set_contacts(step.contacts);
    to->set_shared_bits(static_cast<std::uint32_t>(step.shared_bits < 0 ? 0 : step.shared_bits));
}

}  // namespace

void write_key(const Key& key, v1::Key* to) {
    to->set_value(to_text(key.view()));
    to->set_hex(to_hex(key.view()));
}

v1::DiscoveryState message_of(DiscoveryState state) {
    switch (state) {
        case DiscoveryState::kStarting: return v1::DISCOVERY_STATE_STARTING;
        case DiscoveryState::kBootstrapping: return v1::DISCOVERY_STATE_BOOTSTRAPPING;
        case DiscoveryState::kPopulating: return v1::DISCOVERY_STATE_POPULATING;
        case DiscoveryState::kReady: return v1::DISCOVERY_STATE_READY;
        case DiscoveryState::kIsolated: return v1::DISCOVERY_STATE_ISOLATED;
    }
    return v1::DISCOVERY_STATE_UNSPECIFIED;
}

v1::Reachability message_of(Reachability reachability) {
    switch (reachability) {
        case Reachability::kUnknown: return v1::REACHABILITY_UNKNOWN;
        case Reachability::kClient: return v1::REACHABILITY_CLIENT;
        case Reachability::kServer: return v1::REACHABILITY_SERVER;
    }
    return v1::REACHABILITY_UNSPECIFIED;
}

v1::Family message_of(Family family) {
    return family == Family::kIpv4 ? v1::FAMILY_IPV4 : v1::FAMILY_IPV6;
}

v1::RecordKind message_of(identity::RecordKind kind) {
    switch (kind) {
        case identity::RecordKind::kPeer: return v1::RECORD_KIND_PEER;
        case identity::RecordKind::kName: return v1::RECORD_KIND_NAME;
        case identity::RecordKind::kImmutable: return v1::RECORD_KIND_IMMUTABLE;
        case identity::RecordKind::kMutable: return v1::RECORD_KIND_MUTABLE;
        case identity::RecordKind::kMail: return v1::RECORD_KIND_MAIL;
        case identity::RecordKind::kSignal: return v1::RECORD_KIND_SIGNAL;
        case identity::RecordKind::kHandOver: return v1::RECORD_KIND_HAND_OVER;
        case identity::RecordKind::kProvider: break;  // told by ListOffers, never as a record
    }
    return v1::RECORD_KIND_UNSPECIFIED;
}

void MessageWriter::write(const PeerId& peer, v1::PeerId* to) const {
    to->set_key(to_text(peer.view()));
    to->set_text(identity::peer_text(peer));
    to->set_tag(identity::peer_tag(crypto_, peer));
}

void MessageWriter::write(const NodeKey& node, v1::NodeId* to) const {
    to->set_key(to_text(node.view()));
    to->set_text(identity::node_text(node));
    write_place(identity::node_id(crypto_, node), to);
}

void MessageWriter::write_place(const NodeId& place, v1::NodeId* to) const {
    to->set_place(to_text(place.view()));
    to->set_place_hex(to_hex(place.view()));
}

void MessageWriter::write(const Contact& contact, v1::Contact* to) const {
    write(contact.key, to->mutable_node());
    for (const Family family : {Family::kIpv4, Family::kIpv6}) {
        if (contact.has(family)) to->add_endpoints(contact.endpoint(family).text());
    }
}

void MessageWriter::write(const dht::LookupReport& lookup, v1::Lookup* to) const {
    write_key(lookup.target, to->mutable_target());
    to->set_took_us(whole_us(lookup.took));
    to->set_asked(lookup.asked);
    to->set_answered(lookup.answered);
    to->set_timed_out(lookup.timed_out);
    to->set_hops(lookup.hops);
    for (const dht::TraceStep& step : lookup.trace) write_step(step, to->add_trace());
}

void MessageWriter::write(const identity::RecordHead& head, v1::Record* to) const {
    to->set_kind(message_of(head.kind));
    to->set_tombstone(head.tombstone);
    write(head.owner, to->mutable_owner());
    to->set_sequence(head.sequence);
    to->set_ttl_ms(whole_ms(head.ttl));
}

void MessageWriter::write(const identity::CheckedRecord& record, Body body, v1::Record* to) const {
    write(record.head, to);
    write_key(record.key, to->mutable_key());
    to->set_size_bytes(record.bytes.size());
    if (body == Body::kInclude) to->set_bytes(to_text(record.bytes));
}

void MessageWriter::write(const HeldRecord& record, v1::Record* to) const {
    write(record.head, to);
    write_key(record.key, to->mutable_key());
    to->set_size_bytes(record.bytes);
    to->set_expires_in_ms(whole_ms(record.expires_in));
}

v1::PostQuantumProof message_of(identity::PostQuantumProof proof) {
    switch (proof) {
        case identity::PostQuantumProof::kNone: return v1::POST_QUANTUM_PROOF_NONE;
        case identity::PostQuantumProof::kUnchecked: return v1::POST_QUANTUM_PROOF_UNCHECKED;
        case identity::PostQuantumProof::kMissing: return v1::POST_QUANTUM_PROOF_MISSING;
        case identity::PostQuantumProof::kUnverifiable: return v1::POST_QUANTUM_PROOF_UNVERIFIABLE;
        case identity::PostQuantumProof::kVerified: return v1::POST_QUANTUM_PROOF_VERIFIED;
        case identity::PostQuantumProof::kFalse: return v1::POST_QUANTUM_PROOF_FALSE;
    }
    return v1::POST_QUANTUM_PROOF_UNSPECIFIED;
}

v1::SecondKey message_of(identity::SecondKey key) {
    switch (key) {
        case identity::SecondKey::kNone: return v1::SECOND_KEY_UNSPECIFIED;
        case identity::SecondKey::kHeld: return v1::SECOND_KEY_HELD;
        case identity::SecondKey::kUnchecked: return v1::SECOND_KEY_UNCHECKED;
        case identity::SecondKey::kMissing: return v1::SECOND_KEY_MISSING;
        case identity::SecondKey::kChanged: return v1::SECOND_KEY_CHANGED;
        case identity::SecondKey::kAwaited: return v1::SECOND_KEY_AWAITED;
    }
    return v1::SECOND_KEY_UNSPECIFIED;
}

void MessageWriter::write(const dht::FoundPeer& found, v1::FoundPeer* to) const {
    write(found.peer, to->mutable_peer());
    to->set_pinned(found.pinned);
    to->set_replicas(found.replicas);
    to->set_work_bits(static_cast<std::uint32_t>(found.work_bits));
    to->set_claim_sequence(found.claim_sequence);
    to->set_located(found.located);
    to->set_sequence(found.sequence);
    to->set_ttl_ms(whole_ms(found.ttl));
    if (!found.peer_record.empty() || !found.claim_record.empty())
        to->set_post_quantum(message_of(found.post_quantum));
    for (const identity::PeerNode& node : found.nodes) {
        auto* contact = to->add_nodes();
        write(node.key, contact->mutable_node());
        for (const Endpoint& endpoint : node.endpoints) contact->add_endpoints(endpoint.text());
    }
    for (const PeerId& before : found.moved_from) write(before, to->add_moved_from());
    to->set_disputed(found.disputed);
    to->set_second_key(message_of(found.second_key));
}

void MessageWriter::write(const OwnName& name, v1::OwnName* to) const {
    to->set_name(name.name);
    write_key(name.key, to->mutable_key());
    to->set_replicas(name.replicas);
    to->set_problem(name.problem);
}

void MessageWriter::write(const PeerSession& session, v1::Session* to) const {
    write(session.key, to->mutable_node());
    to->set_endpoint(session.endpoint.text());
    to->set_confirmed(session.confirmed);
    to->set_server(session.server);
    to->set_round_trip_us(whole_us(session.round_trip));
    to->set_age_ms(whole_ms(session.age));
    to->set_idle_ms(whole_ms(session.idle));
}

void MessageWriter::write(const BootstrapEntry& entry, v1::BootstrapEntry* to) const {
    write(entry.key, to->mutable_node());
    to->set_source(source_message(entry.source));
    for (const Endpoint& endpoint : entry.endpoints) to->add_endpoints(endpoint.text());
    to->set_attempts(entry.attempts);
    to->set_answered(entry.answered);
    if (entry.answered) to->set_answered_ago_ms(whole_ms(entry.answered_ago));
    to->set_problem(entry.problem);
}

void MessageWriter::write(const TableEntry& entry, v1::GetTableResponse::Entry* to) const {
    write(entry.contact, to->mutable_contact());
    to->set_bucket(static_cast<std::uint32_t>(entry.bucket));
    to->set_verified_ago_ms(whole_ms(entry.verified_ago));
    to->set_strikes(entry.strikes);
    to->set_replacement(entry.replacement);
}

dht::Level level_from(v1::Level level) {
    switch (level) {
        case v1::LEVEL_FAST: return dht::Level::kFast;
        case v1::LEVEL_STRONG: return dht::Level::kStrong;
        default: return dht::Level::kNormal;
    }
}

}  // namespace sov::api
