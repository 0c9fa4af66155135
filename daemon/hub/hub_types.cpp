#include "daemon/hub/hub_types.h"

namespace sov::hub {

std::string_view path_class_name(PathClass path) {
    switch (path) {
        case PathClass::kLan: return "lan";
        case PathClass::kDirect: return "direct";
        case PathClass::kRelayed: return "relayed";
    }
    return "unknown";
}

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
