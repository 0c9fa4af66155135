#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "daemon/core/base/contact.h"
#include "daemon/core/base/ids.h"

namespace sov::sim {

/// Many nodes in the order of their ids, so that neighbourhoods are ranges: what an oracle or a
/// conspiracy knows. A question costs a few binary searches.
class IdIndex {
  public:
    struct Entry {
        NodeId id;
        Contact contact;
        bool hostile = false;
    };

    void add(const NodeId& id, const Contact& contact, bool hostile) {
        entries_.push_back({id, contact, hostile});
    }
    /// To be called after the last add() and before the first question.
    void sort();
    std::size_t size() const { return entries_.size(); }

    /// Up to `count` entries nearest to a place, nearest first.
    std::vector<const Entry*> nearest(const Key& place, std::size_t count) const;
    /// All that share at least `bits` leading bits with a place.
    std::span<const Entry> sharing(const Key& place, int bits) const;

  private:
    std::span<const Entry> half(std::span<const Entry> range, int bit, bool set) const;

    std::vector<Entry> entries_;
};

}  // namespace sov::sim
