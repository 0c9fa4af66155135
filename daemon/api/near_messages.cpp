#include <set>
#include <string>
#include <utility>

#include "daemon/api/messages.h"
#include "daemon/core/identity/peer_name.h"

// Neighbours, friends and layers as messages.

namespace sov::api {
namespace {

namespace v1 = sovereign::v1;

v1::Trust trust_message(discovery::Trust trust) {
    switch (trust) {
        case discovery::Trust::kUnverified: return v1::TRUST_UNVERIFIED;
        case discovery::Trust::kRecognised: return v1::TRUST_RECOGNISED;
        case discovery::Trust::kSigned: return v1::TRUST_SIGNED;
        case discovery::Trust::kVerified: return v1::TRUST_VERIFIED;
    }
    return v1::TRUST_UNSPECIFIED;
}

v1::Presence presence_message(discovery::Presence presence) {
    switch (presence) {
        case discovery::Presence::kPresent: return v1::PRESENCE_PRESENT;
        case discovery::Presence::kFading: return v1::PRESENCE_FADING;
        case discovery::Presence::kLost: return v1::PRESENCE_LOST;
    }
    return v1::PRESENCE_UNSPECIFIED;
}

void write_proximity(const discovery::Proximity& proximity, v1::Proximity* to) {
    to->set_rssi_dbm(proximity.rssi_dbm);
    to->set_distance_cm(proximity.distance_cm);
    to->set_near(proximity.near);
}

void write_evidence(const MessageWriter& writer, const discovery::Evidence& evidence, Instant now,
                    v1::Evidence* to) {
    to->set_medium(message_of(evidence.medium));
    to->set_trust(trust_message(evidence.trust));
    to->set_presence(presence_message(evidence.presence));
    if (evidence.peer) writer.write(*evidence.peer, to->mutable_peer());
    if (evidence.node) writer.write(*evidence.node, to->mutable_node());
    if (evidence.endpoint.port != 0) to->set_endpoint(evidence.endpoint.text());
    to->set_where(evidence.where);
    to->set_label(evidence.label);
    to->set_first_seen_ago_ms(whole_ms(now - evidence.first_seen));
    to->set_last_seen_ago_ms(whole_ms(now - evidence.last_seen));
    if (evidence.proximity) write_proximity(*evidence.proximity, to->mutable_proximity());
}

/// "sov1..., verified, by mdns on eth0 at 192.168.1.7:6881 and ble on hci0"
std::string summary_of(const discovery::Neighbour& neighbour) {
    std::string text = neighbour.peer   ? identity::peer_text(*neighbour.peer)
                       : neighbour.node ? "the node " + identity::node_text(*neighbour.node)
                                        : "somebody";
    if (neighbour.trust == discovery::Trust::kVerified) text += ", verified";
    std::string word = ", by ";
    std::set<std::string> told;  // a peer may go by two names at one address for a moment
    for (const discovery::Evidence& evidence : neighbour.evidence) {
        std::string way = evidence.medium == discovery::Medium::kMdns ? "mdns" : "ble";
        if (!evidence.where.empty()) way += " on " + evidence.where;
        if (evidence.endpoint.port != 0) way += " at " + evidence.endpoint.text();
        if (told.insert(way).second) text += std::exchange(word, " and ") + way;
    }
    return text;
}

}  // namespace

v1::Medium message_of(discovery::Medium medium) {
    return medium == discovery::Medium::kMdns ? v1::MEDIUM_MDNS : v1::MEDIUM_BLE;
}

v1::LayerState message_of(discovery::LayerState state) {
    switch (state) {
        case discovery::LayerState::kOff: return v1::LAYER_STATE_OFF;
        case discovery::LayerState::kWorking: return v1::LAYER_STATE_WORKING;
        case discovery::LayerState::kDegraded: return v1::LAYER_STATE_DEGRADED;
        case discovery::LayerState::kWaiting: return v1::LAYER_STATE_WAITING;
    }
    return v1::LAYER_STATE_UNSPECIFIED;
}

void MessageWriter::write(const discovery::Neighbour& neighbour, Instant now,
                          v1::Neighbour* to) const {
    to->set_number(neighbour.number);
    if (neighbour.peer) write(*neighbour.peer, to->mutable_peer());
    if (neighbour.node) write(*neighbour.node, to->mutable_node());
    to->set_trust(trust_message(neighbour.trust));
    to->set_presence(presence_message(neighbour.presence));
    to->set_first_seen_ago_ms(whole_ms(now - neighbour.first_seen));
    to->set_last_seen_ago_ms(whole_ms(now - neighbour.last_seen));
    to->set_capabilities(neighbour.capabilities);
    if (neighbour.proximity) write_proximity(*neighbour.proximity, to->mutable_proximity());
    for (const discovery::Evidence& evidence : neighbour.evidence)
        write_evidence(*this, evidence, now, to->add_evidence());
}

void MessageWriter::write(const FriendStatus& from, v1::Friend* to) const {
    write(from.peer, to->mutable_peer());
    to->set_note(from.note);
    to->set_recognisable(from.recognisable);
    to->set_told(from.told);
    if (from.met) to->set_met_ago_ms(whole_ms(from.met_ago));
    if (from.moved_from) write(*from.moved_from, to->mutable_moved_from());
    if (from.second_key && *from.second_key != identity::kAwaitedSecondKey)
        to->set_second_key_hash(to_text(from.second_key->view()));
    to->set_second_key(message_of(from.second_key_state));
}

v1::Event MessageWriter::event(const NeighbourChanged& changed, std::string_view word) const {
    v1::Event event;
    event.set_type("neighbour." + std::string(word));
    event.set_summary(summary_of(changed.neighbour) +
                      (changed.became ? ", turned out to be a neighbour known already" : ""));
    auto* kind = event.mutable_neighbour_changed();
    write(changed.neighbour, changed.at, kind->mutable_neighbour());
    if (changed.became) kind->set_became(*changed.became);
    return event;
}

void write_layer(const LayerStatus& layer, v1::LayerStatus* to) {
    to->set_name(layer.name);
    to->set_on(layer.on);
    to->set_state(message_of(layer.report.state));
    to->set_reason(layer.report.reason);
}

}  // namespace sov::api
