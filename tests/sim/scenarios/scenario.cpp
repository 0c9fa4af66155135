#include "tests/sim/scenarios/scenario.h"

#include <malloc.h>

namespace sov::sim {

World::Options seeded(const RunOptions& options) {
    World::Options world;
    world.seed = options.seed;
    world.check_invariants_every = 1024;
    return world;
}

std::uint64_t heap_bytes() {
    const auto heap = ::mallinfo2();
    return heap.uordblks + heap.hblkhd;
}

std::uint64_t whole_ms(Duration span) {
    return static_cast<std::uint64_t>(
        std::chrono::duration_cast<std::chrono::milliseconds>(span).count());
}

}  // namespace sov::sim
