#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "daemon/core/base/contact_book.h"
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
        ContactHandle handle{};  ///< in the world's book, of those that are there
    };

    void add(const NodeId& id, const Contact& contact, bool hostile, ContactHandle handle = {}) {
        entries_.push_back({id, contact, hostile, handle});
    }
    /// To be called after the last add() and before the first question.
    void sort();
    std::size_t size() const { return entries_.size(); }
    void reserve(std::size_t count) { entries_.reserve(count); }

    /// Up to `count` entries nearest to a place, nearest first.
    std::vector<const Entry*> nearest(const Key& place, std::size_t count) const;
    /// All that share at least `bits` leading bits with a place.
    std::span<const Entry> sharing(const Key& place, int bits) const;
    std::span<const Entry> all() const { return entries_; }
    /// Of a range whose entries share the bits before `bit`: those that share this one with a
    /// place, too, and the others.
    struct Halves {
        std::span<const Entry> near, far;
    };
    static Halves split(std::span<const Entry> range, int bit, const Key& place);

  private:
    std::vector<Entry> entries_;
};

}  // namespace sov::sim
