#pragma once

#include <cstdint>
#include <utility>
#include <vector>

namespace sov::sim {

/// Things that wait for their event, each at a place that is used again afterwards.
template <typename T>
class Slots {
  public:
    std::uint32_t put(T thing) {
        if (free_.empty()) {
            things_.push_back(std::move(thing));
            return static_cast<std::uint32_t>(things_.size() - 1);
        }
        const std::uint32_t place = free_.back();
        free_.pop_back();
        things_[place] = std::move(thing);
        return place;
    }
    T take(std::uint32_t place) {
        T thing = std::move(things_[place]);
        free_.push_back(place);
        return thing;
    }

  private:
    std::vector<T> things_;
    std::vector<std::uint32_t> free_;
};

}  // namespace sov::sim
