#include "daemon/api/caller.h"

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

namespace sov::api {
namespace {

bool in_any(const Caller& caller, const std::vector<gid_t>& wanted) {
    return std::any_of(wanted.begin(), wanted.end(), [&](gid_t group) {
        return caller.gid == group ||
               std::find(caller.groups.begin(), caller.groups.end(), group) != caller.groups.end();
    });
}

}  // namespace

std::string_view role_word(Role role) {
    switch (role) {
        case Role::kNone: return "none";
        case Role::kObserve: return "observe";
        case Role::kUse: return "use";
        case Role::kAdmin: return "admin";
    }
    return "none";
}

std::optional<Caller> read_caller(int descriptor) {
    ucred credentials{};
    socklen_t size = sizeof credentials;
    if (getsockopt(descriptor, SOL_SOCKET, SO_PEERCRED, &credentials, &size) != 0)
        return std::nullopt;
    Caller caller{credentials.uid, credentials.gid, credentials.pid, {}, {}};
    // The kernel says how much room it wants when there is too little; 65536 groups is its maximum.
    socklen_t room = 64 * sizeof(gid_t);
    for (int attempt = 0; attempt < 2; ++attempt) {
        caller.groups.resize(room / sizeof(gid_t));
        if (getsockopt(descriptor, SOL_SOCKET, SO_PEERGROUPS, caller.groups.data(), &room) == 0) {
            caller.groups.resize(room / sizeof(gid_t));
            return caller;
        }
        if (errno != ERANGE) return std::nullopt;
    }
    return std::nullopt;
}

Role role_of(const Caller& caller, const AccessRules& rules) {
    if (caller.uid == 0 || caller.uid == rules.daemon_uid) return Role::kAdmin;
    if (in_any(caller, rules.admin_groups)) return Role::kAdmin;
    if (in_any(caller, rules.use_groups)) return Role::kUse;
    return Role::kObserve;
}

std::string app_name(std::string_view user_agent) {
    std::string_view own = user_agent.substr(0, user_agent.find("grpc-"));
    while (own.ends_with(' ')) own.remove_suffix(1);
    std::string name(own.substr(0, Caller::kAppNameMax));
    std::replace_if(
        name.begin(), name.end(), [](unsigned char c) { return c < 0x20 || c > 0x7e; }, '?');
    return name;
}

}  // namespace sov::api
