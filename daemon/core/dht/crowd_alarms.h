#pragma once

#include <vector>

#include "daemon/core/base/ids.h"
#include "daemon/core/base/instant.h"
#include "daemon/core/base/limits.h"

namespace sov::dht {

/// The keys whose regions hold more nodes than an honest network has there: somebody planted nodes
/// next to them (the density alarm). One crowded walk raises an alarm; it ends only after several
/// calm walks in a row, or when nobody walked there for an hour, so that an attacker who comes and
/// goes does not make it flap. At most Limits::crowd_alarms_max keys; past it the one whose crowd
/// was seen longest ago gives way.
class CrowdAlarms {
  public:
    explicit CrowdAlarms(std::size_t most) : most_(most) {}

    /// What changed for a key.
    struct Change {
        Key key;
        bool crowded = false;
    };

    /// A lookup walked the whole region of `key`.
    std::vector<Change> note_walk(Instant now, const Key& key, bool crowded);
    /// Ends alarms that nothing has confirmed for an hour.
    std::vector<Change> expire(Instant now);
    Instant next_timeout() const;

    bool alarmed(const Key& key) const;
    std::size_t size() const { return alarms_.size(); }

  private:
    struct Alarm {
        Key key;
        Instant crowded_at{};
        unsigned calm = 0;  ///< walks in a row without a crowd
    };
    std::size_t most_;
    std::vector<Alarm> alarms_;
};

}  // namespace sov::dht
