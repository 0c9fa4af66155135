#include "daemon/core/guard/clock_watch.h"

#include <algorithm>

namespace sov::guard {

namespace {

using std::chrono::milliseconds;

/// NTP steps a clock by seconds; whoever sets it by hand is a minute off.
constexpr std::chrono::minutes kCorrection{15};
/// Less than this between two looks is no jump.
constexpr std::chrono::seconds kSlack{2};
constexpr std::chrono::hours kBelievedAfter{1};
/// A file's time and this clock may disagree by a day when the host was carried around.
constexpr UnixMillis kPastSlack = 86'400'000;
/// 2015 and 2100: before the first, this program was not there; after the second it is not meant.
constexpr UnixMillis kEarliest = 1'420'070'400'000, kLatest = 4'102'444'800'000;

milliseconds between(UnixMillis from, UnixMillis to) {
    return milliseconds(static_cast<std::int64_t>(to) - static_cast<std::int64_t>(from));
}

milliseconds whole(Duration span) { return std::chrono::duration_cast<milliseconds>(span); }

}  // namespace

ClockWatch::ClockWatch(Instant now, UnixMillis wall, UnixMillis surely_past)
    : surely_past_(std::min(surely_past, kLatest)), looked_(now), wall_(wall) {
    absurd_ = doubtful_ = is_absurd(wall);
    // Rather a little late than in 1970: what was surely, has been.
    const UnixMillis begin = absurd_ ? std::max(surely_past_, kEarliest) : wall;
    origin_ = begin - static_cast<UnixMillis>(whole(now.time_since_epoch()).count());
    away_ = absurd_ ? between(begin, wall) : milliseconds(0);
}

bool ClockWatch::is_absurd(UnixMillis wall) const {
    return wall < kEarliest || wall > kLatest || wall + kPastSlack < surely_past_;
}

UnixMillis ClockWatch::time(Instant now) const {
    return origin_ + static_cast<UnixMillis>(whole(now.time_since_epoch()).count());
}

void ClockWatch::follow(Instant now, UnixMillis wall) {
    origin_ = wall - static_cast<UnixMillis>(whole(now.time_since_epoch()).count());
    away_ = milliseconds(0);
}

std::optional<milliseconds> ClockWatch::look(Instant now, UnixMillis wall) {
    const milliseconds jump = between(wall_, wall) - whole(now - looked_);
    looked_ = now;
    wall_ = wall;
    absurd_ = is_absurd(wall);
    const milliseconds off = between(time(now), wall);
    const bool correction = off < kCorrection && off > -kCorrection;
    if (!absurd_ && (correction || doubtful_)) {
        steps_ += off > kSlack || off < -kSlack ? 1U : 0U;
        doubtful_ = false;
        follow(now, wall);
    } else {
        if (away_.count() == 0 || jump > kSlack || jump < -kSlack) away_since_ = now;
        away_ = off;
        if (!absurd_ && now - away_since_ >= kBelievedAfter) {
            ++steps_;
            follow(now, wall);
        }
    }
    if (jump <= kSlack && jump >= -kSlack) return std::nullopt;
    return jump;
}

}  // namespace sov::guard
