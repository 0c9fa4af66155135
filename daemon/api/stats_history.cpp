#include "daemon/api/stats_history.h"

#include <algorithm>

namespace sov::api {

void StatsHistory::add(const ports::Measures& measures) {
    Sample sample{};
    for (const ports::Measure& measure : measures.list()) {
        if (!measure.label.empty()) continue;
        const auto place = std::find(kRemembered.begin(), kRemembered.end(), measure.name);
        if (place != kRemembered.end())
            sample[static_cast<std::size_t>(place - kRemembered.begin())] = measure.value;
    }
    if (ring_.size() < kSamplesMax) {
        ring_.push_back(sample);
    } else {
        ring_[next_] = sample;
        next_ = (next_ + 1) % kSamplesMax;
    }
}

std::vector<double> StatsHistory::samples(std::string_view name) const {
    const auto place = std::find(kRemembered.begin(), kRemembered.end(), name);
    if (place == kRemembered.end()) return {};
    const auto column = static_cast<std::size_t>(place - kRemembered.begin());
    std::vector<double> all;
    all.reserve(ring_.size());
    for (std::size_t i = 0; i < ring_.size(); ++i)
        all.push_back(ring_[(next_ + i) % ring_.size()][column]);
    return all;
}

}  // namespace sov::api
