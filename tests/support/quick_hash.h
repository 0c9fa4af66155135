#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>

#include "daemon/core/base/bytes.h"

namespace sov::support {

/// A fast hash of 256 bits that is the same on every machine: four lanes, each folded by a 64 by
/// 128 bit multiplication (the construction of wyhash). It spreads well and stops no attacker.
class QuickHash {
  public:
    explicit QuickHash(std::uint64_t purpose) {
        for (std::uint64_t lane = 0; lane < 4; ++lane) state_[lane] = purpose ^ kOdd[lane];
    }

    QuickHash& add(ByteView bytes) {
        length_ += bytes.size();
        if (held_ > 0) {
            const std::size_t taken = std::min(bytes.size(), kBlock - held_);
            if (taken > 0) std::memcpy(buffer_.data() + held_, bytes.data(), taken);
            held_ += taken;
            bytes = bytes.subspan(taken);
            if (held_ < kBlock) return *this;
            absorb(buffer_.data());
            held_ = 0;
        }
        for (; bytes.size() >= kBlock; bytes = bytes.subspan(kBlock)) absorb(bytes.data());
        if (!bytes.empty()) std::memcpy(buffer_.data(), bytes.data(), bytes.size());
        held_ = bytes.size();
        return *this;
    }
    QuickHash& add(std::uint64_t number) {
        std::array<std::uint8_t, 8> bytes;
        store_u64(bytes.data(), number);
        return add(bytes);
    }

    std::array<std::uint64_t, 4> words() const {
        QuickHash last = *this;
        std::memset(last.buffer_.data() + last.held_, 0, kBlock - last.held_);
        last.absorb(last.buffer_.data());
        last.state_[0] ^= length_;
        for (int round = 0; round < 3; ++round) last.stir();
        return last.state_;
    }
    std::array<std::uint8_t, 32> bytes() const {
        std::array<std::uint8_t, 32> out;
        const auto all = words();
        for (std::size_t lane = 0; lane < 4; ++lane) store_u64(out.data() + 8 * lane, all[lane]);
        return out;
    }

    /// Both halves of the 128-bit product, folded.
    static std::uint64_t fold(std::uint64_t a, std::uint64_t b) {
        const auto product = static_cast<unsigned __int128>(a) * b;
        return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
    }

  private:
    static constexpr std::size_t kBlock = 32;
    static constexpr std::uint64_t kOdd[4] = {0xa0761d6478bd642fULL, 0xe7037ed1a0b428dbULL,
                                              0x8ebc6af09c88c6e3ULL, 0x589965cc75374cc3ULL};

    void absorb(const std::uint8_t* block) {
        for (std::size_t lane = 0; lane < 4; ++lane) {
            // The sum keeps a lane from staying at zero once it got there.
            const std::uint64_t word = load_u64(block + 8 * lane);
            state_[lane] = fold(state_[lane] ^ word, kOdd[lane]) + (word ^ kOdd[3 - lane]);
        }
        const std::uint64_t first = state_[0];
        for (std::size_t lane = 0; lane < 3; ++lane) state_[lane] ^= rotate(state_[lane + 1]);
        state_[3] ^= rotate(first);
    }
    void stir() {
        for (std::size_t lane = 0; lane < 4; ++lane) {
            state_[lane] =
                fold(state_[lane] ^ kOdd[lane], state_[(lane + 1) & 3] ^ kOdd[(lane + 2) & 3]) +
                state_[(lane + 3) & 3];
        }
    }
    static std::uint64_t rotate(std::uint64_t value) { return (value << 23) | (value >> 41); }

    std::array<std::uint64_t, 4> state_;
    std::array<std::uint8_t, kBlock> buffer_;
    std::size_t held_ = 0;
    std::uint64_t length_ = 0;
};

}  // namespace sov::support
