#include "daemon/core/discovery/ble_advertiser.h"

#include <algorithm>

namespace sov::discovery {

namespace {

Duration random_part(Rng& rng) {
    return Duration(
        rng.below(static_cast<std::uint64_t>(Duration(BleAdvertiser::kQuietMost).count())));
}

}  // namespace

Rid BleAdvertiser::rid_now(Instant now) {
    Rid rid{};
    if (visibility_ == Visibility::kPublic) {
        std::copy_n(peer_.bytes.begin(), rid.size(), rid.begin());
    } else {
        const Bytes tag = recognition_.own_tag(now, Medium::kBle);
        std::copy_n(tag.begin(), rid.size(), rid.begin());
    }
    return rid;
}

void BleAdvertiser::plan_silence(Instant now) {
    next_ = visibility_ == Visibility::kPrivate ? recognition_.next_epoch(now) - random_part(rng_)
                                                : kNever;
}

void BleAdvertiser::start(Instant now) {
    on_air_.reset();
    next_ = kNever;
    if (visibility_ == Visibility::kPassive) return;
    rid_ = rid_now(now);
    on_air_ = rid_;
    plan_silence(now);
}

bool BleAdvertiser::update(Instant now) {
    if (now < next_) return false;
    if (on_air_) {
        on_air_.reset();
        // The epoch's edge may be behind us if nobody asked for long.
        next_ = std::max(recognition_.next_epoch(next_), now) + random_part(rng_);
        return true;
    }
    old_ = rid_;
    old_until_ = now + kOldAnswered;
    rid_ = rid_now(now);
    on_air_ = rid_;
    plan_silence(now);
    return true;
}

bool BleAdvertiser::is_own(Instant now, const Rid& rid) const {
    if (visibility_ == Visibility::kPassive) return false;
    return rid == rid_ || (now < old_until_ && rid == old_);
}

}  // namespace sov::discovery
