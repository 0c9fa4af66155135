#include "daemon/app/look_pace.h"

#include <algorithm>

namespace sov::app {

void LookPace::note_change(Instant now) {
    untold_ = true;
    settled_last_ = std::min(settled_last_, now + kSettleMax);
    settled_at_ = std::min(now + kSettle, settled_last_);
}

Look LookPace::take(Instant now, bool reachable) {
    const bool settled = settled_at_ <= now;
    if (settled) {
        settled_at_ = settled_last_ = kNever;
        const bool rested = looked_ == Instant::min() || now - looked_ >= kAllEvery;
        const Instant later = reachable && !rested ? looked_ + kAllEvery : now + kAllEvery;
        all_at_ = reachable && rested ? now : std::min(all_at_, later);
    }
    if (all_at_ <= now) {
        const bool untold = untold_;
        note_all(now);
        return {untold, true};
    }
    if (!settled || !reachable || !quick_.take(now, kPathsEvery, kPathsBurst)) return {};
    untold_ = false;
    return {true, false};
}

void LookPace::note_all(Instant now) {
    settled_at_ = settled_last_ = all_at_ = kNever;
    untold_ = false;
    looked_ = now;
}

}  // namespace sov::app
