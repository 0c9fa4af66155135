#pragma once

#include "tests/sim/adversary.h"

namespace sov::sim {

/// An adversary that comes to its victim by itself: opens a session, says that it serves, and does
/// so again every ten minutes. What it is asked afterwards it answers as its conduct says.
class Flooder final : public Adversary {
  public:
    Flooder(const Setting& setting, const identity::SigningKey& node_key, Conduct conduct,
            std::uint64_t seed, const Contact& victim, Instant first)
        : Adversary(setting, node_key, conduct, seed), victim_(victim), next_at_(first) {}

    void handle_timeout(Instant now, Outbox& outbox) override;
    Instant next_timeout() const override { return earliest(next_at_, Adversary::next_timeout()); }

  private:
    Contact victim_;
    Instant next_at_;
};

}  // namespace sov::sim
