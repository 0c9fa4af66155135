#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sov::ports {

/// How often something took how long, in classes: `upto[i]` counts what took at most `bounds[i]`,
/// and `count` everything.
struct Distribution {
    std::vector<double> bounds;       ///< in the measure's unit, rising
    std::vector<std::uint64_t> upto;  ///< as many as bounds, never falling
    std::uint64_t count = 0;
    double sum = 0;
};

enum class MeasureKind : std::uint8_t {
    kCounter,  ///< since the start, never falls
    kGauge,    ///< now
    kDistribution,
};

/// One number about the daemon. Its name follows Prometheus' conventions (base units, `_total` for
/// counters); labels hold words of a fixed list, never ids, addresses or names of anybody: each
/// new value would be a series of its own, and a page of figures must not tell who talks to whom.
struct Measure {
    std::string name;
    std::string help;  ///< one sentence
    MeasureKind kind{};
    std::string label, label_value;  ///< empty: none
    double value = 0;
    Distribution distribution;  ///< kDistribution
};

/// The numbers of one moment, in a fixed order; those of one name follow each other.
class Measures {
  public:
    using Label = std::pair<std::string_view, std::string_view>;
    /// The most that a page may hold, a distribution counted by its classes: what a Prometheus
    /// server keeps for each daemon it watches.
    static constexpr std::size_t kSeriesMax = 400;

    void counter(std::string_view name, std::string_view help, double value, Label label = {}) {
        add(name, help, MeasureKind::kCounter, value, label);
    }
    void gauge(std::string_view name, std::string_view help, double value, Label label = {}) {
        add(name, help, MeasureKind::kGauge, value, label);
    }
    void distribution(std::string_view name, std::string_view help, Distribution what,
                      Label label = {}) {
        add(name, help, MeasureKind::kDistribution, 0, label);
        list_.back().distribution = std::move(what);
    }

    const std::vector<Measure>& list() const { return list_; }
    /// Series that a Prometheus server would make of it.
    std::size_t series() const {
        std::size_t sum = 0;
        for (const Measure& measure : list_) {
            // Each class, the one without an upper bound, the sum and the count.
            sum += measure.kind == MeasureKind::kDistribution
                       ? measure.distribution.bounds.size() + 3
                       : 1;
        }
        return sum;
    }

  private:
    void add(std::string_view name, std::string_view help, MeasureKind kind, double value,
             Label label) {
        list_.push_back({std::string(name),
                         std::string(help),
                         kind,
                         std::string(label.first),
                         std::string(label.second),
                         value,
                         {}});
    }

    std::vector<Measure> list_;
};

}  // namespace sov::ports
