#include <utility>
#include <variant>

#include "daemon/api/messages.h"
#include "daemon/api/status_codes.h"
#include "daemon/core/identity/peer_name.h"

namespace sov::api {
namespace {

namespace v1 = sovereign::v1;

std::string_view state_word(DiscoveryState state) {
    switch (state) {
        case DiscoveryState::kStarting: return "starting";
        case DiscoveryState::kBootstrapping: return "bootstrapping";
        case DiscoveryState::kPopulating: return "populating";
        case DiscoveryState::kReady: return "ready";
        case DiscoveryState::kIsolated: return "isolated";
    }
    return "";
}

std::string_view reachability_word(Reachability reachability) {
    switch (reachability) {
        case Reachability::kUnknown: return "unknown";
        case Reachability::kClient: return "not reachable";
        case Reachability::kServer: return "reachable";
    }
    return "";
}

std::string state_word(discovery::LayerState state) {
    switch (state) {
        case discovery::LayerState::kOff: return "is off";
        case discovery::LayerState::kWorking: return "works";
        case discovery::LayerState::kDegraded: return "works in part";
        case discovery::LayerState::kWaiting: return "waits";
    }
    return "";
}

std::string_view kind_word(NeighbourChanged::Kind kind) {
    switch (kind) {
        case NeighbourChanged::Kind::kFound: return "found";
        case NeighbourChanged::Kind::kUpdated: return "updated";
        case NeighbourChanged::Kind::kFading: return "fading";
        case NeighbourChanged::Kind::kLost: return "lost";
    }
    return "";
}

v1::Event table_changed(const MessageWriter& writer, bool added, const NodeId& node,
                        const Endpoint& endpoint) {
    v1::Event event;
    event.set_type(added ? "table.added" : "table.removed");
    event.set_summary(to_hex(node.view()).substr(0, 10) + (added ? " entered" : " left") +
                      " the routing table, " + endpoint.text());
    auto* kind = event.mutable_table_changed();
    kind->set_added(added);
    writer.write_place(node, kind->mutable_node());
    kind->set_endpoint(endpoint.text());
    return event;
}

/// One overload for each kind of event; nothing for what only the daemon itself is told.
struct Describe {
    const MessageWriter& writer;

    std::optional<v1::Event> operator()(const StateChanged& changed) const {
        v1::Event event;
        event.set_type("discovery.state");
        event.set_summary("discovery went from " + std::string(state_word(changed.from)) + " to " +
                          std::string(state_word(changed.to)));
        event.mutable_state_changed()->set_from(message_of(changed.from));
        event.mutable_state_changed()->set_to(message_of(changed.to));
        return event;
    }
    std::optional<v1::Event> operator()(const ReachabilityChanged& changed) const {
        v1::Event event;
        event.set_type("node.reachability");
        event.set_summary(std::string(changed.family == Family::kIpv4 ? "IPv4 is " : "IPv6 is ") +
                          std::string(reachability_word(changed.to)) +
                          (changed.reason.empty() ? "" : ": " + changed.reason));
        auto* kind = event.mutable_reachability_changed();
        kind->set_family(message_of(changed.family));
        kind->set_to(message_of(changed.to));
        if (changed.address.port != 0) kind->set_endpoint(changed.address.text());
        kind->set_reason(changed.reason);
        return event;
    }
    std::optional<v1::Event> operator()(const NodeDiscovered& node) const {
        return table_changed(writer, true, node.node, node.endpoint);
    }
    std::optional<v1::Event> operator()(const NodeLost& node) const {
        return table_changed(writer, false, node.node, node.endpoint);
    }
    std::optional<v1::Event> operator()(const RecordStored& stored) const {
        v1::Event event;
        event.set_type("record.stored");
        event.set_summary("keeps a record of " + identity::peer_text(stored.owner));
        auto* record = event.mutable_record_stored()->mutable_record();
        write_key(stored.key, record->mutable_key());
        record->set_kind(message_of(stored.kind));
        writer.write(stored.owner, record->mutable_owner());
        record->set_sequence(stored.sequence);
        return event;
    }
    std::optional<v1::Event> operator()(const EquivocationSeen& seen) const {
        v1::Event event;
        event.set_type("record.equivocation");
        event.set_summary("two different records of " + identity::peer_text(seen.owner) +
                          " have one sequence number: its key is used twice");
        auto* record = event.mutable_equivocation()->mutable_record();
        write_key(seen.key, record->mutable_key());
        record->set_kind(message_of(seen.kind));
        writer.write(seen.owner, record->mutable_owner());
        record->set_sequence(seen.sequence);
        return event;
    }
    std::optional<v1::Event> operator()(const OwnValueOver& over) const {
        if (!over.lost_to) return std::nullopt;
        v1::Event event;
        event.set_type("value.overtaken");
        event.set_summary("the value at " + to_hex(over.key.view()).substr(0, 10) +
                          " is kept no longer: its owner has stored another version elsewhere");
        auto* record = event.mutable_value_overtaken()->mutable_record();
        write_key(over.key, record->mutable_key());
        writer.write(over.owner, record->mutable_owner());
        record->set_sequence(*over.lost_to);
        return event;
    }
    std::optional<v1::Event> operator()(const OwnRecordPublished& published) const {
        v1::Event event;
        event.set_type("record.published");
        event.set_summary("own record " + to_hex(published.key.view()).substr(0, 10) +
                          (published.error
                               ? " was not stored: " + std::string(errc_name(*published.error))
                               : " is stored at " + std::to_string(published.stored) + " nodes"));
        auto* kind = event.mutable_record_published();
        write_key(published.key, kind->mutable_key());
        kind->set_stored(published.stored);
        if (published.error) *kind->mutable_error() = detail_of(*published.error);
        return event;
    }
    std::optional<v1::Event> operator()(const EclipseSuspected& eclipse) const {
        v1::Event event;
        event.set_type("node.eclipse");
        event.set_summary(eclipse.suspected
                              ? "ALARM: one party may surround this node: " + eclipse.signs
                              : "no signs any more that one party surrounds this node");
        event.mutable_eclipse_suspected()->set_suspected(eclipse.suspected);
        event.mutable_eclipse_suspected()->set_signs(eclipse.signs);
        return event;
    }
    std::optional<v1::Event> operator()(const RegionCrowded& region) const {
        v1::Event event;
        event.set_type("region.crowded");
        event.set_summary((region.crowded ? "ALARM: more nodes than there can be stand next to "
                                          : "no crowd any more next to ") +
                          to_hex(region.key.view()).substr(0, 10) +
                          (region.crowded ? "; second homes are used" : ""));
        auto* kind = event.mutable_region_crowded();
        write_key(region.key, kind->mutable_key());
        kind->set_crowded(region.crowded);
        return event;
    }
    std::optional<v1::Event> operator()(const NameOwnerChanged& changed) const {
        v1::Event event;
        event.set_type("name.owner_changed");
        event.set_summary("ALARM: the name " + changed.name +
                          " belongs to somebody else than when it was first used");
        auto* kind = event.mutable_name_owner_changed();
        kind->set_name(changed.name);
        writer.write(changed.pinned, kind->mutable_pinned());
        writer.write(changed.now, kind->mutable_now());
        return event;
    }
    std::optional<v1::Event> operator()(const PeerMoved& moved) const {
        v1::Event event;
        event.set_type("friend.moved");
        event.set_summary("the friend " +
                          (moved.note.empty() ? identity::peer_text(moved.from) : moved.note) +
                          " has a new key: " + identity::peer_text(moved.to));
        auto* kind = event.mutable_friend_moved();
        writer.write(moved.from, kind->mutable_from());
        writer.write(moved.to, kind->mutable_to());
        kind->set_note(moved.note);
        return event;
    }
    std::optional<v1::Event> operator()(const SecondKeyBroken& broken) const {
        v1::Event event;
        event.set_type("friend.second_key");
        event.set_summary("ALARM: a record of the friend " +
                          (broken.note.empty() ? identity::peer_text(broken.peer) : broken.note) +
                          (broken.missing ? " lacks the second key that they were seen with"
                                          : " names another second key than they were seen with") +
                          (broken.refused ? "; refused" : ""));
        auto* kind = event.mutable_second_key_broken();
        writer.write(broken.peer, kind->mutable_peer());
        kind->set_note(broken.note);
        kind->set_second_key(broken.missing ? v1::SECOND_KEY_MISSING : v1::SECOND_KEY_CHANGED);
        kind->set_refused(broken.refused);
        return event;
    }
    std::optional<v1::Event> operator()(const HandOverDisputed& disputed) const {
        v1::Event event;
        event.set_type("identity.disputed");
        event.set_summary("ALARM: different hand-overs are signed with the key " +
                          identity::peer_text(disputed.peer) + ": it was stolen");
        writer.write(disputed.peer, event.mutable_hand_over_disputed()->mutable_peer());
        return event;
    }
    std::optional<v1::Event> operator()(const IdentityElsewhere& elsewhere) const {
        v1::Event event;
        event.set_type("identity.elsewhere");
        event.set_summary(elsewhere.handed_to
                              ? "ALARM: this key was handed over to " +
                                    identity::peer_text(*elsewhere.handed_to) + ", and not here"
                              : "ALARM: this identity is in use on another machine, too");
        auto* kind = event.mutable_identity_elsewhere();
        for (const identity::PeerNode& node : elsewhere.nodes) {
            for (const Endpoint& endpoint : node.endpoints) kind->add_endpoints(endpoint.text());
        }
        if (elsewhere.handed_to) writer.write(*elsewhere.handed_to, kind->mutable_handed_to());
        return event;
    }
    std::optional<v1::Event> operator()(const BootstrapProblem& problem) const {
        v1::Event event;
        event.set_type("bootstrap.problem");
        event.set_summary("bootstrap peer " + identity::node_text(problem.pinned) + ": " +
                          problem.reason);
        writer.write(problem.pinned, event.mutable_bootstrap_problem()->mutable_pinned());
        event.mutable_bootstrap_problem()->set_reason(problem.reason);
        return event;
    }
    std::optional<v1::Event> operator()(const NeighbourChanged& changed) const {
        return writer.event(changed, kind_word(changed.kind));
    }
    std::optional<v1::Event> operator()(const LayerChanged& changed) const {
        v1::Event event;
        event.set_type("layer.state");
        const discovery::LayerReport& report = changed.report;
        event.set_summary("the layer " + changed.layer + ' ' + state_word(report.state) +
                          (report.reason.empty() ? "" : ": " + report.reason));
        auto* kind = event.mutable_layer_changed();
        kind->set_layer(changed.layer);
        kind->set_state(message_of(report.state));
        kind->set_reason(report.reason);
        return event;
    }
    // Answers go to whoever asked, requests for persistence to the store.
    template <typename Other>
    std::optional<v1::Event> operator()(const Other&) const {
        return std::nullopt;
    }
};

}  // namespace

std::optional<v1::Event> MessageWriter::event(const Event& event) const {
    return std::visit(Describe{*this}, event);
}

}  // namespace sov::api
