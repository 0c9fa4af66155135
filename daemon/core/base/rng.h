#pragma once

#include <array>
#include <cstdint>

// Randomness for choices that need no secrecy: jitter, sampling, shuffling. Keys, cookies, session
// indices and tokens come from Crypto::fill_random instead.

namespace sov {

/// xoshiro256** (Blackman & Vigna 2018, "Scrambled linear pseudorandom number generators"): the
/// same seed gives the same choices with every compiler and library. 32 bytes of state.
class Rng {
  public:
    /// Spreads the seed over the state with splitmix64, as its authors recommend.
    explicit Rng(std::uint64_t seed) {
        for (std::uint64_t& word : state_) {
            seed += 0x9e3779b97f4a7c15ULL;
            std::uint64_t mixed = seed;
            mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9ULL;
            mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111ebULL;
            word = mixed ^ (mixed >> 31);
        }
    }

    std::uint64_t next() {
        const std::uint64_t result = rotate(state_[1] * 5, 7) * 9;
        const std::uint64_t shifted = state_[1] << 17;
        state_[2] ^= state_[0];
        state_[3] ^= state_[1];
        state_[1] ^= state_[2];
        state_[0] ^= state_[3];
        state_[2] ^= shifted;
        state_[3] = rotate(state_[3], 45);
        return result;
    }

    /// Uniform in [0, bound); 0 for a bound of 0. Multiply-shift (Lemire 2019); its bias of at most
    /// bound / 2^64 is irrelevant for choices of this kind.
    std::uint64_t below(std::uint64_t bound) {
        return static_cast<std::uint64_t>((static_cast<unsigned __int128>(next()) * bound) >> 64);
    }

  private:
    static std::uint64_t rotate(std::uint64_t value, int by) {
        return (value << by) | (value >> (64 - by));
    }

    std::array<std::uint64_t, 4> state_{};
};

}  // namespace sov
