#include "tests/sim/sessions.h"

namespace sov::sim {

namespace {

/// Scale of the distribution: with shape 0.5 half of the mean.
constexpr std::uint64_t kScaleSeconds = 600;
constexpr std::uint64_t kParts = 64;

// Root mean squares of 64 equal parts of an exponential distribution, in thousandths.
constexpr std::uint64_t kExponential[kParts] = {
    9,    24,   40,   56,   73,   90,   107,  125,  143,  161,  179,  198,  217,  237,  257,  277,
    298,  320,  341,  363,  386,  409,  433,  458,  483,  508,  535,  562,  589,  618,  647,  678,
    709,  741,  775,  809,  845,  882,  920,  960,  1002, 1046, 1091, 1139, 1189, 1241, 1297, 1356,
    1418, 1485, 1557, 1634, 1717, 1808, 1908, 2020, 2145, 2289, 2456, 2658, 2911, 3251, 3778, 5255,
};

// Exponential with mean 1, in thousandths.
std::uint64_t exponential(Rng& rng) { return kExponential[rng.below(kParts)]; }

// With shape 1 / 2 it is the scale times the square of an exponential.
std::uint64_t millis(std::uint64_t root) { return kScaleSeconds * root * root / 1000; }

}  // namespace

Duration whole_session(Rng& rng) { return std::chrono::milliseconds(millis(exponential(rng))); }

// The square root of a session that is met is distributed as the sum of three exponentials, and
// the meeting is anywhere within it.
Duration remaining_session(Rng& rng) {
    std::uint64_t root = 0;
    for (int draw = 0; draw < 3; ++draw) root += exponential(rng);
    return std::chrono::milliseconds(rng.below(millis(root)));
}

}  // namespace sov::sim
