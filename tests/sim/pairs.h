#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "tests/sim/world.h"

namespace sov::sim {

/// Records of peers that are no nodes: made, signed and stored on the nodes' behalf, so that a
/// simulation has as many as it wants, at keys that it knows beforehand.
struct Person {
    identity::SigningKey key;
    Key place;  ///< where the peer record lives
    PeerId id() const { return PeerId{key.public_key}; }
};
Person make_person(World& world);
/// A peer record of this person with one address; the sequence number tells versions apart.
Bytes peer_record(World& world, const Person& person, std::uint64_t sequence);

/// Publishes records and gets them again, and counts what came of it. Answers come while the world
/// runs; this outlives it.
class Pairs {
  public:
    explicit Pairs(World& world) : world_(world) {}

    /// Stores a record from one node; when that has ended, well or not, `getters` look for it.
    void publish_and_get(const Person& person, NodeIndex publisher, std::vector<NodeIndex> getters);
    void publish(const Person& person, NodeIndex publisher, std::uint64_t sequence = 1,
                 std::function<void()> then = {});
    /// Right when the answer has an address and at least this sequence number.
    void get(const Person& person, NodeIndex getter, std::uint64_t sequence = 1);
    /// Runs the world until everything begun is over; false when that takes longer than `most`.
    bool finish(Duration most);

    std::uint64_t published = 0, publish_failed = 0, stored = 0, publish_asked = 0;
    std::uint64_t gotten = 0, right = 0, get_asked = 0, hops = 0;
    /// Simulated time of the right answers; of all publishings.
    Duration get_percentile(unsigned percent) const { return percentile(get_times_, percent); }
    std::string first_problem;

    /// Where the records lie that were looked for in vain.
    const std::vector<Key>& missed() const { return missed_; }

    static Duration percentile(std::vector<Duration> times, unsigned percent);

  private:
    World& world_;
    std::uint64_t open_ = 0;
    std::vector<Duration> get_times_;
    std::vector<Key> missed_;
};

}  // namespace sov::sim
