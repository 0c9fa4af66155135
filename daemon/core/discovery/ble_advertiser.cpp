#include "daemon/core/discovery/ble_advertiser.h"

#include <algorithm>

namespace sov::discovery {

namespace {

Duration random_part(Rng& rng) {
    return Duration(
        rng.below(static_cast<std::uint64_t>(Duration(BleAdvertiser::kQuietMost).count())));
}

/// Compares without an early exit, so that timing tells nothing about where a greeting differs.
bool equal_greetings(ByteView a, ByteView b) {
    if (a.size() != b.size()) return false;
    unsigned differing = 0;
    for (std::size_t at = 0; at < a.size(); ++at) differing |= static_cast<unsigned>(a[at] ^ b[at]);
    return differing == 0;
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

std::optional<Rid> BleAdvertiser::greeted(Instant now, ByteView fresh, ByteView greeting) const {
    if (visibility_ == Visibility::kPassive) return std::nullopt;
    if (visibility_ == Visibility::kPublic) return rid_;
    for (const Rid& rid : {rid_, old_}) {
        if (!is_own(now, rid)) continue;
        const Bytes expected = recognition_.expected_greeting(Medium::kBle, rid, fresh);
        if (equal_greetings(expected, greeting)) return rid;
    }
    return std::nullopt;
}

}  // namespace sov::discovery
