#include "daemon/api/status_report.h"

#include <google/protobuf/io/coded_stream.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>

#include "daemon/api/messages.h"
#include "daemon/api/verdict.h"
#include "daemon/core/base/check.h"
#include "daemon/core/identity/peer_name.h"

namespace sov::api {
namespace {

namespace v1 = sovereign::v1;
using Coded = google::protobuf::io::CodedOutputStream;

/// In front of a field on the wire: its number, and that a length and so many bytes follow.
constexpr std::uint32_t counted_tag(int field) {
    return static_cast<std::uint32_t>(field) << 3 | 2;
}
constexpr std::uint32_t kCountersTag = counted_tag(v1::GetStatusResponse::kCountersFieldNumber);
constexpr std::uint32_t kEntryNameTag = counted_tag(1);
constexpr std::uint32_t kEntryValueTag = 2 << 3;  ///< a number follows

v1::Verdict word_message(VerdictWord word) {
    switch (word) {
        case VerdictWord::kStarting: return v1::VERDICT_STARTING;
        case VerdictWord::kOnline: return v1::VERDICT_ONLINE;
        case VerdictWord::kDegraded: return v1::VERDICT_DEGRADED;
        case VerdictWord::kOffline: return v1::VERDICT_OFFLINE;
    }
    return v1::VERDICT_UNSPECIFIED;
}

v1::NodeMode word_message(ConfiguredMode mode) {
    switch (mode) {
        case ConfiguredMode::kAuto: return v1::NODE_MODE_AUTO;
        case ConfiguredMode::kServer: return v1::NODE_MODE_SERVER;
        case ConfiguredMode::kClient: return v1::NODE_MODE_CLIENT;
    }
    return v1::NODE_MODE_UNSPECIFIED;
}

v1::Role word_message(Role role) {
    switch (role) {
        case Role::kNone: return v1::ROLE_UNSPECIFIED;
        case Role::kObserve: return v1::ROLE_OBSERVE;
        case Role::kUse: return v1::ROLE_USE;
        case Role::kAdmin: return v1::ROLE_ADMIN;
    }
    return v1::ROLE_UNSPECIFIED;
}

void report_family(Family family, const FamilyStatus& from, const std::vector<Endpoint>& listening,
                   bool abridged, v1::FamilyStatus* to) {
    to->set_family(message_of(family));
    to->set_enabled(from.enabled);
    to->set_reachability(message_of(from.reachability));
    to->set_table_nodes(static_cast<std::uint32_t>(from.table_nodes));
    to->set_table_fresh(static_cast<std::uint32_t>(from.table_fresh));
    to->set_dialbacks(static_cast<std::uint32_t>(from.dialbacks));
    if (abridged) return;
    to->set_reachability_reason(from.reachability_reason);
    if (from.observed.port != 0) to->set_observed(from.observed.text());
    const auto bound =
        std::find_if(listening.begin(), listening.end(),
                     [&](const Endpoint& endpoint) { return endpoint.family == family; });
    if (bound != listening.end()) to->set_listening(bound->text());
}

void report_counts(const NodeStatus& status, v1::GetStatusResponse* response) {
    response->set_network_size(status.network_size);
    response->set_sessions(static_cast<std::uint32_t>(status.sessions));
    response->set_half_open(static_cast<std::uint32_t>(status.half_open));
    response->set_records(static_cast<std::uint32_t>(status.records));
    response->set_record_bytes(status.record_bytes);
    response->set_lookups_running(static_cast<std::uint32_t>(status.lookups_running));
    response->set_lookup_p50_us(whole_us(status.lookup_p50));
    response->set_own_record_replicas(status.own_record_replicas);
    if (status.own_record_age.count() > 0)
        response->set_own_record_age_ms(whole_ms(status.own_record_age));
    response->set_contacts_known(static_cast<std::uint32_t>(status.contacts_known));
    const guard::Surround& surround = status.surround;
    auto* around = response->mutable_surround();
    around->set_suspected(status.eclipse_suspected);
    around->set_signs(status.eclipse_signs);
    around->set_size_near(surround.size_near);
    around->set_size_far(surround.size_far);
    around->set_subnets(static_cast<std::uint32_t>(surround.subnets));
    around->set_inbound(static_cast<std::uint32_t>(surround.inbound));
    around->set_anchors(static_cast<std::uint32_t>(surround.anchors));
    around->set_anchors_answering(static_cast<std::uint32_t>(surround.anchors_answering));
    response->set_crowded_regions(static_cast<std::uint32_t>(status.crowded_regions));
    if (!status.coordinate) return;
    constexpr std::int64_t kUnitUs = 100;  // a coordinate counts tenths of a millisecond
    auto* place = response->mutable_coordinate();
    for (const std::int64_t at : status.coordinate->at) place->add_at_us(at * kUnitUs);
    place->set_height_us(static_cast<std::uint64_t>(status.coordinate->height * kUnitUs));
    place->set_error_percent(status.coordinate->error);
}

void report_mapping(const std::optional<ports::MappingChanged>& state,
                    v1::GetStatusResponse* response) {
    if (!state) return;
    v1::PortMapping* to = response->mutable_port_mapping();
    to->set_reason(state->reason);
    if (!state->mapping) return;
    to->set_external(state->mapping->external.text());
    to->set_method(std::string(ports::mapping_method_name(state->mapping->method)));
    to->set_lifetime_seconds(static_cast<std::uint32_t>(state->mapping->lifetime.count()));
}

void report_signatures(const HostFacts& facts, const NodeStatus& status,
                       v1::GetStatusResponse* response) {
    v1::Signatures* to = response->mutable_signatures();
    to->set_post_quantum_policy(facts.post_quantum_policy);
    to->set_crypto_library(facts.crypto_library);
    to->set_post_quantum_available(status.has_post_quantum);
    to->set_signs(status.signs_post_quantum);
    to->set_replicas(status.own_part_replicas);
}

void report_list(const std::optional<ListFacts>& facts, v1::GetStatusResponse* response) {
    if (!facts) return;
    v1::BootstrapList* to = response->mutable_bootstrap_list();
    to->set_number(facts->number);
    to->set_expires(facts->expires);
    to->set_nodes(facts->nodes);
    to->set_from(facts->from);
    to->set_refused(facts->refused);
    to->set_refused_from(facts->refused_from);
}

void report_economy(const EconomyFacts& facts, std::size_t flows, v1::Economy* to) {
    to->set_profile(facts.profile);
    to->set_flows(static_cast<std::uint32_t>(flows));
    to->set_flows_max(static_cast<std::uint32_t>(facts.flows_max));
    to->set_datagrams_per_second_max(static_cast<std::uint32_t>(facts.datagrams_per_second));
    if (facts.on_battery) to->set_on_battery(*facts.on_battery);
    if (facts.metered) to->set_metered(*facts.metered);
    to->set_connectivity(facts.connectivity);
    to->set_saves_because(facts.saves_because);
    to->set_serves_nobody_because(facts.serves_nobody_because);
    to->set_budget_bytes(facts.budget);
    to->set_used_bytes(facts.used);
    to->set_budget_stage(facts.budget_stage);
    to->set_budget_renews(facts.budget_renews / 1000);
    to->set_clock_off_ms(facts.clock_off.count());
    to->set_clock_absurd(facts.clock_absurd);
}

/// A connection that stays on the relay for longer is worth a word.
constexpr std::chrono::minutes kStuckAfter{1};
constexpr std::size_t kStuckMax = 8;

void report_connections(const Desk& desk, Instant now, bool abridged, v1::ConnectionCounts* to) {
    if (!desk.hub.present()) return;
    std::vector<hub::ConnectionView> stuck;
    std::uint32_t lan = 0, direct = 0, relayed = 0;
    for (const hub::ConnectionView& one : desk.hub.hub().connections()) {
        if (one.supplanted) continue;
        lan += one.path == hub::PathClass::kLan ? 1U : 0U;
        direct += one.path == hub::PathClass::kDirect ? 1U : 0U;
        relayed += one.path == hub::PathClass::kRelayed ? 1U : 0U;
        if (one.path == hub::PathClass::kRelayed && now - one.since > kStuckAfter)
            stuck.push_back(one);
    }
    to->set_lan(lan);
    to->set_direct(direct);
    to->set_relayed(relayed);
    if (abridged) return;
    std::sort(stuck.begin(), stuck.end(),
              [](const auto& a, const auto& b) { return a.since < b.since; });
    if (stuck.size() > kStuckMax) stuck.resize(kStuckMax);
    for (const hub::ConnectionView& one : stuck) {
        auto* peer = to->add_stuck();
        MessageWriter(desk.crypto).write(one.peer, peer->mutable_peer());
        peer->set_age_ms(whole_ms(now - one.since));
    }
}

/// Reasons may name peers and names; the words alone may be seen by everybody.
void report_verdict(const Verdict& verdict, bool abridged, v1::GetStatusResponse* response) {
    response->set_verdict(word_message(verdict.word));
    response->set_sentence(verdict.sentence);
    for (const VerdictReason& reason : verdict.reasons) {
        const bool names_somebody = reason.code == "name_not_stored" ||
                                    reason.code.starts_with("bootstrap_") ||
                                    reason.code == "not_reachable";
        auto* to = response->add_reasons();
        to->set_code(reason.code);
        to->set_sentence(abridged && names_somebody ? "details need the role use"
                                                    : reason.sentence);
        to->set_next_step(reason.next_step);
    }
    // The sentence of a degraded node repeats its first reason.
    if (abridged && verdict.word == VerdictWord::kDegraded) response->set_sentence("works in part");
}

/// All but the counters.
void report_status(const Desk& desk, Instant now, const Node& node, Role role,
                   v1::GetStatusResponse* response) {
    const MessageWriter writer(desk.crypto);
    const HostFacts& facts = desk.host.facts();
    const NodeStatus status = node.status(now);
    const auto bootstrap = node.bootstrap(now);
    const auto names = node.own_names();
    const auto layers = desk.host.layers();
    const bool abridged = role < Role::kUse;

    report_verdict(judge({status, bootstrap, names, layers, facts.mode, desk.host.store_problem(),
                          desk.host.store_notice(), desk.host.economy(),
                          desk.host.vault().next().has_value(), any_disputed(node.hand_overs())}),
                   abridged, response);
    response->set_abridged(abridged);
    response->set_caller_role(word_message(role));
    response->set_version(facts.version);
    response->set_uptime_ms(whole_ms(std::chrono::steady_clock::now() - desk.started));
    response->set_pid(static_cast<std::uint32_t>(getpid()));
    writer.write(facts.peer, response->mutable_peer());
    writer.write(facts.node, response->mutable_node());
    response->set_network_id(to_hex(facts.network.view()));
    response->set_network_name(facts.network_name);
    response->set_mode(word_message(facts.mode));
    response->set_serving(status.serving);
    response->set_discovery(message_of(status.state));
    const auto listening = desk.host.listening();
    report_family(Family::kIpv4, status.v4, listening, abridged, response->add_families());
    report_family(Family::kIpv6, status.v6, listening, abridged, response->add_families());
    report_counts(status, response);
    report_signatures(facts, status, response);
    report_economy(desk.host.economy(), status.flows, response->mutable_economy());
    for (const LayerStatus& layer : node.layers()) write_layer(layer, response->add_layers());
    response->set_store_problem(desk.host.store_problem());
    response->set_store_notice(desk.host.store_notice());
    report_connections(desk, now, abridged, response->mutable_connections());
    if (abridged) return;
    report_mapping(desk.host.port_mapping(), response);
    response->set_datagram_relay(desk.host.datagram_relay());
    report_list(desk.host.bootstrap_list(), response);
    for (const BootstrapEntry& entry : bootstrap) writer.write(entry, response->add_bootstrap());
    for (const OwnName& name : names) writer.write(name, response->add_names());
}

// On the wire a map is a message for each entry: its name is field 1, its number field 2
// (protobuf.dev/programming-guides/encoding, "Maps").
std::size_t entry_bytes(std::string_view name, std::uint64_t value) {
    return 1 + Coded::VarintSize32(static_cast<std::uint32_t>(name.size())) + name.size() + 1 +
           Coded::VarintSize64(value);
}

std::size_t counter_bytes(const Counters& counters) {
    std::size_t bytes = 0;
    counters.for_each([&](std::string_view name, std::uint64_t value) {
        const std::size_t entry = entry_bytes(name, value);
        bytes += Coded::VarintSize32(kCountersTag) +
                 Coded::VarintSize32(static_cast<std::uint32_t>(entry)) + entry;
    });
    return bytes;
}

std::uint8_t* write_counters(const Counters& counters, std::uint8_t* at) {
    counters.for_each([&](std::string_view name, std::uint64_t value) {
        at = Coded::WriteTagToArray(kCountersTag, at);
        at = Coded::WriteVarint32ToArray(static_cast<std::uint32_t>(entry_bytes(name, value)), at);
        at = Coded::WriteTagToArray(kEntryNameTag, at);
        at = Coded::WriteVarint32ToArray(static_cast<std::uint32_t>(name.size()), at);
        at = Coded::WriteRawToArray(name.data(), static_cast<int>(name.size()), at);
        at = Coded::WriteTagToArray(kEntryValueTag, at);
        at = Coded::WriteVarint64ToArray(value, at);
    });
    return at;
}

}  // namespace

grpc::ByteBuffer status_bytes(const Desk& desk, Instant now, const Node& node, Role role) {
    v1::GetStatusResponse answer;
    report_status(desk, now, node, role, &answer);

    const std::size_t head = answer.ByteSizeLong();
    const grpc::Slice bytes(head + counter_bytes(node.counters()));
    auto* const begin = const_cast<std::uint8_t*>(bytes.begin());  // nobody else has it yet
    const std::uint8_t* end =
        write_counters(node.counters(), answer.SerializeWithCachedSizesToArray(begin));
    SOV_CHECK(end == bytes.end());
    return {&bytes, 1};
}

void report_identity(const Desk& desk, Instant now, const Node& node,
                     v1::GetIdentityResponse* response) {
    const MessageWriter writer(desk.crypto);
    const HostFacts& facts = desk.host.facts();
    writer.write(facts.peer, response->mutable_peer());
    writer.write(facts.node, response->mutable_node());
    response->set_network_id(to_hex(facts.network.view()));
    response->set_network_name(facts.network_name);
    response->set_node_key_persistent(facts.node_key_persistent);
    const IdentityVault& vault = desk.host.vault();
    response->set_key_source(vault.source());
    if (const auto next = vault.next()) writer.write(*next, response->mutable_next());
    for (const OwnHandOver& from : node.hand_overs()) {
        auto* to = response->add_hand_overs();
        writer.write(from.from, to->mutable_from());
        writer.write(from.to, to->mutable_to());
        to->set_replicas(from.replicas);
        to->set_disputed(from.disputed);
    }

    // An address counts as proven when others see it and a dial-back has come through it.
    const NodeStatus status = node.status(now);
    if (status.elsewhere.seen) {
        auto* to = response->mutable_elsewhere();
        to->set_ago_ms(whole_ms(status.elsewhere.ago));
        to->set_times(status.elsewhere.times);
        for (const Endpoint& at : status.elsewhere.endpoints) to->add_endpoints(at.text());
        if (status.elsewhere.handed_to)
            writer.write(*status.elsewhere.handed_to, to->mutable_handed_to());
    }
    std::vector<Endpoint> endpoints;
    for (const FamilyStatus* family : {&status.v4, &status.v6}) {
        if (family->observed.port != 0 && family->reachability == Reachability::kServer)
            endpoints.push_back(family->observed);
    }
    response->set_endpoints_observed(!endpoints.empty());
    if (endpoints.empty()) endpoints = desk.host.local_addresses();
    for (const Endpoint& endpoint : endpoints) response->add_endpoints(endpoint.text());
    if (!endpoints.empty())
        response->set_bootstrap_line(identity::bootstrap_text(facts.node, endpoints));
}

}  // namespace sov::api
