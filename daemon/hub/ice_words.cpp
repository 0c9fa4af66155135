#include "daemon/hub/ice_words.h"

#include <algorithm>
#include <array>
#include <vector>

namespace sov::hub {

namespace {

/// "2 host, 1 srflx", or "none".
std::string kinds_of(const std::vector<IceCandidate>& candidates) {
    std::string text;
    using enum CandidateKind;
    for (const CandidateKind kind : std::array{kHost, kServerReflexive, kRelayed}) {
        const auto count = std::count_if(candidates.begin(), candidates.end(),
                                         [&](const auto& one) { return one.kind == kind; });
        if (count == 0) continue;
        if (!text.empty()) text += ", ";
        text += std::to_string(count) + " " + std::string(candidate_kind_name(kind));
    }
    return text.empty() ? "none" : text;
}

bool any(const std::vector<IceCandidate>& candidates, CandidateKind kind) {
    return std::any_of(candidates.begin(), candidates.end(),
                       [&](const IceCandidate& one) { return one.kind == kind; });
}

std::string why_no_path(const IceReport& report) {
    const std::string told =
        " (candidates: ours " + kinds_of(report.ours) + "; theirs " + kinds_of(report.theirs) + ")";
    if (report.ours.empty())
        return "this host has no address that others could reach" + told +
               ": check that it is online";
    if (report.theirs.empty())
        return "the other side told no address that may be tried" + told +
               ": it may be offline by now, try again";
    const bool relayed =
        any(report.ours, CandidateKind::kRelayed) || any(report.theirs, CandidateKind::kRelayed);
    if (relayed)
        return "no pair of addresses works, not even over the relay" + told +
               ": check that the relay of connect.turn_servers answers and takes its password";
    if (report.relays)
        return "no pair of addresses works, and our relay gave no address" + told +
               ": check that the server of connect.turn_servers answers and takes its password";
    return "no pair of addresses works through the routers between, and neither side has a relay" +
           told + ": set connect.turn_servers on one side";
}

}  // namespace

std::string explain(const IceReport& report) {
    if (report.outcome == "no_path") return why_no_path(report);
    const bool silent = report.outcome == "no_answer" || report.outcome == "not_needed";
    if (silent && !report.answered && !report.called)
        return "the other side did not answer our call through the DHT: it is offline, or has not "
               "added you as a friend (sovctl friend add)";
    if (silent && !report.connected_after) return why_no_path(report);
    if (report.outcome == "clocks_apart")
        return "the clocks of the two hosts are more than two minutes apart: set them";
    if (report.outcome == "over_limit")
        return "there is no room for more calls on one of the two sides: try again later";
    if (report.outcome == "refused") return "the other side ended the call: try again";
    return {};
}

}  // namespace sov::hub
