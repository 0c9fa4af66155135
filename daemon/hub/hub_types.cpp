#include "daemon/hub/hub_types.h"

namespace sov::hub {

bool allows(DialPolicy policy, PathClass path) {
    switch (policy) {
        case DialPolicy::kAny: return true;
        case DialPolicy::kDirectOnly: return path != PathClass::kRelayed;
        case DialPolicy::kRelayOnly: return path == PathClass::kRelayed;
        case DialPolicy::kLanOnly: return path == PathClass::kLan;
    }
    return false;
}

}  // namespace sov::hub
