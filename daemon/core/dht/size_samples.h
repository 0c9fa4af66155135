#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

namespace sov::dht {

/// How large the network looks from elsewhere: each lookup that ended far from us tells how densely
/// nodes stand there. One sample is off by a fifth or more, and so is what we conclude from our own
/// neighbourhood, which somebody may have filled; the median of both is not. Keeps the last 8.
class SizeSamples {
  public:
    static constexpr std::size_t kKept = 8, kWanted = 4;

    /// `nodes` answered within `distance` (first 64 bits) of a place that was looked up.
    void add(std::size_t nodes, std::uint64_t distance) {
        if (distance == 0) return;
        const auto size = (static_cast<unsigned __int128>(nodes) << 64) / distance;
        const auto sample = size > UINT64_MAX ? UINT64_MAX : static_cast<std::uint64_t>(size);
        if (samples_.size() < kKept) {
            samples_.push_back(sample);
        } else {
            samples_[next_++ % kKept] = sample;
        }
    }
    /// The median of the samples; 0: too few yet.
    std::uint64_t elsewhere() const { return samples_.size() < kWanted ? 0 : median(samples_); }
    /// The median of the samples and of `own`; `own` while there are too few.
    std::uint64_t with(std::uint64_t own) const {
        if (samples_.size() < kWanted) return own;
        std::vector<std::uint64_t> all = samples_;
        all.push_back(own);
        return median(std::move(all));
    }

  private:
    static std::uint64_t median(std::vector<std::uint64_t> all) {
        const auto middle = all.begin() + static_cast<std::ptrdiff_t>(all.size() / 2);
        std::nth_element(all.begin(), middle, all.end());
        return *middle;
    }

    std::vector<std::uint64_t> samples_;  ///< a ring; empty in a node that asks nothing
    std::size_t next_ = 0;
};

}  // namespace sov::dht
