#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tests/sim/population.h"
#include "tests/sim/world.h"

namespace sov::sim {

/// Lookups that were asked for and what became of them.
class Survey {
  public:
    explicit Survey(World& world) : world_(world) {}

    /// Asks a node for the claims on a name; right when the answer contains `owner` with an
    /// address.
    void find_name(NodeIndex asker, const std::string& name, const PeerId& owner);
    /// Asks a node where a peer is; right when the answer contains one of its addresses.
    void find_peer(NodeIndex asker, const PeerId& peer);
    /// Runs the world until all are answered; false when some are not within `most`.
    bool finish(Duration most);

    std::size_t asked() const { return asked_; }
    std::size_t right() const { return right_; }
    /// Simulated time of the right answers; zero when there are none.
    Duration percentile(unsigned percent) const;
    /// Peers asked per lookup, times ten.
    std::uint64_t questions_times_ten() const;
    /// In words, what went wrong first; empty when nothing did.
    const std::string& first_problem() const { return first_problem_; }

  private:
    void take(const Event& event, const PeerId& wanted, Instant began);

    World& world_;
    std::size_t asked_ = 0, answered_ = 0, right_ = 0;
    std::uint64_t questions_ = 0;
    std::vector<Duration> times_;
    std::string first_problem_;
};

}  // namespace sov::sim
