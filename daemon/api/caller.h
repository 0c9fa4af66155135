#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sov::api {

/// What a local caller may do; each role includes the ones before it. Same words as in
/// proto/sovereign/v1/access.proto.
enum class Role : std::uint8_t { kNone, kObserve, kUse, kAdmin };
std::string_view role_word(Role role);

/// Who is at the other end of a connection: the kernel's word for it, taken when the connection was
/// made. A process that passes its connection on passes its rights on with it.
struct Caller {
    static constexpr std::size_t kAppNameMax = 64;

    uid_t uid = 0;
    gid_t gid = 0;
    pid_t pid =
        0;  ///< for display only: maybe somebody else's by now, 0 from another pid namespace
    std::vector<gid_t> groups;  ///< supplementary; without asking any name service
    /// What the program calls itself in this call; nobody checks it. At most kAppNameMax
    /// characters.
    std::string app = {};
};

/// Reads SO_PEERCRED and SO_PEERGROUPS of a connected Unix socket; nothing when the kernel refuses.
std::optional<Caller> read_caller(int descriptor);

/// Which uid and which groups have which role. The boundary is the uid: programs of one user can
/// always impersonate each other.
struct AccessRules {
    uid_t daemon_uid = 0;
    std::vector<gid_t> use_groups;
    std::vector<gid_t> admin_groups;
    /// Who would only observe, but sits at this host, has the role use.
    bool use_sessions = false;
};

/// root, the daemon's own uid and the admin groups: admin. The use groups: use. Everybody else who
/// could open the socket: observe, as far as groups decide.
Role role_of(const Caller& caller, const AccessRules& rules);

/// What a program calls itself, from the user agent of its calls ("chat/1.2 grpc-c++/1.51.1 ..."):
/// the words before gRPC's own, cut and without control characters. Empty for programs that only
/// say which gRPC they use.
std::string app_name(std::string_view user_agent);

}  // namespace sov::api
