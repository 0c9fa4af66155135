#include "daemon/api/verdict.h"

#include <algorithm>
#include <utility>

#include "daemon/core/identity/peer_name.h"

namespace sov::api {
namespace {

/// Our own record is published within seconds of being ready; a status in between is not alarmed.
constexpr std::size_t kNodesToExpectReplicas = 1;

std::string families_in_use(const NodeStatus& status) {
    const bool v4 = status.v4.table_nodes > 0, v6 = status.v6.table_nodes > 0;
    if (v4 && v6) return "IPv4+IPv6";
    return v4 ? "IPv4" : v6 ? "IPv6" : "no peers yet";
}

std::size_t reachable_nodes(const NodeStatus& status) {
    return status.v4.table_nodes + status.v6.table_nodes;
}

void judge_joining(const VerdictInput& input, Verdict& verdict) {
    const std::size_t peers = input.bootstrap.size();
    switch (input.status.state) {
        case DiscoveryState::kStarting:
        case DiscoveryState::kBootstrapping:
            verdict.word = VerdictWord::kStarting;
            verdict.sentence = "asking " + std::to_string(peers) + " known peers";
            break;
        case DiscoveryState::kPopulating:
            verdict.word = VerdictWord::kStarting;
            verdict.sentence =
                "joining, " + std::to_string(reachable_nodes(input.status)) + " nodes known";
            break;
        case DiscoveryState::kReady:
            verdict.word = VerdictWord::kOnline;
            verdict.sentence = "direct UDP, " + families_in_use(input.status);
            break;
        case DiscoveryState::kIsolated:
            verdict.word = VerdictWord::kOffline;
            if (peers == 0) {
                verdict.sentence = "no peer known to join through";
                verdict.reasons.push_back({"no_bootstrap",
                                           "no bootstrap peer is configured and none is "
                                           "remembered; others can still join through this node",
                                           "add bootstrap.peer to the configuration: on a running "
                                           "node 'sovctl whoami --bootstrap' prints the line"});
            } else {
                verdict.sentence = "none of " + std::to_string(peers) + " known peers answers";
                verdict.reasons.push_back(
                    {"isolated",
                     "none of the " + std::to_string(peers) +
                         " known peers answers; trying again with growing pauses",
                     "check the network and the firewall for outgoing UDP"});
            }
            break;
    }
}

void judge_bootstrap(const VerdictInput& input, Verdict& verdict) {
    for (const BootstrapEntry& entry : input.bootstrap) {
        if (entry.problem.empty() || entry.source == BootstrapSource::kAnchor ||
            entry.source == BootstrapSource::kCache)
            continue;
        const bool wrong_key = entry.problem.find("key") != std::string::npos;
        verdict.reasons.push_back(
            {wrong_key ? "bootstrap_wrong_key" : "bootstrap_unreachable",
             "bootstrap peer " + identity::node_text(entry.key).substr(0, 16) +
                 "...: " + entry.problem,
             wrong_key ? "ask its operator for 'sovctl whoami --bootstrap' and replace the line"
                       : ""});
    }
}

void judge_own_records(const VerdictInput& input, Verdict& verdict) {
    if (input.status.state != DiscoveryState::kReady) return;
    const bool expected = reachable_nodes(input.status) >= kNodesToExpectReplicas;
    if (expected && input.status.own_record_replicas == 0) {
        verdict.reasons.push_back({"record_not_stored",
                                   "no node holds this peer's record yet, so others can't find it",
                                   ""});
    }
    for (const OwnName& name : input.names) {
        if (name.problem.empty()) continue;
        verdict.reasons.push_back(
            {"name_not_stored", "the name " + name.name + " is not stored: " + name.problem, ""});
    }
}

}  // namespace

std::string_view verdict_text(VerdictWord word) {
    switch (word) {
        case VerdictWord::kStarting: return "starting";
        case VerdictWord::kOnline: return "online";
        case VerdictWord::kDegraded: return "degraded";
        case VerdictWord::kOffline: return "offline";
    }
    return "";
}

Verdict judge(const VerdictInput& input) {
    Verdict verdict;
    judge_joining(input, verdict);
    const std::size_t grave = verdict.reasons.size();
    if (!input.store_problem.empty()) {
        verdict.reasons.push_back({"store_failing", "can't write to disk: " + input.store_problem,
                                   "free space or check permissions; it is tried again by itself"});
    }
    for (const LayerSwitch& layer : input.layers) {
        // Without the local layers a node is as good as its network.
        if (!layer.on && (layer.name == "bootstrap" || layer.name == "dht"))
            verdict.reasons.push_back(
                {"layer_off", "the layer " + layer.name + " is switched off", ""});
    }
    if (input.mode == ConfiguredMode::kServer) {
        for (const auto& [family, word] :
             {std::pair(&input.status.v4, "IPv4"), std::pair(&input.status.v6, "IPv6")}) {
            if (!family->enabled || family->reachability != Reachability::kClient) continue;
            verdict.reasons.push_back(
                {"not_reachable",
                 std::string("not reachable over ") + word + ": " + family->reachability_reason,
                 "let UDP to the port of udp.port in, or set node.mode = auto"});
        }
    }
    if (input.status.eclipse_suspected) {
        verdict.reasons.push_back(
            {"eclipse_suspected",
             "one party's nodes may surround this one: " + input.status.eclipse_signs,
             "add a bootstrap.peer that you trust, then restart; 'sovctl status --json' has the "
             "figures"});
    }
    judge_own_records(input, verdict);
    // What stands above makes a working node degraded; what follows is only worth knowing.
    if (verdict.word == VerdictWord::kOnline && verdict.reasons.size() > grave) {
        verdict.word = VerdictWord::kDegraded;
        verdict.sentence += "; " + verdict.reasons[grave].sentence;
    }
    judge_bootstrap(input, verdict);
    if (!input.store_notice.empty())
        verdict.reasons.push_back({"store_set_aside", input.store_notice, ""});
    return verdict;
}

}  // namespace sov::api
