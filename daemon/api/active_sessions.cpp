#include "daemon/api/active_sessions.h"

namespace sov::api {

bool ActiveSessions::has(uid_t user, Time now) {
    if (!look_) return false;
    {
        const std::lock_guard lock(mutex_);
        const auto known = known_.find(user);
        if (known != known_.end() && now - known->second.since < kFresh)
            return known->second.active;
    }
    // Not under the lock: files of one user must not hold up the calls of others.
    const bool active = look_(user);
    const std::lock_guard lock(mutex_);
    if (known_.size() >= kUsersMax) known_.clear();
    known_[user] = {now, active};
    return active;
}

}  // namespace sov::api
