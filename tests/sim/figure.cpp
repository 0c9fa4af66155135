#include "tests/sim/figure.h"

namespace sov::sim {

std::string Figure::text_of(std::uint64_t number, bool with_unit) const {
    std::uint64_t scale = 1;
    for (unsigned place = 0; place < decimals; ++place) scale *= 10;
    std::string text = std::to_string(number / scale);
    if (decimals > 0) {
        std::string rest = std::to_string(number % scale);
        text += "." + std::string(decimals - rest.size(), '0') + rest;
    }
    return unit.empty() || !with_unit ? text : text + " " + unit;
}

Figure Figure::share(std::string name, std::uint64_t part, std::uint64_t whole) {
    Figure figure;
    figure.name = std::move(name);
    figure.value = whole == 0 ? 0 : part * 10'000 / whole;
    figure.decimals = 2;
    figure.unit = "%";
    return figure;
}

Figure Figure::count(std::string name, std::uint64_t value, std::string unit) {
    Figure figure;
    figure.name = std::move(name);
    figure.value = value;
    figure.unit = std::move(unit);
    return figure;
}

Figure Figure::mean(std::string name, std::uint64_t sum, std::uint64_t count, std::string unit) {
    Figure figure;
    figure.name = std::move(name);
    figure.value = count == 0 ? 0 : sum * 10 / count;
    figure.decimals = 1;
    figure.unit = std::move(unit);
    return figure;
}

}  // namespace sov::sim
