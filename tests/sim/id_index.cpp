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

// Those where the bit is set stand behind the others.
IdIndex::Halves IdIndex::split(std::span<const Entry> range, int bit, const Key& place) {
    const auto middle = std::partition_point(
        range.begin(), range.end(), [&](const Entry& entry) { return !bit_of(entry.id, bit); });
    const auto before = static_cast<std::size_t>(middle - range.begin());
    const auto clear = range.first(before), set = range.subspan(before);
    return bit_of(place, bit) ? Halves{set, clear} : Halves{clear, set};
}

std::span<const IdIndex::Entry> IdIndex::sharing(const Key& place, int bits) const {
    std::span<const Entry> range(entries_);
    for (int bit = 0; bit < bits && !range.empty(); ++bit) {
        range = split(range, bit, place).near;
    }
    return range;
}

std::vector<const IdIndex::Entry*> IdIndex::nearest(const Key& place, std::size_t count) const {
    std::span<const Entry> range(entries_);
    for (int bit = 0; bit < 160; ++bit) {
        const auto deeper = split(range, bit, place).near;
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
