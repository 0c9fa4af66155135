#include "daemon/core/discovery/signal_meter.h"

#include <algorithm>

namespace sov::discovery {

namespace {

constexpr std::int32_t kScale = 256;
constexpr std::int8_t kLoudest = 20, kQuietest = -127;

/// 100 * 10^(i / 25), rounded: the centimetres for a loss of i dB with exponent 2.5, one decade.
constexpr std::array<std::uint32_t, 25> kDecade{100, 110, 120, 132, 145, 158, 174, 191, 209,
                                                229, 251, 275, 302, 331, 363, 398, 437, 479,
                                                525, 575, 631, 692, 759, 832, 912};

}  // namespace

std::uint32_t distance_cm(int loss_db) {
    constexpr int kDecadeDb = static_cast<int>(kDecade.size());
    const int loss = std::clamp(loss_db, -kDecadeDb, 2 * kDecadeDb - 1);
    if (loss < 0) return kDecade[static_cast<std::size_t>(loss + kDecadeDb)] / 10;
    if (loss < kDecadeDb) return kDecade[static_cast<std::size_t>(loss)];
    return kDecade[static_cast<std::size_t>(loss - kDecadeDb)] * 10;
}

std::int32_t SignalMeter::median() const {
    auto sorted = last_;
    const std::size_t count = std::min(samples_, kMedianOf);
    const auto end = sorted.begin() + static_cast<std::ptrdiff_t>(count);
    std::sort(sorted.begin(), end);
    return sorted[count / 2];
}

std::int8_t SignalMeter::dbm() const {
    // Rounded to the nearest; the values are negative but for very near senders.
    const std::int32_t half = smoothed_ < 0 ? -kScale / 2 : kScale / 2;
    return static_cast<std::int8_t>((smoothed_ + half) / kScale);
}

bool SignalMeter::judge_near(Instant now) {
    const bool turns = near_ ? smoothed_ < kFarDbm * kScale : smoothed_ >= kNearDbm * kScale;
    if (!turns) {
        turning_since_ = kNever;
        return false;
    }
    turning_since_ = earliest(turning_since_, now);
    if (now - turning_since_ < (near_ ? kFarAfter : kNearAfter)) return false;
    near_ = !near_;
    turning_since_ = kNever;
    return true;
}

bool SignalMeter::add(Instant now, std::int8_t rssi_dbm) {
    if (rssi_dbm > kLoudest || rssi_dbm < kQuietest) return false;
    const bool first = samples_ == 0;
    last_[samples_++ % kMedianOf] = rssi_dbm;
    if (!first && now - updated_ < kUpdateEvery) return false;
    updated_ = now;
    const std::int8_t before = dbm();
    const std::int32_t sample = median() * kScale;
    smoothed_ = first ? sample : smoothed_ + (sample - smoothed_) / kWeight;
    return judge_near(now) || first || dbm() != before;
}

Proximity SignalMeter::proximity(std::int8_t power_at_one_metre) const {
    return {dbm(), distance_cm(power_at_one_metre - dbm()), near_};
}

}  // namespace sov::discovery
