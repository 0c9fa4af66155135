#pragma once

#include <array>
#include <cstdint>
#include <memory>

namespace sov::session {

/// Accepts each counter once, within a window of 2048 behind the highest seen (the size and the
/// ring of words follow RFC 6479). The last 64 counters are kept in one word; the whole bitmap
/// comes only when a gap leaves that word, so a session with little traffic costs 24 bytes even
/// when packets get lost.
class ReplayWindow {
  public:
    static constexpr std::uint64_t kSize = 2048;

    /// True when this counter is new; it is then taken. Call it only for authenticated packets.
    bool accept(std::uint64_t counter) {
        if (bits_ != nullptr) return accept_in_bitmap(counter);
        if (counter < next_) {
            const std::uint64_t back = next_ - 1 - counter;
            if (back >= 64 || (recent_ & (1ULL << back)) != 0) return false;
            recent_ |= 1ULL << back;
            return true;
        }
        const std::uint64_t shift = counter - next_ + 1;
        // Bits that leave the word must all be set: what is older counts as seen.
        const bool gap_leaves =
            shift >= 64 ? recent_ != ~0ULL || shift > 64 : (~recent_ >> (64 - shift)) != 0;
        if (gap_leaves) {
            start_bitmap();
            return accept_in_bitmap(counter);
        }
        recent_ = shift == 64 ? 1 : (recent_ << shift) | 1;
        next_ = counter + 1;
        return true;
    }

  private:
    // One word more than the window needs, so that the word being cleared is never one in use.
    static constexpr std::uint64_t kWords = kSize / 64 + 1;

    bool accept_in_bitmap(std::uint64_t counter) {
        if (counter >= next_) {
            advance(counter);
        } else if (next_ - counter > kSize) {
            return false;
        }
        std::uint64_t& word = (*bits_)[(counter / 64) % kWords];
        const std::uint64_t bit = 1ULL << (counter % 64);
        if ((word & bit) != 0) return false;
        word |= bit;
        return true;
    }

    // Everything older than the recent word has been seen, or is too old to be told from it.
    void start_bitmap() {
        bits_ = std::make_unique<std::array<std::uint64_t, kWords>>();
        bits_->fill(~0ULL);
        clear_from(next_, next_ + 63);
        for (std::uint64_t back = 0; back < 64 && back < next_; ++back) {
            if ((recent_ & (1ULL << back)) != 0) continue;
            const std::uint64_t counter = next_ - 1 - back;
            (*bits_)[(counter / 64) % kWords] &= ~(1ULL << (counter % 64));
        }
    }

    void clear_from(std::uint64_t first, std::uint64_t last) {
        for (std::uint64_t counter = first; counter <= last; ++counter) {
            (*bits_)[(counter / 64) % kWords] &= ~(1ULL << (counter % 64));
        }
    }

    void advance(std::uint64_t counter) {
        const std::uint64_t from = (next_ == 0 ? 0 : (next_ - 1) / 64) + 1;
        const std::uint64_t to = counter / 64;
        const std::uint64_t count = to >= from ? to - from + 1 : 0;
        if (count >= kWords) {
            bits_->fill(0);
        } else {
            for (std::uint64_t word = from; word <= to; ++word) (*bits_)[word % kWords] = 0;
        }
        next_ = counter + 1;
    }

    std::uint64_t next_ = 0;        ///< one above the highest counter accepted
    std::uint64_t recent_ = ~0ULL;  ///< bit i: counter next_-1-i was accepted (or never existed)
    std::unique_ptr<std::array<std::uint64_t, kWords>> bits_;
};

}  // namespace sov::session
