#include "daemon/app/nearest.h"

#include <algorithm>
#include <utility>

namespace sov::app {

std::optional<std::string> nearest(std::string_view typed, const std::vector<std::string>& known) {
    // Levenshtein distance, one row at a time.
    const auto distance = [&](std::string_view other) {
        std::vector<std::size_t> costs(other.size() + 1);
        for (std::size_t at = 0; at <= other.size(); ++at) costs[at] = at;
        for (std::size_t i = 1; i <= typed.size(); ++i) {
            std::size_t diagonal = std::exchange(costs[0], i);
            for (std::size_t j = 1; j <= other.size(); ++j) {
                const std::size_t change = diagonal + (typed[i - 1] == other[j - 1] ? 0 : 1);
                diagonal = costs[j];
                costs[j] = std::min({change, costs[j] + 1, costs[j - 1] + 1});
            }
        }
        return costs.back();
    };
    if (typed.size() > 64) return std::nullopt;
    const std::string* best = nullptr;
    std::size_t best_distance = std::max<std::size_t>(typed.size() / 3, 2) + 1;
    for (const std::string& word : known) {
        const std::size_t at = distance(word);
        if (at < best_distance) {
            best = &word;
            best_distance = at;
        }
    }
    return best == nullptr ? std::nullopt : std::optional(*best);
}

}  // namespace sov::app
