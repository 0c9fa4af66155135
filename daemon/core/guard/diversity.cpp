#include "daemon/core/guard/diversity.h"

#include <algorithm>

namespace sov::guard {

bool counts_for_diversity(const Endpoint& endpoint) { return endpoint.scope() == Scope::kGlobal; }

namespace {

/// Room is added in small steps: a network of many nodes in one process has many of these.
constexpr std::size_t kGrowth = 16;

std::uint32_t folded(std::uint64_t prefix) {
    return static_cast<std::uint32_t>((prefix * 0x9e3779b97f4a7c15ULL) >> 32);
}

}  // namespace

void SubnetCount::insert(Prefixes& prefixes, std::uint64_t prefix) {
    if (prefixes.size() == prefixes.capacity()) prefixes.reserve(prefixes.size() + kGrowth);
    prefixes.insert(std::lower_bound(prefixes.begin(), prefixes.end(), folded(prefix)),
                    folded(prefix));
}

void SubnetCount::erase(Prefixes& prefixes, std::uint64_t prefix) {
    const auto place = std::lower_bound(prefixes.begin(), prefixes.end(), folded(prefix));
    if (place != prefixes.end() && *place == folded(prefix)) prefixes.erase(place);
}

std::size_t SubnetCount::count_of(const Prefixes& prefixes, std::uint64_t prefix) {
    const auto [first, last] = std::equal_range(prefixes.begin(), prefixes.end(), folded(prefix));
    return static_cast<std::size_t>(last - first);
}

void SubnetCount::add(const Endpoint& endpoint) {
    if (!counts_for_diversity(endpoint)) return;
    insert(near_, near_prefix(endpoint));
    insert(far_, far_prefix(endpoint));
}

void SubnetCount::remove(const Endpoint& endpoint) {
    if (!counts_for_diversity(endpoint)) return;
    erase(near_, near_prefix(endpoint));
    erase(far_, far_prefix(endpoint));
}

bool SubnetCount::fits(const Endpoint& endpoint, std::size_t near_max, std::size_t far_max) const {
    if (!counts_for_diversity(endpoint)) return true;
    return count_of(near_, near_prefix(endpoint)) < near_max &&
           count_of(far_, far_prefix(endpoint)) < far_max;
}

bool may_tell(const Endpoint& asker, const Endpoint& address) {
    const Scope from = asker.scope();
    switch (address.scope()) {
        case Scope::kGlobal: return true;
        case Scope::kLan:
            return from == Scope::kLan || from == Scope::kLoopback || from == Scope::kLinkLocal;
        case Scope::kLoopback: return from == Scope::kLoopback;
        case Scope::kLinkLocal: return false;
        case Scope::kBogon: return false;
    }
    return false;
}

}  // namespace sov::guard
