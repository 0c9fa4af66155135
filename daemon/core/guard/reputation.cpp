#include "daemon/core/guard/reputation.h"

#include <algorithm>

namespace sov::guard {

namespace {

constexpr std::chrono::hours kHalfLife{1};
/// A point is a thousand of what is counted in.
constexpr std::int64_t kMilli = 1000;
/// Enough to stay refused for three hours; more would only make forgiving slower.
constexpr std::int64_t kMost = 800 * kMilli;

// Linear between the halvings: integers only, and never more than an eighth above the true curve.
std::int64_t decayed(std::int64_t milli, Duration span) {
    const auto halvings = span / kHalfLife;
    if (halvings >= 40) return 0;
    milli /= std::int64_t{1} << halvings;
    const auto rest = std::chrono::duration_cast<std::chrono::seconds>(span % kHalfLife).count();
    return milli - milli / 2 * rest / 3600;
}

}  // namespace

int Reputation::points_of(Deed deed) {
    switch (deed) {
        case Deed::kAnswered: return -1;
        case Deed::kSilent: return 2;
        case Deed::kFlooded: return 5;
        case Deed::kMalformed: return 20;
        case Deed::kDenied: return 25;
        case Deed::kLied: return 40;
        case Deed::kEquivocated: return 40;
    }
    return 0;
}

std::int64_t Reputation::milli_at(const Entry& entry, Instant now) {
    return decayed(entry.milli, now - entry.counted);
}

Standing Reputation::standing_of(std::int64_t milli) {
    return milli >= kRefusedAt * kMilli    ? Standing::kRefused
           : milli >= kDoubtfulAt * kMilli ? Standing::kDoubtful
                                           : Standing::kGood;
}

const Reputation::Entry* Reputation::find(const Subject& subject) const {
    const auto known = entries_.find(subject);
    return known == entries_.end() ? nullptr : &known->second;
}

// False when everybody who is remembered did worse than this.
bool Reputation::make_room(Instant now, Deed deed) {
    if (entries_.size() < most_) return true;
    if (entries_.empty()) return false;
    const auto least =
        std::min_element(entries_.begin(), entries_.end(), [&](const auto& a, const auto& b) {
            const std::int64_t had = milli_at(a.second, now), has = milli_at(b.second, now);
            return had != has ? had < has : a.second.counted < b.second.counted;
        });
    if (milli_at(least->second, now) > points_of(deed) * kMilli) return false;
    entries_.erase(least);
    return true;
}

Standing Reputation::note(Instant now, const Subject& subject, Deed deed) {
    auto known = entries_.find(subject);
    if (known == entries_.end()) {
        if (deed == Deed::kAnswered || !make_room(now, deed)) return Standing::kGood;
        known = entries_.emplace(subject, Entry{}).first;
        known->second.counted = now;
    }
    Entry& entry = known->second;
    const std::int64_t points = milli_at(entry, now) + points_of(deed) * kMilli;
    entry.milli = std::clamp<std::int64_t>(points, 0, kMost);
    entry.counted = now;
    const auto at = static_cast<std::size_t>(deed);
    ++entry.times[at];
    entry.last[at] = now;
    return standing_of(entry.milli);
}

Standing Reputation::standing(Instant now, const Subject& subject) const {
    const Entry* entry = find(subject);
    return entry == nullptr ? Standing::kGood : standing_of(milli_at(*entry, now));
}

std::optional<Reputation::Account> Reputation::account(Instant now, const Subject& subject) const {
    const Entry* entry = find(subject);
    if (entry == nullptr) return std::nullopt;
    Account account;
    account.subject = subject;
    const std::int64_t milli = milli_at(*entry, now);
    account.points = static_cast<int>(milli / kMilli);
    account.standing = standing_of(milli);
    for (std::size_t at = kDeeds; at-- > 0;) {
        if (entry->times[at] == 0) continue;
        account.deeds.push_back({static_cast<Deed>(at), entry->times[at], now - entry->last[at]});
    }
    while (standing_of(decayed(milli, account.good_after)) != Standing::kGood)
        account.good_after += std::chrono::minutes(1);
    return account;
}

void Reputation::forget(const Subject& subject) { entries_.erase(subject); }

}  // namespace sov::guard
