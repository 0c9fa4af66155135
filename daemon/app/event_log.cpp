#include "daemon/app/event_log.h"

#include <variant>

#include "daemon/api/audit_log.h"
#include "daemon/core/identity/peer_name.h"

namespace sov::app {
namespace {

using api::LogLevel;

std::string state_text(DiscoveryState state) {
    switch (state) {
        case DiscoveryState::kStarting: return "starting";
        case DiscoveryState::kBootstrapping: return "bootstrapping";
        case DiscoveryState::kPopulating: return "populating";
        case DiscoveryState::kReady: return "ready";
        case DiscoveryState::kIsolated: return "isolated";
    }
    return "";
}

std::string reachability_text(Reachability reachability) {
    switch (reachability) {
        case Reachability::kUnknown: return "unknown";
        case Reachability::kClient: return "client";
        case Reachability::kServer: return "server";
    }
    return "";
}

struct Line {
    LogSink& log;

    void operator()(const StateChanged& changed) const {
        const bool lost = changed.to == DiscoveryState::kIsolated;
        log.write(lost ? LogLevel::kWarning : LogLevel::kInfo, "discovery", "discovery.state",
                  lost ? "no known peer answers" : "discovery moved on",
                  {{"from", state_text(changed.from)}, {"to", state_text(changed.to)}});
    }
    void operator()(const ReachabilityChanged& changed) const {
        log.write(LogLevel::kInfo, "node", "node.reachability", "reachability from outside changed",
                  {{"family", changed.family == Family::kIpv4 ? "ipv4" : "ipv6"},
                   {"to", reachability_text(changed.to)}});
        if (log.wants("node", LogLevel::kDebug)) {
            log.write(LogLevel::kDebug, "node", "node.reachability_detail", changed.reason,
                      {{"address", changed.address.text()}});
        }
    }
    void operator()(const NodeDiscovered& node) const {
        table("table.added", "a node entered the table", node.node, node.endpoint);
    }
    void operator()(const NodeLost& node) const {
        table("table.removed", "a node left the table", node.node, node.endpoint);
    }
    void operator()(const RecordStored& stored) const {
        if (!log.wants("dht", LogLevel::kDebug)) return;
        log.write(LogLevel::kDebug, "dht", "record.stored", "keeps a record for somebody",
                  {{"key", stored.key.hex()}, {"seq", std::to_string(stored.sequence)}});
    }
    void operator()(const EquivocationSeen& seen) const {
        if (!log.wants("dht", LogLevel::kDebug)) return;
        log.write(LogLevel::kDebug, "dht", "record.equivocation",
                  "an owner signed two records under one sequence number",
                  {{"key", seen.key.hex()}, {"seq", std::to_string(seen.sequence)}});
    }
    void operator()(const OwnValueOver& over) const {
        if (!over.lost_to) return;
        log.write(LogLevel::kInfo, "dht", "value.overtaken",
                  "a value is kept no longer: its owner has stored another version elsewhere",
                  {{"key", over.key.hex()}, {"seq", std::to_string(*over.lost_to)}});
    }
    void operator()(const OwnRecordPublished& published) const {
        log.write(
            published.error ? LogLevel::kWarning : LogLevel::kDebug, "dht", "record.published",
            published.error ? "an own record could not be stored" : "an own record was stored",
            {{"key", published.key.hex()},
             {"nodes", std::to_string(published.stored)},
             {"error", published.error ? std::string(errc_name(*published.error)) : "none"}});
    }
    void operator()(const EclipseSuspected& eclipse) const {
        log.write(eclipse.suspected ? LogLevel::kWarning : LogLevel::kInfo, "node", "node.eclipse",
                  eclipse.suspected ? "one party may surround this node"
                                    : "no signs any more that one party surrounds this node",
                  {{"signs", eclipse.signs}});
    }
    void operator()(const RegionCrowded& region) const {
        log.write(region.crowded ? LogLevel::kWarning : LogLevel::kInfo, "dht", "region.crowded",
                  region.crowded ? "more nodes than there can be stand next to a key"
                                 : "a key is not crowded any more",
                  {{"key", region.key.hex()}});
    }
    void operator()(const NameOwnerChanged& changed) const {
        log.write(LogLevel::kWarning, "discovery", "name.owner_changed",
                  "a name belongs to somebody else than when it was first used",
                  {{"name", changed.name},
                   {"pinned", identity::peer_text(changed.pinned)},
                   {"now", identity::peer_text(changed.now)}});
    }
    void operator()(const PeerMoved& moved) const {
        log.write(
            LogLevel::kInfo, "discovery", "friend.moved",
            "a friend has another key now, and said so with both",
            {{"from", identity::peer_text(moved.from)}, {"to", identity::peer_text(moved.to)}});
    }
    void operator()(const SecondKeyBroken& broken) const {
        log.write(LogLevel::kWarning, "discovery", "friend.second_key",
                  broken.missing ? "a friend's record lacks the second key that they were seen with"
                                 : "a friend's record names another second key than before",
                  {{"peer", identity::peer_text(broken.peer)},
                   {"found", broken.missing ? "missing" : "changed"},
                   {"done", broken.refused ? "refused" : "believed"}});
    }
    void operator()(const HandOverDisputed& disputed) const {
        log.write(LogLevel::kWarning, "discovery", "identity.disputed",
                  "different hand-overs are signed with one key: it was stolen",
                  {{"peer", identity::peer_text(disputed.peer)}});
    }
    void operator()(const IdentityElsewhere& elsewhere) const {
        std::string where;
        for (const identity::PeerNode& node : elsewhere.nodes) {
            for (const Endpoint& endpoint : node.endpoints) where += endpoint.text() + " ";
        }
        log.write(LogLevel::kWarning, "node", "identity.elsewhere",
                  elsewhere.handed_to ? "this key was handed over, and not here"
                                      : "this identity is in use on another machine, too",
                  {{"at", where},
                   {"to", elsewhere.handed_to ? identity::peer_text(*elsewhere.handed_to) : ""}});
    }
    void operator()(const BootstrapProblem& problem) const {
        // The node key is what the operator configured and has to correct.
        log.write(LogLevel::kWarning, "discovery", "bootstrap.problem",
                  "a bootstrap peer can't be used",
                  {{"node", identity::node_text(problem.pinned)}, {"reason", problem.reason}});
    }
    template <typename Other>
    void operator()(const Other&) const {}

    void table(std::string_view event, std::string_view message, const NodeId& node,
               const Endpoint& endpoint) const {
        if (!log.wants("dht", LogLevel::kDebug)) return;
        log.write(LogLevel::kDebug, "dht", event, message,
                  {{"node", node.hex()}, {"address", endpoint.text()}});
    }
};

}  // namespace

void log_audit(LogSink& log, const sovereign::v1::Event& entry) {
    const auto& audited = entry.audited();
    const auto role = api::role_word(static_cast<api::Role>(audited.role()));
    const std::initializer_list<LogField> fields = {
        {"client_uid", std::to_string(audited.user())},
        {"client_pid", std::to_string(audited.process())},
        {"app", audited.app()},
        {"role", std::string(role)},
        {"rpc", audited.method()},
        {"subject", audited.subject()},
        {"code", audited.code().empty() ? "done" : audited.code()},
        {"times", std::to_string(audited.times())}};
    if (entry.type() == api::AuditLog::kRefused) {
        log.write(LogLevel::kInfo, "api", "api.refused", "a local user was refused", fields);
    } else {
        log.write(LogLevel::kInfo, "api", "api.change", "a local user changed something", fields);
    }
}

void log_event(LogSink& log, const Event& event) { std::visit(Line{log}, event); }

}  // namespace sov::app
