#include "daemon/api/pauses.h"

#include <algorithm>

namespace sov::api {

void Pauses::add(const Caller& caller, Time now) {
    any(now);
    const bool known = flooders_.contains({caller.uid, caller.pid});
    count({caller.uid, caller.pid}, 0, now);
    if (!known) count({caller.uid, kWholeUser}, kUserFloods - 1, now);
}

void Pauses::count(const Key& key, int spared, Time now) {
    if (flooders_.size() >= kMost && !flooders_.contains(key)) return;
    Flooder& flooder = flooders_[key];
    flooder.last = now;
    if (++flooder.floods <= spared) return;
    // Sixteen times the first one is the longest, so four doublings are enough.
    const int doublings = std::min(flooder.floods - spared - 1, 4);
    flooder.until = now + std::min<std::chrono::seconds>(kFirst * (1 << doublings), kLongest);
}

Pauses::Time Pauses::until(const Caller& caller) const {
    Time latest{};
    for (const pid_t process : {caller.pid, kWholeUser}) {
        const auto found = flooders_.find({caller.uid, process});
        if (found != flooders_.end()) latest = std::max(latest, found->second.until);
    }
    return latest;
}

bool Pauses::any(Time now) {
    std::erase_if(flooders_, [&](const auto& each) { return now - each.second.last >= kForget; });
    return !flooders_.empty();
}

}  // namespace sov::api
