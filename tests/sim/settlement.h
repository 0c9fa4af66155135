#pragma once

#include <optional>
#include <vector>

#include "tests/sim/adversary.h"
#include "tests/sim/world.h"

namespace sov::sim {

/// A network that stands at once instead of growing: keys are made first, then every node gets the
/// table that a long life would have given it: up to k random members of each bucket, its own
/// neighbourhood whole. Thousands of nodes a second, and with fair tables by construction; what
/// growing under attack does to tables is measured elsewhere. Adversaries are part of it.
class Settlement {
  public:
    explicit Settlement(World& world) : world_(world) {}
    ~Settlement() {
        for (const auto& settler : conspiracy_.everybody.all()) world_.book().drop(settler.handle);
    }
    Settlement(const Settlement&) = delete;
    Settlement& operator=(const Settlement&) = delete;

    /// Nodes that only answer, and nodes that also ask, ping and publish.
    void quiet(std::size_t count) { enlist(count, Role::kQuiet, Conduct::kColludes); }
    void active(std::size_t count) { enlist(count, Role::kActive, Conduct::kColludes); }
    void hostile(std::size_t count, Conduct conduct) { enlist(count, Role::kHostile, conduct); }
    /// For each of the places as many hostile nodes, whose ids were searched for until they are
    /// nearer to it than every honest node enlisted so far.
    void hostile_near(const std::vector<Key>& places, std::size_t count, Conduct conduct);
    /// How often an honest node that could enter a table does, in thousandths: 500 is a table
    /// poisoned twofold. Neighbourhoods stay whole.
    void set_honest_chance(std::uint64_t per_mille) { honest_chance_ = per_mille; }

    /// Puts everybody onto the network. Called once.
    void found();

    const std::vector<NodeIndex>& active_nodes() const { return active_; }
    const std::vector<NodeIndex>& honest_nodes() const { return honest_; }
    Conspiracy& conspiracy() { return conspiracy_; }
    /// A node that asks, chosen at random.
    NodeIndex asker() { return active_[world_.rng().below(active_.size())]; }
    /// A table for one more node with this id, as found() would make it.
    std::vector<ContactHandle> table_for(const NodeId& id);

  private:
    enum class Role : std::uint8_t { kQuiet, kActive, kHostile };
    struct Settler {
        identity::SigningKey key;
        NodeId id;
        Role role{};
        Conduct conduct{};
    };

    void enlist(std::size_t count, Role role, Conduct conduct);
    void enlist(const identity::SigningKey& key, Role role, Conduct conduct);

    World& world_;
    std::vector<Settler> settlers_;
    Conspiracy conspiracy_;
    std::uint64_t honest_chance_ = 1000;
    std::vector<NodeIndex> active_, honest_;
};

}  // namespace sov::sim
