#include "daemon/core/connect/path_planner.h"

#include <algorithm>
#include <tuple>

namespace sov::connect {

bool is_local(const Endpoint& endpoint) {
    const Scope scope = endpoint.scope();
    return scope == Scope::kLoopback || scope == Scope::kLinkLocal || scope == Scope::kLan;
}

bool PathPlanner::wanted(const Endpoint& endpoint) const {
    if (endpoint.scope() == Scope::kBogon) return false;
    if (!(endpoint.family == Family::kIpv4 ? options_.ipv4 : options_.ipv6)) return false;
    return is_local(endpoint) ? options_.lan : options_.global;
}

void PathPlanner::add(const std::vector<Candidate>& candidates) {
    for (const Candidate& candidate : candidates) {
        if (!wanted(candidate.endpoint)) continue;
        if (std::find(tried_.begin(), tried_.end(), candidate.endpoint) != tried_.end()) continue;
        const auto known = std::find_if(
            untried_.begin(), untried_.end(),
            [&](const Candidate& other) { return other.endpoint == candidate.endpoint; });
        if (known == untried_.end()) {
            untried_.push_back(candidate);
        } else {
            known->source = std::min(known->source, candidate.source);
        }
        if (tried_.size() + untried_.size() <= options_.addresses_max) continue;
        // The least promising goes; of equal ones the one that came last.
        const auto rank = [](const Candidate& one) {
            return std::tuple(!is_local(one.endpoint), one.source);
        };
        auto worst = untried_.begin();
        for (auto at = untried_.begin(); at != untried_.end(); ++at) {
            if (rank(*at) >= rank(*worst)) worst = at;
        }
        untried_.erase(worst);
    }
}

std::vector<Candidate>::iterator PathPlanner::best() {
    const auto rank = [this](const Candidate& one) {
        return std::tuple(!is_local(one.endpoint), one.source,
                          last_family_ && one.endpoint.family == *last_family_);
    };
    return std::min_element(
        untried_.begin(), untried_.end(),
        [&](const Candidate& a, const Candidate& b) { return rank(a) < rank(b); });
}

PathPlanner::Step PathPlanner::next(Instant now) {
    if (untried_.empty()) {
        if (complete_) return Done{};
        return Wait{kNever};
    }
    if (now < may_begin_) return Wait{may_begin_};
    const auto chosen = best();
    const Endpoint endpoint = chosen->endpoint;
    untried_.erase(chosen);
    tried_.push_back(endpoint);
    last_family_ = endpoint.family;
    may_begin_ = now + (is_local(endpoint) ? options_.stagger_lan : options_.stagger);
    return Dial{endpoint};
}

}  // namespace sov::connect
