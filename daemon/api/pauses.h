#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstddef>
#include <map>
#include <utility>

#include "daemon/api/caller.h"

namespace sov::api {

/// How long apps have to wait before they are let in again after a flood: kFirst, twice as long
/// with each further flood, kLongest at most; forgotten kForget after the last one. An app is one
/// process; when kUserFloods processes of one user have flooded all that user's apps wait, so that
/// making new processes does not help. Remembers kMost at once; past it the others are let in. Not
/// thread-safe.
class Pauses {
  public:
    using Time = std::chrono::steady_clock::time_point;
    static constexpr std::chrono::seconds kFirst{1};
    static constexpr std::chrono::seconds kLongest{16};
    static constexpr std::chrono::seconds kForget{60};
    static constexpr int kUserFloods = 8;
    static constexpr std::size_t kMost = 1024;

    /// The app of this caller has flooded.
    void add(const Caller& caller, Time now);
    /// When the next connection of this caller may be served; long ago for most.
    Time until(const Caller& caller) const;
    /// Whether anybody is remembered; forgets whom it may.
    bool any(Time now);

  private:
    struct Flooder {
        int floods = 0;
        Time last, until;
    };
    using Key = std::pair<uid_t, pid_t>;  ///< a user as a whole: kWholeUser
    static constexpr pid_t kWholeUser = -1;

    void count(const Key& key, int spared, Time now);

    std::map<Key, Flooder> flooders_;
};

}  // namespace sov::api
