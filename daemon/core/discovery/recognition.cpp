#include "daemon/core/discovery/recognition.h"

#include <algorithm>

#include "daemon/core/base/check.h"

namespace sov::discovery {

namespace {

constexpr std::size_t kSearchesPerMinute = 4;
constexpr std::size_t kHmacsPerSearch = 8192;
constexpr std::size_t kGreetingBytes = 16;
/// A day of epochs.
constexpr Epoch kFarthest = 96;

/// The domain strings keep the media apart, and tags from veils.
ByteView tag_domain(Medium medium) {
    return as_bytes(medium == Medium::kBle ? "sov-tag-ble1" : "sov-tag-mdns1");
}
ByteView veil_domain(Medium medium) {
    return as_bytes(medium == Medium::kBle ? "sov-veil-ble1" : "sov-veil-mdns1");
}
ByteView greeting_domain(Medium medium) {
    return as_bytes(medium == Medium::kBle ? "sov-hello-ble1" : "sov-hello-mdns1");
}

std::array<std::uint8_t, 8> bytes_of(Epoch epoch) {
    std::array<std::uint8_t, 8> bytes{};
    store_u64(bytes.data(), epoch);
    return bytes;
}

}  // namespace

std::size_t tag_size(Medium medium) { return medium == Medium::kBle ? 8 : 12; }

void Recognition::set_friends(std::vector<std::pair<PeerId, PresenceKey>> friends) {
    friends_ = std::move(friends);
    if (friends_.size() > kFriendsMax) friends_.resize(kFriendsMax);
    worked_out_ = 0;
}

Epoch Recognition::epoch(Instant now) const {
    const auto since_start = std::chrono::floor<std::chrono::milliseconds>(now - Instant{});
    const auto wall = wall_clock_ + static_cast<UnixMillis>(since_start.count());
    return static_cast<Epoch>(wall) /
           static_cast<Epoch>(std::chrono::milliseconds(kEpochLength).count());
}

Instant Recognition::next_epoch(Instant now) const {
    const auto length = static_cast<UnixMillis>(std::chrono::milliseconds(kEpochLength).count());
    const auto begins = static_cast<UnixMillis>(epoch(now) + 1) * length;
    return Instant{} + std::chrono::milliseconds(begins - wall_clock_);
}

Recognition::Tag Recognition::tag(const PresenceKey& key, Medium medium, Epoch epoch) {
    const Hash32 full = crypto_.mac(key, {tag_domain(medium), bytes_of(epoch)});
    Tag tag{};
    std::copy_n(full.bytes.begin(), tag_size(medium), tag.begin());
    return tag;
}

Bytes Recognition::own_tag(Instant now, Medium medium) {
    const Tag own = tag(own_key_, medium, epoch(now));
    return {own.begin(), own.begin() + static_cast<std::ptrdiff_t>(tag_size(medium))};
}

void Recognition::work_out(Epoch epoch) {
    if (worked_out_ == epoch) return;
    worked_out_ = epoch;
    known_.clear();
    for (std::size_t at = 0; at < friends_.size(); ++at) {
        for (Epoch near = epoch - 1; near <= epoch + 1; ++near) {
            for (const Medium medium : {Medium::kMdns, Medium::kBle})
                known_.emplace(std::pair{medium, tag(friends_[at].second, medium, near)},
                               Known{at, near});
        }
    }
}

std::optional<Recognition::Known> Recognition::search_a_day(Instant now, Medium medium,
                                                            ByteView wanted) {
    if (now - searches_reset_ >= std::chrono::minutes(1)) {
        searches_reset_ = now;
        searches_ = 0;
    }
    if (friends_.empty() || searches_ >= kSearchesPerMinute) return std::nullopt;
    ++searches_;
    const Epoch here = epoch(now);
    std::size_t left = kHmacsPerSearch;
    // Small errors of the clock first, both ways.
    for (Epoch away = 2; away <= kFarthest; ++away) {
        for (const Epoch there : {here - away, here + away}) {
            for (std::size_t at = 0; at < friends_.size(); ++at) {
                if (left-- == 0) return std::nullopt;
                const Tag candidate = tag(friends_[at].second, medium, there);
                if (std::equal(wanted.begin(), wanted.end(), candidate.begin()))
                    return Known{at, there};
            }
        }
    }
    return std::nullopt;
}

std::optional<Recognition::Known> Recognition::find(Instant now, Medium medium, ByteView wanted) {
    if (wanted.size() != tag_size(medium) || friends_.empty()) return std::nullopt;
    work_out(epoch(now));
    Tag padded{};
    std::copy(wanted.begin(), wanted.end(), padded.begin());
    const auto known = known_.find(std::pair{medium, padded});
    if (known != known_.end()) return known->second;
    const auto found = search_a_day(now, medium, wanted);
    if (found) known_.emplace(std::pair{medium, padded}, *found);
    return found;
}

std::optional<PeerId> Recognition::recognise(Instant now, Medium medium, ByteView wanted) {
    const auto known = find(now, medium, wanted);
    if (!known) return std::nullopt;
    return friends_[known->at].first;
}

Bytes Recognition::pad(const PresenceKey& key, Medium medium, Epoch epoch, ByteView salt,
                       std::size_t size) {
    SOV_CHECK(size <= Hash32::kSize);
    const Hash32 full = crypto_.mac(key, {veil_domain(medium), bytes_of(epoch), salt});
    return {full.bytes.begin(), full.bytes.begin() + static_cast<std::ptrdiff_t>(size)};
}

Bytes Recognition::veil(Instant now, Medium medium, ByteView salt, ByteView plain) {
    Bytes veiled = pad(own_key_, medium, epoch(now), salt, plain.size());
    for (std::size_t at = 0; at < plain.size(); ++at) veiled[at] ^= plain[at];
    return veiled;
}

std::optional<Bytes> Recognition::unveil(Instant now, Medium medium, ByteView tag, ByteView salt,
                                         ByteView veiled) {
    const auto known = find(now, medium, tag);
    if (!known || veiled.size() > Hash32::kSize) return std::nullopt;
    Bytes plain = pad(friends_[known->at].second, medium, known->epoch, salt, veiled.size());
    for (std::size_t at = 0; at < plain.size(); ++at) plain[at] ^= veiled[at];
    return plain;
}

bool Recognition::is_friend(const PeerId& peer) const {
    return std::any_of(friends_.begin(), friends_.end(),
                       [&](const auto& known) { return known.first == peer; });
}

Bytes Recognition::greeting(const PresenceKey& key, Medium medium, ByteView tag, ByteView fresh) {
    const Hash32 full = crypto_.mac(key, {greeting_domain(medium), tag, fresh});
    return to_bytes(full.view().first(kGreetingBytes));
}

std::optional<Bytes> Recognition::greet(Instant now, Medium medium, ByteView tag, ByteView fresh) {
    const auto known = find(now, medium, tag);
    if (!known) return std::nullopt;
    return greeting(friends_[known->at].second, medium, tag, fresh);
}

Bytes Recognition::expected_greeting(Medium medium, ByteView tag, ByteView fresh) {
    return greeting(own_key_, medium, tag, fresh);
}

}  // namespace sov::discovery
