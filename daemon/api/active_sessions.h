#pragma once

#include <sys/types.h>

#include <chrono>
#include <functional>
#include <map>
#include <mutex>

namespace sov::api {

/// Who sits at this host, asked at most once in kFresh for each user, because each call of somebody
/// without a group asks. Thread-safe. Remembers kUsersMax users; past it all are asked for anew.
class ActiveSessions {
  public:
    using Time = std::chrono::steady_clock::time_point;
    /// Whether a user has an active session now; any thread, a few small files.
    using Look = std::function<bool(uid_t user)>;
    static constexpr std::chrono::seconds kFresh{1};
    static constexpr std::size_t kUsersMax = 256;

    /// Without a look nobody has a session.
    explicit ActiveSessions(Look look) : look_(std::move(look)) {}

    bool has(uid_t user, Time now);

  private:
    struct Known {
        Time since;
        bool active = false;
    };

    const Look look_;
    std::mutex mutex_;  // guards everything below
    std::map<uid_t, Known> known_;
};

}  // namespace sov::api
