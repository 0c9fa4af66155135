#include "daemon/core/guard/diversity.h"

namespace sov::guard {

bool counts_for_diversity(const Endpoint& endpoint) { return endpoint.scope() == Scope::kGlobal; }

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
