#pragma once

#include <cstdint>
#include <string>

namespace sov::sim {

/// One number that a scenario is about. Fixed-point, so that sums of them are the same everywhere.
struct Figure {
    enum class Wanted : std::uint8_t { kNothing, kAtLeast, kAtMost } wanted{};
    std::string name;
    std::uint64_t value = 0;  ///< in units of 10^-decimals
    unsigned decimals = 0;
    std::string unit;
    std::uint64_t bar = 0;  ///< as `value`; what docs/resilience.md promises on average

    bool met() const {
        return wanted == Wanted::kNothing ||
               (wanted == Wanted::kAtLeast ? value >= bar : value <= bar);
    }
    /// "99.90 %"
    std::string text() const { return text_of(value); }
    std::string bar_text() const {
        if (wanted == Wanted::kNothing) return "";
        return (wanted == Wanted::kAtLeast ? "at least " : "at most ") + text_of(bar);
    }
    /// The number as people read it, with its unit or without.
    std::string text_of(std::uint64_t number, bool with_unit = true) const;

    /// A share in percent with two decimals; of nothing: 0.
    static Figure share(std::string name, std::uint64_t part, std::uint64_t whole);
    static Figure count(std::string name, std::uint64_t value, std::string unit);
    /// A mean with one decimal; of nothing: 0.
    static Figure mean(std::string name, std::uint64_t sum, std::uint64_t count, std::string unit);
    Figure at_least(std::uint64_t wanted_bar) && {
        wanted = Wanted::kAtLeast;
        bar = wanted_bar;
        return std::move(*this);
    }
    Figure at_most(std::uint64_t wanted_bar) && {
        wanted = Wanted::kAtMost;
        bar = wanted_bar;
        return std::move(*this);
    }
};

}  // namespace sov::sim
