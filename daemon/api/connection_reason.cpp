#include "daemon/api/connection_reason.h"

#include <algorithm>
#include <string_view>

#include "daemon/hub/ice_words.h"

namespace sov::api {
namespace {

bool offers(const std::vector<IceCandidate>& candidates, CandidateKind kind) {
    return std::any_of(candidates.begin(), candidates.end(),
                       [&](const IceCandidate& one) { return one.kind == kind; });
}

ConnectionReason of_relayed(const std::optional<hub::IceReport>& call) {
    ConnectionReason found;
    found.reason = "relayed: no direct pair of addresses has answered yet";
    found.next_step =
        "sovctl netcheck on both sides; a router with port mapping on one side makes it direct";
    if (!call) return found;
    if (!offers(call->theirs, CandidateKind::kServerReflexive) &&
        !offers(call->ours, CandidateKind::kServerReflexive)) {
        found.reason = "relayed: neither side knows its own address outside its NAT";
        found.next_step = "set connect.stun_servers on one side";
    } else if (call->rounds > 1) {
        found.reason = "relayed: no direct pair of addresses has answered in " +
                       std::to_string(call->rounds) + " searches";
    }
    return found;
}

ConnectionReason of_failure(std::string_view outcome) {
    if (outcome == "not_admitted") {
        return {"the peer takes connections from its friends only",
                "on their side: sovctl friend add, with the id that sovctl whoami shows here"};
    }
    if (outcome == "wrong_peer")
        return {"somebody else lives at the address of this peer", "sovctl find --trace"};
    if (outcome == "over_limit")
        return {"the peer has too many connections", "try again in a minute"};
    if (outcome == "trying") return {"a connection is being tried right now", ""};
    return {"nothing answered at the addresses of this peer: " + std::string(outcome),
            "sovctl netcheck"};
}

}  // namespace

ConnectionReason reason_of(const std::optional<hub::ConnectionView>& connection,
                           const std::vector<hub::DialAttempt>& attempts,
                           const std::optional<hub::IceReport>& call, std::string_view peer) {
    if (connection) {
        if (connection->path == hub::PathClass::kRelayed) return of_relayed(call);
        const bool lan = connection->path == hub::PathClass::kLan;
        if (connection->carrier == "ice")
            return {"direct: the routers between let the two sides through to each other", ""};
        return {lan ? "on a network of this site" : "direct: an address of the peer answers", ""};
    }
    // What the peer itself refused stands before what the network did.
    for (const hub::DialAttempt& one : attempts) {
        if (one.outcome == "not_admitted" || one.outcome == "over_limit" ||
            one.outcome == "wrong_peer")
            return of_failure(one.outcome);
    }
    if (call) {
        const std::string words = hub::explain(*call);
        if (!words.empty()) {
            const auto cut = words.rfind(": ");
            if (cut == std::string::npos) return {words, ""};
            return {words.substr(0, cut), words.substr(cut + 2)};
        }
    }
    if (attempts.empty())
        return {"there is no connection, and none was tried lately",
                "sovctl connect " + std::string(peer)};
    if (attempts.front().outcome == "connected" || attempts.front().outcome == "not_needed")
        return {"the last connection was closed and nobody asked for another",
                "sovctl connect " + std::string(peer)};
    return of_failure(attempts.front().outcome);
}

}  // namespace sov::api
