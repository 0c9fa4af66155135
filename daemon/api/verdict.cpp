#include "daemon/api/verdict.h"

#include <algorithm>
#include <cstdlib>
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

/// Of a network without a router nothing else can be had, so by itself it takes nothing from a
/// node.
void judge_way_out(const EconomyFacts& economy, Verdict& verdict) {
    if (!economy.no_way_out) return;
    verdict.reasons.push_back({"no_way_out",
                               "no route leads beyond this host's own networks: only peers on "
                               "these can be reached",
                               "connect this host to a router; 'ip route' then has a line "
                               "'default', and the node notices by itself"});
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
                if (input.economy.no_way_out) verdict.sentence += ": no route leads out of here";
                judge_way_out(input.economy, verdict);
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

std::string_view way(std::chrono::milliseconds off) { return off.count() > 0 ? "ahead" : "behind"; }

std::string span_words(std::chrono::milliseconds off) {
    const std::int64_t minutes = std::abs(off.count()) / 60'000;
    if (minutes < 120) return std::to_string(minutes) + " minutes";
    if (minutes < 48 * 60) return std::to_string(minutes / 60) + " hours";
    return std::to_string(minutes / (24 * 60)) + " days";
}

/// What makes a working node a degraded one.
void judge_economy(const EconomyFacts& economy, Verdict& verdict) {
    if (economy.clock_absurd) {
        verdict.reasons.push_back(
            {"clock_absurd",
             "the clock of this host shows a time that can't be; it is not believed",
             "set the clock: 'timedatectl set-ntp true'"});
    } else if (economy.clock_off.count() != 0) {
        verdict.reasons.push_back({"clock_jumped",
                                   "the clock of this host jumped and is " +
                                       span_words(economy.clock_off) + ' ' +
                                       std::string(way(economy.clock_off)) +
                                       " of the time that passed; the node goes by the latter",
                                   "check it with 'timedatectl'; after an hour it is believed"});
    }
    if (economy.budget_stage == "used_up") {
        verdict.reasons.push_back(
            {"traffic_used_up",
             "the traffic budget of this month is used up: nothing leaves for the Internet",
             "raise traffic.monthly_budget and run 'sovctl config reload'"});
    }
}

/// What is worth knowing.
void judge_thrift(const EconomyFacts& economy, Verdict& verdict) {
    const std::string& stage = economy.budget_stage;
    if (stage.empty() || stage == "plenty" || stage == "used_up") return;
    verdict.reasons.push_back(
        {"traffic_low",
         std::to_string(economy.used * 100 / std::max<std::uint64_t>(economy.budget, 1)) +
             " % of this month's traffic budget are used: " +
             (stage == "no_bulk"          ? "apps get no new streams, nobody is served"
              : stage == "refreshes_less" ? "tables are looked after more rarely, nobody is served"
                                          : "nobody is served"),
         "raise traffic.monthly_budget, or wait for the next month"});
}

// Whether somebody else has our key.
void judge_identity(const VerdictInput& input, Verdict& verdict) {
    const ElsewhereStatus& elsewhere = input.status.elsewhere;
    if (elsewhere.seen && elsewhere.handed_to) {
        verdict.reasons.push_back(
            {"identity_handed_over",
             "this key was handed over to " + identity::peer_text(*elsewhere.handed_to) +
                 ", and not on this machine: others follow it there",
             "if that was you, bring the new key here: 'sovctl identity export' there, 'sovctl "
             "identity import' here; if not, somebody had this key, and it can't be used again"});
    } else if (elsewhere.seen) {
        verdict.reasons.push_back({"identity_elsewhere",
                                   "this identity is in use on another machine, too; others reach "
                                   "now the one and now the other",
                                   "'sovctl identity show' says where; end the daemon on one of "
                                   "them; if the other one is not yours, 'sovctl identity "
                                   "rotate' at once"});
    }
    if (input.hand_over_disputed)
        verdict.reasons.push_back({"identity_disputed",
                                   "somebody else signed a hand-over with an old key of yours; "
                                   "who followed yours stays with you",
                                   "tell your friends the new id: 'sovctl identity show'"});
}

}  // namespace

bool any_disputed(const std::vector<OwnHandOver>& hand_overs) {
    return std::any_of(hand_overs.begin(), hand_overs.end(),
                       [](const OwnHandOver& own) { return own.disputed; });
}

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
    judge_identity(input, verdict);
    judge_own_records(input, verdict);
    judge_economy(input.economy, verdict);
    // What stands above makes a working node degraded; what follows is only worth knowing.
    if (verdict.word == VerdictWord::kOnline && verdict.reasons.size() > grave) {
        verdict.word = VerdictWord::kDegraded;
        verdict.sentence += "; " + verdict.reasons[grave].sentence;
    }
    judge_bootstrap(input, verdict);
    const bool told = std::any_of(verdict.reasons.begin(), verdict.reasons.end(),
                                  [](const auto& one) { return one.code == "no_way_out"; });
    if (!told) judge_way_out(input.economy, verdict);
    judge_thrift(input.economy, verdict);
    if (input.identity_waits)
        verdict.reasons.push_back({"identity_restart",
                                   "the identity was replaced; this daemon is still the old one",
                                   "sudo systemctl restart sovereignd"});
    if (!input.store_notice.empty())
        verdict.reasons.push_back({"store_set_aside", input.store_notice, ""});
    return verdict;
}

}  // namespace sov::api
