#pragma once

#include <sys/types.h>

#include <chrono>
#include <deque>
#include <map>
#include <mutex>

namespace sov::api {

/// How much mail each local user may leave: kPerHour in any hour, so that one app can't use up what
/// others need, nor make this daemon a source of floods. Thread-safe. Remembers users of the last
/// hour, at most kUsersMax; past it new ones are refused.
class MailQuota {
  public:
    using Time = std::chrono::steady_clock::time_point;
    static constexpr std::size_t kPerHour = 128, kUsersMax = 1024;

    /// Counts one more; false when it is one too many.
    bool admit(uid_t user, Time now);

  private:
    std::mutex mutex_;  // guards everything below
    std::map<uid_t, std::deque<Time>> left_;
};

}  // namespace sov::api
