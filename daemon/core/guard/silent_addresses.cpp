#include "daemon/core/guard/silent_addresses.h"

#include <algorithm>

#include "daemon/core/guard/diversity.h"

namespace sov::guard {

namespace {

constexpr std::chrono::hours kAvoided{2};
constexpr std::chrono::minutes kTryAgain{30};

}  // namespace

void SilentAddresses::note_silent(Instant now, const Endpoint& endpoint, const NodeKey& key) {
    if (!counts_for_diversity(endpoint) || most_ == 0) return;
    std::erase_if(entries_, [&](const Entry& entry) { return entry.until <= now; });
    const std::uint64_t address = address_of(endpoint);
    const auto known = std::find_if(entries_.begin(), entries_.end(),
                                    [&](const Entry& entry) { return entry.address == address; });
    if (known != entries_.end()) {
        known->last = now;
        if (known->tried < kKeysTried && !known->knows(key))
            known->keys[known->tried++] = key.prefix();
        return;
    }
    if (entries_.size() >= most_) entries_.erase(entries_.begin());
    entries_.push_back({address, {key.prefix()}, 1, now + kAvoided, now});
}

void SilentAddresses::note_answer(const Endpoint& endpoint) {
    if (entries_.empty()) return;
    const std::uint64_t address = address_of(endpoint);
    std::erase_if(entries_, [&](const Entry& entry) { return entry.address == address; });
}

bool SilentAddresses::avoided(Instant now, const Endpoint& endpoint, const NodeKey& key) const {
    if (entries_.empty()) return false;
    const std::uint64_t address = address_of(endpoint);
    return std::any_of(entries_.begin(), entries_.end(), [&](const Entry& entry) {
        return entry.address == address && entry.tried == kKeysTried && entry.until > now &&
               (!entry.knows(key) || now - entry.last < kTryAgain);
    });
}

bool SilentAddresses::suspected(Instant now, const Endpoint& endpoint) const {
    if (entries_.empty()) return false;
    const std::uint64_t address = address_of(endpoint);
    return std::any_of(entries_.begin(), entries_.end(), [&](const Entry& entry) {
        return entry.address == address && entry.until > now;
    });
}

}  // namespace sov::guard
