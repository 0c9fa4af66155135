#pragma once

#include <cstdint>
#include <optional>

#include "daemon/core/base/instant.h"

namespace sov::guard {

/// Holds the wall clock against the time that has really passed, and says which time to go by. Slow
/// corrections are followed. A jump of more than a quarter of an hour is believed when it has stood
/// for an hour, at once when the time before was absurd; a time that is absurd is never believed.
/// So a clock that is set wrong and right again, and one that begins in 1970, sign nothing strange.
class ClockWatch {
  public:
    /// `surely_past`: a moment that has surely been, as that of a file which we wrote; 0: none is
    /// known.
    ClockWatch(Instant now, UnixMillis wall, UnixMillis surely_past);

    /// What the clock did since the last look, when it jumped: how far, forward if positive.
    std::optional<std::chrono::milliseconds> look(Instant now, UnixMillis wall);

    /// The time to go by.
    UnixMillis time(Instant now) const;
    /// Grows whenever time() has left what it was before by more than a correction.
    std::uint32_t steps() const { return steps_; }
    /// How far the wall clock is from the time gone by; 0 while it is believed.
    std::chrono::milliseconds distrusted() const { return away_; }
    /// The wall clock shows a time that can't be.
    bool absurd() const { return absurd_; }

  private:
    bool is_absurd(UnixMillis wall) const;
    void follow(Instant now, UnixMillis wall);

    UnixMillis surely_past_;
    UnixMillis origin_ = 0;  ///< the time gone by, at Instant{}
    Instant looked_{};
    UnixMillis wall_ = 0;  ///< at the last look
    Instant away_since_{};
    std::chrono::milliseconds away_{0};
    bool absurd_ = false, doubtful_ = false;  ///< doubtful: the time gone by is a guess
    std::uint32_t steps_ = 0;
};

}  // namespace sov::guard
