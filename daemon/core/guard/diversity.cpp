#include "daemon/core/guard/diversity.h"

#include <algorithm>

namespace sov::guard {

bool counts_for_diversity(const Endpoint& endpoint) { return endpoint.scope() == Scope::kGlobal; }

void SubnetCount::change(std::vector<Count>& counts, std::uint64_t prefix, int by) {
    const auto place =
        std::lower_bound(counts.begin(), counts.end(), prefix,
                         [](const Count& c, std::uint64_t p) { return c.prefix < p; });
    if (place == counts.end() || place->prefix != prefix) {
        if (by > 0) counts.insert(place, Count{prefix, 1});
        return;
    }
    place->count = static_cast<std::uint32_t>(static_cast<int>(place->count) + by);
    if (place->count == 0) counts.erase(place);
}

std::size_t SubnetCount::count_of(const std::vector<Count>& counts, std::uint64_t prefix) {
    const auto place =
        std::lower_bound(counts.begin(), counts.end(), prefix,
                         [](const Count& c, std::uint64_t p) { return c.prefix < p; });
    return place == counts.end() || place->prefix != prefix ? 0 : place->count;
}

void SubnetCount::add(const Endpoint& endpoint) {
    if (!counts_for_diversity(endpoint)) return;
    change(near_, near_prefix(endpoint), 1);
    change(far_, far_prefix(endpoint), 1);
}

void SubnetCount::remove(const Endpoint& endpoint) {
    if (!counts_for_diversity(endpoint)) return;
    change(near_, near_prefix(endpoint), -1);
    change(far_, far_prefix(endpoint), -1);
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
