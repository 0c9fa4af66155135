#include "daemon/core/dht/proximity.h"

#include <algorithm>
#include <cstdlib>

#include "daemon/core/base/check.h"

namespace sov::dht {

namespace {

constexpr std::int64_t kMillion = 1'000'000;
constexpr std::int64_t kMicrosATenth = 100;  ///< a coordinate's unit
/// Vivaldi's two constants c_e and c_c, both a quarter (s4.2 of the paper).
constexpr std::int64_t kShare = 4;
constexpr std::int64_t kErrorLeast = 50'000, kErrorTrusted = 500'000;
/// Where everybody begins: half of a usual access line.
constexpr std::int32_t kFirstHeight = 5'000;
constexpr std::int32_t kHeightLeast = 100;
constexpr std::int32_t kFarthestMicros = Coordinate::kFarthest * 100;
/// The most that one sample moves us.
constexpr std::int64_t kStepMost = 25'000;
/// Round trips past this measure somebody's queue and not a distance.
constexpr std::chrono::seconds kRoundTripMost{2};
/// How often one peer may move us.
constexpr std::uint32_t kPause = 10;
/// A pull stands out from the median by more than so many times the median deviation, and by more
/// than a floor, since honest pulls are all alike once everybody has found its place.
constexpr std::uint32_t kDeviations = 8, kDeviationFloor = 5'000;
/// Where the pull to the origin is one part in kGravity of the way back.
constexpr std::int64_t kGravity = 256;
/// A prediction agrees with a measurement when neither is more than twice the other and 10 ms.
constexpr int kSlack = 100;
/// Not told, not used: whoever moved fewer times than this has no place yet.
constexpr std::uint32_t kMovesEnough = 4;

Reach median_of(const std::array<Reach, 3>& measured) {
    if (measured[1] == 0) return measured[0];
    if (measured[2] == 0) return std::min(measured[0], measured[1]);
    return std::max(std::min(measured[0], measured[1]),
                    std::min(std::max(measured[0], measured[1]), measured[2]));
}

bool agrees(const Coordinate& own, const Coordinate& told, int measured) {
    const int predicted = reach_between(own, told);
    return predicted <= 2 * measured + kSlack && measured <= 2 * predicted + kSlack;
}

std::uint32_t middle_of(std::array<std::uint32_t, 16>& values) {
    const auto middle = values.begin() + values.size() / 2;
    std::nth_element(values.begin(), middle, values.end());
    return *middle;
}

}  // namespace

const Proximity::Peer* Proximity::find(const NodeKey& peer) const {
    if (!state_) return nullptr;
    const auto place =
        std::lower_bound(state_->peers.begin(), state_->peers.end(), peer.prefix(),
                         [](const Peer& known, std::uint64_t id) { return known.id < id; });
    return place != state_->peers.end() && place->id == peer.prefix() ? &*place : nullptr;
}

Proximity::Peer& Proximity::find_or_add(Instant now, const NodeKey& peer) {
    if (const Peer* known = find(peer)) return const_cast<Peer&>(*known);
    auto& peers = state_->peers;
    if (peers.size() >= limits_.proximity_max) {
        peers.erase(std::min_element(peers.begin(), peers.end(), [](const Peer& a, const Peer& b) {
            return a.heard_s < b.heard_s;
        }));
    }
    const auto place =
        std::lower_bound(peers.begin(), peers.end(), peer.prefix(),
                         [](const Peer& known, std::uint64_t id) { return known.id < id; });
    Peer added;
    added.id = peer.prefix();
    added.moved_s = static_cast<std::uint16_t>(whole_seconds(now) - kPause);
    return *peers.insert(place, added);
}

void Proximity::note(Instant now, const NodeKey& peer, Duration round_trip) {
    if (round_trip <= Duration{0} || round_trip > kRoundTripMost || limits_.proximity_max == 0)
        return;
    if (!state_) {
        state_ = std::make_unique<State>();
        state_->height = kFirstHeight;
        state_->error = kMillion;
    }
    Peer& known = find_or_add(now, peer);
    known.heard_s = whole_seconds(now);
    const Reach measured = reach_of(round_trip);
    known.measured = {measured, known.measured[0], known.measured[1]};
    std::uint32_t& usual = state_->usual_times_eight;
    usual = usual == 0 ? 8U * measured : usual - usual / 8 + measured;
}

void Proximity::note_told(Instant now, Rng& rng, const NodeKey& peer, const Coordinate& told) {
    Peer* known = const_cast<Peer*>(find(peer));
    if (known == nullptr) return;
    known->has_told = false;
    if (!told.plausible()) {
        ++counters_.coordinates_refused;
        return;
    }
    // Judged here and not where it is told on: answering must stay cheap.
    known->told = told;
    known->has_told = has_place() && agrees(*own(), told, median_of(known->measured));
    const auto second = static_cast<std::uint16_t>(whole_seconds(now));
    if (static_cast<std::uint16_t>(second - known->moved_s) < kPause) return;
    known->moved_s = second;
    move(rng, told, median_of(known->measured) * kMicrosATenth);
}

// Each pull counts for what is usual, those that are not followed too: when it is we who moved, all
// pulls are strong, and after half a window they are usual.
bool Proximity::outlier(std::uint32_t pull) {
    const bool full = state_->pulls_seen >= state_->pulls.size();
    bool stands_out = false;
    if (full) {
        auto sorted = state_->pulls;
        const std::uint32_t median = middle_of(sorted);
        for (std::uint32_t& each : sorted) each = each > median ? each - median : median - each;
        const std::uint32_t deviation = std::max(middle_of(sorted), kDeviationFloor / kDeviations);
        stands_out = pull > median + kDeviations * deviation;
    }
    state_->pulls[state_->pulls_seen++ % state_->pulls.size()] = pull;
    return stands_out;
}

// Vivaldi's figure 3, with the height vectors of its section 5.4.
void Proximity::move(Rng& rng, const Coordinate& other, std::int64_t round_trip_us) {
    State& own = *state_;
    std::array<std::int64_t, Coordinate::kDimensions> away;
    std::uint64_t squares = 0;
    for (std::size_t axis = 0; axis < away.size(); ++axis) {
        away[axis] = own.at[axis] - other.at[axis] * kMicrosATenth;
        squares += static_cast<std::uint64_t>(away[axis] * away[axis]);
    }
    const auto flat = static_cast<std::int64_t>(whole_root(squares));
    const std::int64_t heights = own.height + other.height * kMicrosATenth;
    const std::int64_t pull = round_trip_us - (flat + heights);
    if (outlier(static_cast<std::uint32_t>(std::abs(pull)))) {
        ++counters_.coordinates_outlying;
        return;
    }
    const std::int64_t theirs = std::max(kErrorLeast, other.error * (kMillion / 100));
    const std::int64_t weight = own.error * kMillion / (own.error + theirs);
    const std::int64_t off = std::min(std::abs(pull) * kMillion / round_trip_us, kMillion);
    own.error = static_cast<std::uint32_t>(
        own.error + (off - static_cast<std::int64_t>(own.error)) * weight / kMillion / kShare);
    const std::int64_t step = std::clamp(pull * weight / kMillion / kShare, -kStepMost, kStepMost);
    ++own.moves;
    std::int64_t length = flat + heights;
    if (flat < kMicrosATenth) {
        // At one place there is no direction; a random one parts us.
        length = 0;
        for (std::int64_t& axis : away) {
            axis = static_cast<std::int64_t>(rng.below(2001)) - 1000;
            length += std::abs(axis);
        }
        length = std::max<std::int64_t>(length, 1);
    } else {
        const std::int64_t height = own.height + step * heights / length;
        own.height = static_cast<std::int32_t>(std::clamp<std::int64_t>(
            height, kHeightLeast, Coordinate::kHeightMost * kMicrosATenth));
    }
    for (std::size_t axis = 0; axis < away.size(); ++axis) {
        own.at[axis] = static_cast<std::int32_t>(std::clamp<std::int64_t>(
            own.at[axis] + step * away[axis] / length, -kFarthestMicros, kFarthestMicros));
    }
    pull_to_origin();
}

// As strong as the square of the distance: nothing within a usual network, and surely back from
// the far end.
void Proximity::pull_to_origin() {
    std::uint64_t squares = 0;
    for (const std::int64_t axis : state_->at) squares += static_cast<std::uint64_t>(axis * axis);
    const auto flat = static_cast<std::int64_t>(whole_root(squares));
    for (std::int32_t& axis : state_->at) {
        axis = static_cast<std::int32_t>(axis - axis * flat / kMillion / kGravity);
    }
}

bool Proximity::has_place() const {
    return state_ && state_->moves >= kMovesEnough && state_->error <= kErrorTrusted;
}

void Proximity::forget() { state_.reset(); }

std::optional<Coordinate> Proximity::own() const {
    if (!state_ || state_->moves < kMovesEnough) {
        // Somebody has to begin: at the origin, and of no weight to anybody who has a place.
        Coordinate first;
        first.height = static_cast<std::uint16_t>(kFirstHeight / kMicrosATenth);
        return state_ ? std::optional(first) : std::nullopt;
    }
    Coordinate told;
    for (std::size_t axis = 0; axis < told.at.size(); ++axis)
        told.at[axis] = static_cast<std::int16_t>(state_->at[axis] / kMicrosATenth);
    told.height = static_cast<std::uint16_t>(state_->height / kMicrosATenth);
    told.error = static_cast<std::uint8_t>(state_->error / (kMillion / 100));
    return told;
}

RoughCoordinate Proximity::told_by(const NodeKey& peer) const {
    const Peer* known = find(peer);
    return known != nullptr && known->has_told ? RoughCoordinate::of(known->told)
                                               : RoughCoordinate();
}

Reach Proximity::reach(const NodeKey& peer, const RoughCoordinate& told) const {
    if (!state_) return 0;
    const Peer* known = find(peer);
    if (known != nullptr) return median_of(known->measured);
    if (!told.known() || !has_place()) return 0;
    return reach_between(*own(), told.expanded());
}

void Proximity::check_invariants() const {
    if (!state_) return;
    SOV_CHECK(state_->peers.size() <= limits_.proximity_max);
    SOV_CHECK(own()->plausible());
    for (std::size_t at = 1; at < state_->peers.size(); ++at)
        SOV_CHECK(state_->peers[at - 1].id < state_->peers[at].id);
}

}  // namespace sov::dht
