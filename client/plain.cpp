#include "client/plain.h"

#include <google/protobuf/message.h>
#include <grpcpp/support/status.h>
#include <algorithm>

#include "client/enum_word.h"
#include "client/spans.h"

namespace sov::client {
namespace {

namespace v1 = sovereign::v1;

std::vector<std::string> texts(const google::protobuf::RepeatedPtrField<std::string>& list) {
    return {list.begin(), list.end()};
}

TraceStep plain_step(const v1::TraceStep& message) {
    TraceStep step;
    step.node = plain(message.node());
    step.endpoint = message.endpoint();
    step.path = message.path();
    step.hop = message.hop();
    step.asked_after = span_of<microseconds>(message.asked_after_us());
    step.round_trip = span_of<microseconds>(message.round_trip_us());
    step.outcome = word(message.outcome());
    step.error = message.error();
    step.contacts = message.contacts();
    step.shared_bits = message.shared_bits();
    return step;
}

FamilyStatus plain_family(const v1::FamilyStatus& message) {
    FamilyStatus family;
    family.family = word(message.family());
    family.enabled = message.enabled();
    family.listening = message.listening();
    family.observed = message.observed();
    family.reachability = word(message.reachability());
    family.reachability_reason = message.reachability_reason();
    family.table_nodes = message.table_nodes();
    family.table_fresh = message.table_fresh();
    family.dialbacks = message.dialbacks();
    return family;
}

BootstrapEntry plain_bootstrap(const v1::BootstrapEntry& message) {
    BootstrapEntry entry;
    entry.node = plain(message.node());
    entry.source = word(message.source());
    entry.endpoints = texts(message.endpoints());
    entry.attempts = message.attempts();
    if (message.answered()) entry.answered_ago = span_of<milliseconds>(message.answered_ago_ms());
    entry.problem = message.problem();
    return entry;
}

FoundPeer plain_found(const v1::FoundPeer& message) {
    FoundPeer found;
    found.peer = plain(message.peer());
    found.pinned = message.pinned();
    found.replicas = message.replicas();
    found.work_bits = message.work_bits();
    found.claim_sequence = message.claim_sequence();
    found.located = message.located();
    found.sequence = message.sequence();
    found.ttl = span_of<milliseconds>(message.ttl_ms());
    found.nodes = plain_list(message.nodes());
    found.post_quantum = word(message.post_quantum());
    for (const v1::PeerId& before : message.moved_from()) found.moved_from.push_back(plain(before));
    found.disputed = message.disputed();
    found.second_key = word(message.second_key());
    return found;
}

Proximity plain_proximity(const v1::Proximity& message) {
    return {message.rssi_dbm(), message.distance_cm(), message.near()};
}

Evidence plain_evidence(const v1::Evidence& message) {
    Evidence evidence;
    evidence.medium = word(message.medium());
    evidence.trust = word(message.trust());
    evidence.presence = word(message.presence());
    evidence.peer = plain(message.peer());
    evidence.node = plain(message.node());
    evidence.endpoint = message.endpoint();
    evidence.where = message.where();
    evidence.label = message.label();
    evidence.first_seen_ago = span_of<milliseconds>(message.first_seen_ago_ms());
    evidence.last_seen_ago = span_of<milliseconds>(message.last_seen_ago_ms());
    if (message.has_proximity()) evidence.proximity = plain_proximity(message.proximity());
    return evidence;
}

using Facts = decltype(Event::facts);

void append_facts(const google::protobuf::Message& message, const std::string& prefix,
                  Facts& facts);

/// Members of a list of messages, numbered from 0: "evidence_0_medium". Facts stay readable, so at
/// most kListed of them.
void append_list(const google::protobuf::Message& message,
                 const google::protobuf::FieldDescriptor& field, const std::string& prefix,
                 Facts& facts) {
    constexpr int kListed = 16;
    if (field.cpp_type() != google::protobuf::FieldDescriptor::CPPTYPE_MESSAGE) return;
    const auto* reflection = message.GetReflection();
    const int count = std::min(reflection->FieldSize(message, &field), kListed);
    for (int at = 0; at < count; ++at) {
        append_facts(reflection->GetRepeatedMessage(message, &field, at),
                     prefix + field.name() + '_' + std::to_string(at) + '_', facts);
    }
}

/// Ids become their text; other messages are flattened under "name_".
void append_facts(const google::protobuf::Message& message, const std::string& prefix,
                  Facts& facts) {
    const auto* reflection = message.GetReflection();
    for (int index = 0; index < message.GetDescriptor()->field_count(); ++index) {
        const auto* field = message.GetDescriptor()->field(index);
        if (field->is_repeated()) {
            append_list(message, *field, prefix, facts);
            continue;
        }
        if (field->has_presence() && !reflection->HasField(message, field)) continue;
        const std::string name = prefix + field->name();
        switch (field->cpp_type()) {
            case google::protobuf::FieldDescriptor::CPPTYPE_STRING:
                if (field->type() != google::protobuf::FieldDescriptor::TYPE_BYTES) {
                    facts.emplace_back(name, reflection->GetString(message, field));
                }
                break;
            case google::protobuf::FieldDescriptor::CPPTYPE_INT32:
                // Signal strengths; texts, because facts have no negative numbers.
                facts.emplace_back(name, std::to_string(reflection->GetInt32(message, field)));
                break;
            case google::protobuf::FieldDescriptor::CPPTYPE_UINT32:
                facts.emplace_back(name, std::uint64_t{reflection->GetUInt32(message, field)});
                break;
            case google::protobuf::FieldDescriptor::CPPTYPE_UINT64:
                facts.emplace_back(name, std::uint64_t{reflection->GetUInt64(message, field)});
                break;
            case google::protobuf::FieldDescriptor::CPPTYPE_BOOL:
                facts.emplace_back(name, reflection->GetBool(message, field));
                break;
            case google::protobuf::FieldDescriptor::CPPTYPE_ENUM:
                facts.emplace_back(
                    name, enum_word(*field->enum_type(), reflection->GetEnumValue(message, field)));
                break;
            case google::protobuf::FieldDescriptor::CPPTYPE_MESSAGE: {
                const auto& inner = reflection->GetMessage(message, field);
                if (const auto* peer = dynamic_cast<const v1::PeerId*>(&inner)) {
                    facts.emplace_back(name, peer->text());
                } else if (const auto* node = dynamic_cast<const v1::NodeId*>(&inner)) {
                    if (!node->text().empty()) facts.emplace_back(name, node->text());
                    facts.emplace_back(name + "_place", node->place_hex());
                } else if (const auto* key = dynamic_cast<const v1::Key*>(&inner)) {
                    facts.emplace_back(name, key->hex());
                } else {
                    append_facts(inner, name + '_', facts);
                }
                break;
            }
            default: break;  // the API uses no other kind of field
        }
    }
}

}  // namespace

PeerId plain(const v1::PeerId& message) { return {message.text(), message.tag()}; }

NodeId plain(const v1::NodeId& message) { return {message.text(), message.place_hex()}; }

Error plain(const v1::ErrorDetail& message) {
    Error error;
    error.code = message.code();
    error.field = message.field();
    error.message = message.message();
    error.hint = message.hint();
    error.grpc_status = grpc::StatusCode::NOT_FOUND;
    error.exit_code = 5;
    return error;
}

Contact plain(const v1::Contact& message) {
    return {plain(message.node()), texts(message.endpoints())};
}

Lookup plain(const v1::Lookup& message) {
    Lookup lookup;
    lookup.target_hex = message.target().hex();
    lookup.took = span_of<microseconds>(message.took_us());
    lookup.asked = message.asked();
    lookup.answered = message.answered();
    lookup.timed_out = message.timed_out();
    lookup.hops = message.hops();
    for (const auto& step : message.trace()) lookup.trace.push_back(plain_step(step));
    return lookup;
}

Record plain(const v1::Record& message) {
    Record record;
    record.key_hex = message.key().hex();
    record.kind = word(message.kind());
    record.tombstone = message.tombstone();
    record.owner = plain(message.owner());
    record.sequence = message.sequence();
    record.size_bytes = message.size_bytes();
    record.ttl = span_of<milliseconds>(message.ttl_ms());
    record.expires_in = span_of<milliseconds>(message.expires_in_ms());
    record.bytes = message.bytes();
    return record;
}

Receipt plain(const v1::Receipt& message) {
    return {plain(message.node()), span_of<milliseconds>(message.held_for_ms())};
}

OwnName plain(const v1::OwnName& message) {
    return {message.name(), message.key().hex(), message.replicas(), message.problem()};
}

LayerStatus plain(const v1::LayerStatus& message) {
    return {message.name(), message.on(), word(message.state()), message.reason()};
}

ModuleLogLevel plain(const v1::ModuleLogLevel& message) {
    return {message.module(), word(message.level()), span_of<milliseconds>(message.reverts_in_ms()),
            word(message.reverts_to())};
}

ConfigChange plain(const v1::ReloadConfigResponse::Change& message) {
    return {message.key(), message.before(), message.after()};
}

Session plain(const v1::Session& message) {
    Session session;
    session.node = plain(message.node());
    session.endpoint = message.endpoint();
    session.confirmed = message.confirmed();
    session.server = message.server();
    session.round_trip = span_of<microseconds>(message.round_trip_us());
    session.age = span_of<milliseconds>(message.age_ms());
    session.idle = span_of<milliseconds>(message.idle_ms());
    return session;
}

Economy plain(const v1::Economy& message) {
    Economy economy;
    economy.profile = message.profile();
    economy.flows = message.flows();
    economy.flows_max = message.flows_max();
    economy.datagrams_per_second_max = message.datagrams_per_second_max();
    if (message.has_on_battery()) economy.on_battery = message.on_battery();
    if (message.has_metered()) economy.metered = message.metered();
    economy.connectivity = message.connectivity();
    economy.saves_because = message.saves_because();
    economy.serves_nobody_because = message.serves_nobody_because();
    economy.budget_bytes = message.budget_bytes();
    economy.used_bytes = message.used_bytes();
    economy.budget_stage = message.budget_stage();
    economy.budget_renews = message.budget_renews();
    economy.clock_off = milliseconds(message.clock_off_ms());
    economy.clock_absurd = message.clock_absurd();
    return economy;
}

namespace {

Coordinate plain_coordinate(const v1::Coordinate& message) {
    Coordinate place;
    // Nothing on Earth is ten seconds away.
    constexpr std::int64_t kFarthestUs = 10'000'000;
    for (const std::int64_t at : message.at_us())
        place.at.emplace_back(std::clamp(at, -kFarthestUs, kFarthestUs));
    place.height = span_of<microseconds>(message.height_us());
    place.error_percent = message.error_percent();
    return place;
}

}  // namespace

NodeStatus plain(const v1::GetStatusResponse& message) {
    NodeStatus status;
    status.verdict = word(message.verdict());
    status.sentence = message.sentence();
    for (const auto& reason : message.reasons()) {
        status.reasons.push_back({reason.code(), reason.sentence(), reason.next_step()});
    }
    status.abridged = message.abridged();
    status.caller_role = word(message.caller_role());
    status.version = message.version();
    status.uptime = span_of<milliseconds>(message.uptime_ms());
    status.pid = message.pid();
    status.peer = plain(message.peer());
    status.node = plain(message.node());
    status.network_id = message.network_id();
    status.network_name = message.network_name();
    status.mode = word(message.mode());
    status.serving = message.serving();
    status.discovery = word(message.discovery());
    for (const auto& family : message.families()) status.families.push_back(plain_family(family));
    status.network_size = message.network_size();
    status.sessions = message.sessions();
    status.half_open = message.half_open();
    status.records = message.records();
    status.record_bytes = message.record_bytes();
    status.lookups_running = message.lookups_running();
    status.lookup_p50 = span_of<microseconds>(message.lookup_p50_us());
    status.own_record_replicas = message.own_record_replicas();
    if (message.has_own_record_age_ms()) {
        status.own_record_age = span_of<milliseconds>(message.own_record_age_ms());
    }
    status.contacts_known = message.contacts_known();
    status.crowded_regions = message.crowded_regions();
    if (message.has_coordinate()) status.coordinate = plain_coordinate(message.coordinate());
    const auto& around = message.surround();
    status.surround = {
        around.suspected(), around.signs(),   around.size_near(), around.size_far(),
        around.subnets(),   around.inbound(), around.anchors(),   around.anchors_answering()};
    if (message.has_bootstrap_list()) {
        const auto& list = message.bootstrap_list();
        status.bootstrap_list = {list.number(), list.expires(), list.nodes(),
                                 list.from(),   list.refused(), list.refused_from()};
    }
    const auto& signatures = message.signatures();
    status.signatures = {signatures.post_quantum_policy(), signatures.post_quantum_available(),
                         signatures.signs(), signatures.crypto_library(), signatures.replicas()};
    for (const auto& entry : message.bootstrap())
        status.bootstrap.push_back(plain_bootstrap(entry));
    status.names = plain_list(message.names());
    status.layers = plain_list(message.layers());
    const auto& counts = message.connections();
    status.connections = {counts.lan(), counts.direct(), counts.relayed(), {}};
    for (const auto& one : counts.stuck())
        status.connections.stuck.push_back(
            {plain(one.peer()), span_of<milliseconds>(one.age_ms())});
    status.economy = plain(message.economy());
    if (message.has_port_mapping()) {
        const auto& mapping = message.port_mapping();
        status.port_mapping = {mapping.external(), mapping.method(),
                               std::chrono::seconds(mapping.lifetime_seconds()), mapping.reason()};
    }
    status.datagram_relay = message.datagram_relay();
    status.store_problem = message.store_problem();
    status.store_notice = message.store_notice();
    status.counters.assign(message.counters().begin(), message.counters().end());
    std::sort(status.counters.begin(), status.counters.end());
    return status;
}

Event plain(const v1::Event& message) {
    Event event;
    event.cursor = message.cursor();
    event.time =
        std::chrono::system_clock::time_point(span_of<milliseconds>(message.time_unix_ms()));
    event.type = message.type();
    event.summary = message.summary();
    const auto* kind = message.GetDescriptor()->FindOneofByName("kind");
    const auto* field = message.GetReflection()->GetOneofFieldDescriptor(message, kind);
    if (field != nullptr) {
        append_facts(message.GetReflection()->GetMessage(message, field), "", event.facts);
    }
    return event;
}

Found plain(const v1::FindPeerResponse& message) {
    Found found;
    for (const auto& peer : message.peers()) found.peers.push_back(plain_found(peer));
    found.name = message.name();
    found.owner_changed = message.owner_changed();
    found.pinned_owner = plain(message.pinned_owner());
    found.source = message.source();
    found.lookup = plain(message.lookup());
    if (message.has_miss()) found.miss = plain(message.miss());
    for (const auto& peer : message.refused()) found.refused.push_back(plain_found(peer));
    found.crypto_library = message.crypto_library();
    return found;
}

TableEntry plain(const v1::GetTableResponse::Entry& message) {
    TableEntry entry;
    entry.contact = plain(message.contact());
    entry.bucket = message.bucket();
    entry.verified_ago = span_of<milliseconds>(message.verified_ago_ms());
    entry.strikes = message.strikes();
    entry.replacement = message.replacement();
    return entry;
}

Neighbour plain(const v1::Neighbour& message) {
    Neighbour neighbour;
    neighbour.number = message.number();
    neighbour.peer = plain(message.peer());
    neighbour.node = plain(message.node());
    neighbour.trust = word(message.trust());
    neighbour.presence = word(message.presence());
    neighbour.first_seen_ago = span_of<milliseconds>(message.first_seen_ago_ms());
    neighbour.last_seen_ago = span_of<milliseconds>(message.last_seen_ago_ms());
    neighbour.capabilities = message.capabilities();
    if (message.has_proximity()) neighbour.proximity = plain_proximity(message.proximity());
    for (const auto& evidence : message.evidence())
        neighbour.evidence.push_back(plain_evidence(evidence));
    return neighbour;
}

NeighbourChange plain_change(const v1::Event& message) {
    NeighbourChange change;
    change.time =
        std::chrono::system_clock::time_point(span_of<milliseconds>(message.time_unix_ms()));
    if (message.has_gap()) {
        change.change = "missed";
        change.missed = message.gap().missed();
        return change;
    }
    change.change = message.type().substr(message.type().rfind('.') + 1);
    change.neighbour = plain(message.neighbour_changed().neighbour());
    if (message.neighbour_changed().has_became())
        change.became = message.neighbour_changed().became();
    return change;
}

Judgement plain(const v1::ExplainPeerResponse& message) {
    Judgement judgement;
    judgement.blocked = message.blocked();
    judgement.blocked_by = message.blocked_by();
    judgement.standing = word(message.standing());
    judgement.points = message.points();
    for (const auto& deed : message.deeds()) {
        judgement.deeds.push_back(
            {deed.what(), deed.times(), span_of<milliseconds>(deed.last_ago_ms()), deed.points()});
    }
    judgement.good_after = span_of<milliseconds>(message.good_after_ms());
    judgement.in_table = message.in_table();
    return judgement;
}

Measure plain(const v1::Measure& message) {
    Measure measure;
    measure.name = message.name();
    measure.help = message.help();
    measure.kind = word(message.kind());
    measure.label = message.label();
    measure.label_value = message.label_value();
    measure.value = message.value();
    const auto& distribution = message.distribution();
    measure.bounds = {distribution.bounds().begin(), distribution.bounds().end()};
    measure.upto = {distribution.upto().begin(), distribution.upto().end()};
    measure.count = distribution.count();
    measure.sum = distribution.sum();
    return measure;
}

v1::GetStatsRequest stats_request(const std::vector<std::string>& globs,
                                  const std::string& history_of) {
    v1::GetStatsRequest request;
    for (const std::string& glob : globs) request.add_name_glob(glob);
    request.set_history_of(history_of);
    return request;
}

Stats plain(const v1::GetStatsResponse& message) {
    Stats stats;
    stats.measures = plain_list(message.measures());
    stats.history = {message.history().begin(), message.history().end()};
    stats.interval = span_of<milliseconds>(message.interval_ms());
    stats.remembered = {message.remembered().begin(), message.remembered().end()};
    return stats;
}

Friend plain(const v1::Friend& message) {
    Friend plain_friend;
    plain_friend.peer = plain(message.peer());
    plain_friend.note = message.note();
    plain_friend.recognisable = message.recognisable();
    plain_friend.told = message.told();
    if (message.has_met_ago_ms())
        plain_friend.met_ago = span_of<milliseconds>(message.met_ago_ms());
    plain_friend.moved_from = plain(message.moved_from());
    plain_friend.second_key_hash = message.second_key_hash();
    plain_friend.second_key = word(message.second_key());
    return plain_friend;
}

Check plain(const v1::Check& message) {
    return {message.topic(), word(message.finding()), message.code(),   message.what(),
            message.why(),   message.next_step(),     message.command()};
}

namespace {

OfferHints plain_hints(const v1::OfferHints& message) {
    return {message.region(), message.note(), span_of<milliseconds>(message.latency_ms())};
}

}  // namespace

OfferProgress plain(const v1::OfferProgress& message) {
    OfferProgress progress;
    progress.total = message.total();
    progress.done = message.done();
    progress.stored = message.stored();
    progress.lookups = message.lookups();
    progress.replicas = message.replicas();
    progress.problem = message.problem();
    progress.finished = message.finished();
    return progress;
}

FoundProvider plain(const v1::FoundProvider& message) {
    return {plain(message.peer()),
            {plain(message.node()), texts(message.endpoints())},
            plain_hints(message.hints()),
            message.replicas(),
            message.own()};
}

Providers plain(const v1::FindProvidersResponse::Ended& message) {
    return {{},
            message.key().hex(),
            message.cookie(),
            plain(message.lookup()),
            message.replicas(),
            message.complete(),
            message.sampled()};
}

OwnOffer plain(const v1::OwnOffer& message) {
    OwnOffer offer;
    offer.subject = {message.subject().content(), message.subject().service()};
    offer.key_hex = message.key().hex();
    offer.hints = plain_hints(message.hints());
    offer.user_id = message.user_id();
    offer.replicas = message.replicas();
    offer.announced_ago = span_of<milliseconds>(message.announced_ago_ms());
    offer.problem = message.problem();
    offer.withdrawing = message.withdrawing();
    offer.ends_in = span_of<milliseconds>(message.ends_in_ms());
    return offer;
}

}  // namespace sov::client
