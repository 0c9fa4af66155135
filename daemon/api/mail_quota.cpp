#include "daemon/api/mail_quota.h"

namespace sov::api {

bool MailQuota::admit(uid_t user, Time now) {
    const std::lock_guard lock(mutex_);
    for (auto user_times = left_.begin(); user_times != left_.end();) {
        auto& times = user_times->second;
        while (!times.empty() && now - times.front() >= std::chrono::hours(1)) times.pop_front();
        user_times = times.empty() ? left_.erase(user_times) : std::next(user_times);
    }
    const auto known = left_.find(user);
    const std::size_t count = known == left_.end() ? 0 : known->second.size();
    if (count >= kPerHour || (count == 0 && left_.size() >= kUsersMax)) return false;
    left_[user].push_back(now);
    return true;
}

}  // namespace sov::api
