#include "daemon/core/dht/crowd_alarms.h"

#include <algorithm>

namespace sov::dht {

namespace {

constexpr unsigned kCalmWalks = 3;
constexpr std::chrono::hours kForgotten{1};

}  // namespace

std::vector<CrowdAlarms::Change> CrowdAlarms::note_walk(Instant now, const Key& key, bool crowded) {
    std::vector<Change> changes;
    const auto known = std::find_if(alarms_.begin(), alarms_.end(),
                                    [&](const Alarm& alarm) { return alarm.key == key; });
    if (known != alarms_.end()) {
        known->calm = crowded ? 0 : known->calm + 1;
        if (crowded) known->crowded_at = now;
        if (known->calm < kCalmWalks) return changes;
        alarms_.erase(known);
        changes.push_back({key, false});
        return changes;
    }
    if (!crowded || most_ == 0) return changes;
    if (alarms_.size() >= most_) {
        const auto oldest = std::min_element(
            alarms_.begin(), alarms_.end(),
            [](const Alarm& a, const Alarm& b) { return a.crowded_at < b.crowded_at; });
        changes.push_back({oldest->key, false});
        alarms_.erase(oldest);
    }
    alarms_.push_back({key, now, 0});
    changes.push_back({key, true});
    return changes;
}

std::vector<CrowdAlarms::Change> CrowdAlarms::expire(Instant now) {
    std::vector<Change> changes;
    for (auto at = alarms_.begin(); at != alarms_.end();) {
        if (now - at->crowded_at < kForgotten) {
            ++at;
            continue;
        }
        changes.push_back({at->key, false});
        at = alarms_.erase(at);
    }
    return changes;
}

Instant CrowdAlarms::next_timeout() const {
    Instant next = kNever;
    for (const Alarm& alarm : alarms_) next = earliest(next, alarm.crowded_at + kForgotten);
    return next;
}

bool CrowdAlarms::alarmed(const Key& key) const {
    return std::any_of(alarms_.begin(), alarms_.end(),
                       [&](const Alarm& alarm) { return alarm.key == key; });
}

}  // namespace sov::dht
