#include "daemon/core/connect/candidate_filter.h"

#include <algorithm>

namespace sov::connect {

namespace {

bool fits_scope(const Endpoint& endpoint, Trust trust, const OwnPlaces& own) {
    switch (endpoint.scope()) {
        case Scope::kBogon:
        case Scope::kLinkLocal: return false;
        case Scope::kLoopback: return own.loopback_only;
        case Scope::kLan: return trust == Trust::kFriend;
        case Scope::kGlobal: return true;
    }
    return false;
}

}  // namespace

bool may_check(const IceCandidate& candidate, Trust from, const OwnPlaces& own) {
    return candidate.endpoint.port != 0 && fits_scope(candidate.endpoint, from, own) &&
           std::find(own.endpoints.begin(), own.endpoints.end(), candidate.endpoint) ==
               own.endpoints.end();
}

bool may_tell(const IceCandidate& candidate, Trust to, const OwnPlaces& own) {
    return is_well_formed(candidate) && candidate.endpoint.port != 0 &&
           fits_scope(candidate.endpoint, to, own);
}

}  // namespace sov::connect
