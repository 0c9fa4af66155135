#pragma once

#include <array>
#include <cstdint>

#include "daemon/core/base/instant.h"
#include "daemon/core/discovery/evidence.h"

namespace sov::discovery {

/// How near a neighbour is, from the signal strengths of its adverts: the median of the last five
/// throws out single echoes, an exponential average smooths the rest, and leaving is harder than
/// coming near, so that nobody flickers. Whole numbers only: two builds never disagree.
///
/// It measures a radio and not a person: who sends louder looks nearer.
class SignalMeter {
  public:
    static constexpr std::size_t kMedianOf = 5;
    static constexpr std::int32_t kWeight = 4;  ///< a new median counts for a quarter
    static constexpr std::chrono::seconds kUpdateEvery{1};
    static constexpr std::int8_t kNearDbm = -65, kFarDbm = -72;
    static constexpr std::chrono::seconds kNearAfter{3}, kFarAfter{8};

    /// Takes one advert's strength in dBm; true when what it says changed. Values that no receiver
    /// measures (above 20, as 127 for "unknown", or below -127) are not taken.
    bool add(Instant now, std::int8_t rssi_dbm);

    bool measured() const { return samples_ > 0; }
    /// What it says, for a sender that told its power at one metre.
    Proximity proximity(std::int8_t power_at_one_metre) const;

  private:
    std::int32_t median() const;
    bool judge_near(Instant now);
    std::int8_t dbm() const;

    std::array<std::int8_t, kMedianOf> last_{};
    std::size_t samples_ = 0;    ///< ever taken; the ring's place is this modulo its size
    std::int32_t smoothed_ = 0;  ///< dBm in 256ths
    Instant updated_{};
    bool near_ = false;
    Instant turning_since_ = kNever;  ///< since when it looks otherwise than near_ says
};

/// A guess of the distance for a loss of this many dB since one metre: 10 cm to about 91 m by the
/// log-distance model with exponent 2.5, which lies between open air (2) and a furnished room (3)
/// (Rappaport, "Wireless Communications", s4.9).
std::uint32_t distance_cm(int loss_db);

}  // namespace sov::discovery
