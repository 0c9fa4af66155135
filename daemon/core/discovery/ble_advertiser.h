#pragma once

#include <optional>

#include "daemon/core/base/rng.h"
#include "daemon/core/discovery/advert.h"
#include "daemon/core/discovery/local_options.h"
#include "daemon/core/discovery/recognition.h"

namespace sov::discovery {

/// Which rid is on the air, and when none is. In private mode it changes with the epoch: the old
/// one ends at a random moment of the last seconds before the edge, the next one begins at a random
/// moment of the first seconds after it, and the two moments have nothing to do with each other.
/// Everybody in range changes in the same few seconds, so neither the times nor the order tell
/// which new rid follows which old one. In public mode the rid stays.
class BleAdvertiser {
  public:
    /// On either side of an epoch's edge; twice this is the longest silence, which must not
    /// make anybody take us for fading.
    static constexpr std::chrono::seconds kQuietMost{5};
    /// A rid is still answered to for this long after the next one began: whoever saw it last may
    /// be on its way to us.
    static constexpr std::chrono::seconds kOldAnswered{30};

    BleAdvertiser(Visibility visibility, const PeerId& peer, Rng& rng, Recognition& recognition)
        : visibility_(visibility), peer_(peer), rng_(rng), recognition_(recognition) {}

    /// Starts anew with the rid of now, as at the beginning and after our presence key changed.
    void start(Instant now);
    /// True when the rid on the air changed or fell silent.
    bool update(Instant now);
    Instant next_timeout() const { return next_; }

    /// What is to be on the air; nothing while silent, and always in passive mode.
    const std::optional<Rid>& on_air() const { return on_air_; }
    /// The last rid that was on the air.
    const Rid& rid() const { return rid_; }
    /// Ours, now or until a moment ago.
    bool is_own(Instant now, const Rid& rid) const;
    /// The rid of ours that a hello with this greeting was meant for. In public mode anybody may
    /// greet; in private mode only friends can (Recognition::greet); passive, nobody.
    std::optional<Rid> greeted(Instant now, ByteView fresh, ByteView greeting) const;

  private:
    Rid rid_now(Instant now);
    void plan_silence(Instant now);

    const Visibility visibility_;
    const PeerId peer_;
    Rng& rng_;
    Recognition& recognition_;
    std::optional<Rid> on_air_;
    Rid rid_{}, old_{};
    Instant old_until_{};
    Instant next_ = kNever;  ///< of falling silent, or of speaking again
};

}  // namespace sov::discovery
