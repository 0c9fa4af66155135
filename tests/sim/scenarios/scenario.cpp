#include "tests/sim/scenarios/scenario.h"

#include <malloc.h>
#include <sys/resource.h>

namespace sov::sim {

World::Options seeded(const RunOptions& options) {
    World::Options world;
    world.seed = options.seed;
    world.check_invariants_every = 1024;
    return world;
}

Counters all_counters(const World& world) {
    Counters all;
    for (const NodeIndex index : world.living()) {
        const Counters& counters = world.node(index).counters();
        all.lookups_started += counters.lookups_started;
        all.lookups_widened += counters.lookups_widened;
        all.lookups_crowded += counters.lookups_crowded;
        all.second_homes_found += counters.second_homes_found;
        all.offers_kept += counters.offers_kept;
        all.offers_refused += counters.offers_refused;
        all.offers_evicted += counters.offers_evicted;
    }
    return all;
}

std::uint64_t heap_bytes() {
    const auto heap = ::mallinfo2();
    return heap.uordblks + heap.hblkhd;
}

std::uint64_t peak_resident_bytes() {
    rusage usage{};
    ::getrusage(RUSAGE_SELF, &usage);
    return static_cast<std::uint64_t>(usage.ru_maxrss) * 1024;
}

std::uint64_t whole_ms(Duration span) {
    return static_cast<std::uint64_t>(
        std::chrono::duration_cast<std::chrono::milliseconds>(span).count());
}

}  // namespace sov::sim
