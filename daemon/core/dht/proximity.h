#pragma once

#include <array>
#include <memory>
#include <optional>
#include <vector>

#include "daemon/core/base/coordinate.h"
#include "daemon/core/base/counters.h"
#include "daemon/core/base/ids.h"
#include "daemon/core/base/limits.h"
#include "daemon/core/base/rng.h"

namespace sov::dht {

/// How near others are, as round trips: measured where we have asked them, else predicted from
/// network coordinates (Vivaldi: Dabek et al. 2004, with heights and the adaptive time step). Good
/// for one thing, to choose among nodes that serve equally well; nothing here says who is near in
/// the id space, who is trusted or who is in a table. So the worst that a lie does is to make us
/// wait for somebody who is farther than he said.
///
/// What others say about themselves moves us only together with a round trip of our own
/// measurement, and little: the median of a peer's last three (after Ledlie, Gardner & Seltzer
/// 2007, s3), once in ten seconds, at most 25 ms, not at all where the pull is far outside of what
/// others lately pulled (median and median deviation, as Newton's third invariant: Seibert, Becker,
/// Nita-Rotaru & State 2012), and a claim to err by less than 5 % counts as 5 %. A weak pull to the
/// origin keeps everybody from drifting away together (Ledlie s4; Serf does both).
///
/// Costs nothing until the first measurement, then 40 bytes for each of at most
/// Limits::proximity_max peers; past it the one not heard of longest is forgotten.
class Proximity {
  public:
    Proximity(const Limits& limits, Counters& counters) : limits_(limits), counters_(counters) {}

    /// A peer answered after `round_trip`, and it was asked once. O(log n), O(n) for somebody new.
    void note(Instant now, const NodeKey& peer, Duration round_trip);
    /// A peer that has been measured says where it is. What is not plausible is counted and not
    /// believed.
    void note_told(Instant now, Rng& rng, const NodeKey& peer, const Coordinate& told);
    /// Our network changed: what was measured from the old one says nothing about the new one.
    void forget();

    /// What we tell others; nothing before there is any reason to believe in it.
    std::optional<Coordinate> own() const;
    /// Where this peer said that it is, for others; unknown where that does not agree with what we
    /// have measured ourselves.
    RoughCoordinate told_by(const NodeKey& peer) const;
    /// The round trip to it: measured, or predicted where somebody else `told` where it is. 0 when
    /// nobody knows, or when our predictions are off by more than a half.
    Reach reach(const NodeKey& peer, const RoughCoordinate& told = RoughCoordinate()) const;

    /// What round trips were lately, on average; 0: none was measured.
    Reach usual() const {
        return state_ ? static_cast<Reach>(state_->usual_times_eight / 8) : Reach{0};
    }

    std::size_t size() const { return state_ ? state_->peers.size() : 0; }
    /// Updates that moved us, since the start or the last forget().
    std::uint32_t samples() const { return state_ ? state_->moves : 0; }
    void check_invariants() const;

  private:
    struct Peer {
        std::uint64_t id = 0;  ///< the first 64 bits of its key
        std::uint32_t heard_s = 0;
        std::uint16_t moved_s = 0;        ///< wraps: a pull more or less in a day does no harm
        std::array<Reach, 3> measured{};  ///< the newest first; 0: not yet
        Coordinate told;
        bool has_told = false;
    };
    struct State {
        std::vector<Peer> peers;  ///< by id
        /// In microseconds; kept finer than it is told, or small steps would be lost.
        std::array<std::int32_t, Coordinate::kDimensions> at{};
        std::int32_t height = 0;
        std::uint32_t usual_times_eight = 0;
        std::uint32_t error = 0;  ///< parts of a million
        std::uint32_t moves = 0;
        std::array<std::uint32_t, 16> pulls{};  ///< strengths of the last ones, in microseconds
        std::uint32_t pulls_seen = 0;
    };

    bool has_place() const;
    const Peer* find(const NodeKey& peer) const;
    Peer& find_or_add(Instant now, const NodeKey& peer);
    bool outlier(std::uint32_t pull);
    void move(Rng& rng, const Coordinate& other, std::int64_t round_trip_us);
    void pull_to_origin();

    const Limits& limits_;
    Counters& counters_;
    std::unique_ptr<State> state_;
};

}  // namespace sov::dht
