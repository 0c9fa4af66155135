#pragma once

#include <string>
#include <vector>

#include "tests/sim/world.h"

namespace sov::sim {

/// Values that apps store in a world, what was acknowledged, and what readers were told. Contents
/// are versions: 1, 2, 3. Answers come while the world runs; this outlives it.
class Ledger {
  public:
    explicit Ledger(World& world) : world_(world) {}

    struct Entry {
        NodeIndex owner = 0;  ///< who stored it
        PeerId peer;
        std::string label;
        Key key;
        std::uint32_t version = 0;       ///< the newest that was begun
        std::uint32_t acknowledged = 0;  ///< the newest that was acknowledged
        std::uint64_t sequence = 0;      ///< of that version
        Instant ends{};                  ///< of its life
    };
    /// A value of this node under a label of its own; returns its number.
    std::size_t add(NodeIndex owner);
    /// Stores the next version of a value, from its owner.
    void put(std::size_t number, std::chrono::seconds ttl = std::chrono::hours{2});
    /// Right when the answer is the newest version that had been acknowledged when it was asked
    /// for, or a newer one.
    void get(std::size_t number, NodeIndex reader, dht::Level level = dht::Level::kNormal);
    /// Runs the world until everything begun is over; false when that takes longer than `most`.
    bool finish(Duration most);
    bool idle() const { return open_ == 0; }
    /// Answers that are still open will not come: whoever asked may be gone.
    void abandon() {
        open_ = 0;
        ++era_;
    }

    const std::vector<Entry>& entries() const { return entries_; }
    std::uint64_t put_failed = 0, puts = 0, receipts = 0;
    std::uint64_t gotten = 0, right = 0, outdated = 0, get_asked = 0;
    std::string first_problem;

  private:
    void note(const Entry& entry, std::uint32_t wanted, NodeIndex reader, const Event& event);

    World& world_;
    std::vector<Entry> entries_;
    std::uint64_t open_ = 0, era_ = 0;
};

/// Who holds what, as no node can know it: one pass over the living nodes.
class Holdings {
  public:
    struct Copy {
        NodeIndex node = 0;
        std::uint64_t sequence = 0;
    };
    explicit Holdings(const World& world);
    /// Live copies of any version at this key, in the order of the nodes.
    const std::vector<Copy>& at(const Key& key) const;
    /// Living nodes with this version or a newer one.
    std::size_t copies(const Key& key, std::uint64_t sequence) const;

  private:
    std::map<Key, std::vector<Copy>> copies_;
    std::vector<Copy> none_;
};

}  // namespace sov::sim
