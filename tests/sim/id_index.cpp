#include "tests/sim/id_index.h"

#include <algorithm>

namespace sov::sim {

namespace {

bool bit_of(const Key& key, int bit) {
    return (key.bytes[static_cast<std::size_t>(bit / 8)] >> (7 - bit % 8) & 1) != 0;
}

}  // namespace

void IdIndex::sort() {
    std::sort(entries_.begin(), entries_.end(),
              [](const Entry& a, const Entry& b) { return a.id < b.id; });
}

// All of `range` share the bits before `bit`, so those where it is set stand behind the others.
std::span<const IdIndex::Entry> IdIndex::half(std::span<const Entry> range, int bit,
                                              bool set) const {
    const auto middle = std::partition_point(
        range.begin(), range.end(), [&](const Entry& entry) { return !bit_of(entry.id, bit); });
    const auto before = static_cast<std::size_t>(middle - range.begin());
    return set ? range.subspan(before) : range.first(before);
}

std::span<const IdIndex::Entry> IdIndex::sharing(const Key& place, int bits) const {
    std::span<const Entry> range(entries_);
    for (int bit = 0; bit < bits && !range.empty(); ++bit) {
        range = half(range, bit, bit_of(place, bit));
    }
    return range;
}

std::vector<const IdIndex::Entry*> IdIndex::nearest(const Key& place, std::size_t count) const {
    std::span<const Entry> range(entries_);
    for (int bit = 0; bit < 160; ++bit) {
        const auto deeper = half(range, bit, bit_of(place, bit));
        if (deeper.size() < count) break;
        range = deeper;
    }
    std::vector<const Entry*> found;
    found.reserve(range.size());
    for (const Entry& entry : range) found.push_back(&entry);
    const auto kept = static_cast<std::ptrdiff_t>(std::min(count, found.size()));
    std::partial_sort(found.begin(), found.begin() + kept, found.end(),
                      [&](const Entry* a, const Entry* b) { return closer(place, a->id, b->id); });
    found.resize(static_cast<std::size_t>(kept));
    return found;
}

}  // namespace sov::sim
