#include "daemon/app/groups.h"

#include <grp.h>

#include <cerrno>
#include <charconv>
#include <vector>

namespace sov::app {

std::optional<gid_t> group_id(const std::string& group) {
    gid_t id = 0;
    const auto [end, error] = std::from_chars(group.data(), group.data() + group.size(), id);
    if (!group.empty() && error == std::errc{} && end == group.data() + group.size()) return id;
    // Large groups have long member lists; a megabyte is beyond any real one.
    for (std::size_t size = 4096; size <= (1 << 20); size *= 4) {
        std::vector<char> buffer(size);
        struct group entry {};
        struct group* found = nullptr;
        const int result = getgrnam_r(group.c_str(), &entry, buffer.data(), buffer.size(), &found);
        if (found != nullptr) return entry.gr_gid;
        if (result != ERANGE) return std::nullopt;
    }
    return std::nullopt;
}

}  // namespace sov::app
