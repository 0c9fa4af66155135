#include "client/ctl/chart.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>

namespace sov::ctl {
namespace {

constexpr std::array<const char*, 9> kEighths = {" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
constexpr std::array<const char*, 5> kAsciiSteps = {"_", ".", "-", "=", "#"};

double largest(std::span<const double> values) {
    double most = 0;
    for (const double value : values) most = std::max(most, value);
    return most;
}

/// 0 to `steps`, for a value of 0 to `most`; something above 0 is at least 1.
std::size_t step_of(double value, double most, std::size_t steps) {
    if (value <= 0 || most <= 0) return 0;
    const auto step = std::lround(std::min(value / most, 1.0) * static_cast<double>(steps));
    return std::max<std::size_t>(1, static_cast<std::size_t>(step));
}

std::vector<double> condensed(std::span<const double> values, std::size_t width) {
    if (values.size() <= width) return {values.begin(), values.end()};
    std::vector<double> means;
    means.reserve(width);
    for (std::size_t column = 0; column < width; ++column) {
        const std::size_t from = column * values.size() / width;
        const std::size_t to = (column + 1) * values.size() / width;
        double sum = 0;
        for (std::size_t i = from; i < to; ++i) sum += values[i];
        means.push_back(sum / static_cast<double>(to - from));
    }
    return means;
}

}  // namespace

std::string sparkline(std::span<const double> values, bool utf8) {
    const double most = largest(values);
    std::string line;
    for (const double value : values) {
        if (utf8) {
            line += kEighths[std::max<std::size_t>(1, step_of(value, most, 8))];
        } else {
            line += kAsciiSteps[step_of(value, most, kAsciiSteps.size() - 1)];
        }
    }
    return line;
}

std::string bar(double value, double most, std::size_t width, bool utf8) {
    std::string line;
    if (!utf8) return std::string(step_of(value, most, width), '#');
    const std::size_t eighths = step_of(value, most, width * 8);
    for (std::size_t i = 0; i < eighths / 8; ++i) line += "█";
    constexpr std::array<const char*, 8> kLeft = {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
    return line + kLeft[eighths % 8];
}

std::vector<std::string> column_chart(std::span<const double> values, std::size_t width,
                                      std::size_t height, bool utf8) {
    if (values.empty() || width == 0 || height == 0) return {};
    const std::vector<double> columns = condensed(values, width);
    const double most = largest(columns);
    std::vector<std::string> rows(height);
    for (const double value : columns) {
        const std::size_t per_row = utf8 ? 8 : 1;
        const std::size_t filled = step_of(value, most, height * per_row);
        for (std::size_t row = 0; row < height; ++row) {
            const std::size_t below = (height - 1 - row) * per_row;
            const std::size_t here = std::min(per_row, filled > below ? filled - below : 0);
            rows[row] += utf8 ? kEighths[here] : (here > 0 ? "#" : " ");
        }
    }
    return rows;
}

std::vector<double> rates(std::span<const double> counter, double seconds) {
    std::vector<double> all;
    for (std::size_t i = 1; i < counter.size(); ++i)
        all.push_back(std::max(0.0, counter[i] - counter[i - 1]) / seconds);
    return all;
}

std::string figure_text(double value) {
    /// From which size on a prefix is used, and what it stands for.
    struct Prefix {
        double from, scale;
        const char* text;
    };
    constexpr std::array<Prefix, 7> kPrefixes = {{{1e12, 1e12, " T"},
                                                  {1e9, 1e9, " G"},
                                                  {1e6, 1e6, " M"},
                                                  {1e3, 1e3, " k"},
                                                  {1e-3, 1, ""},
                                                  {1e-6, 1e-6, " µ"},
                                                  {0, 1e-9, " n"}}};
    if (!std::isfinite(value) || value == 0) return "0";
    std::array<char, 32> text{};
    if (value == std::trunc(value) && std::fabs(value) < 10'000) {
        std::snprintf(text.data(), text.size(), "%.0f", value);
        return text.data();
    }
    for (const Prefix& prefix : kPrefixes) {
        if (std::fabs(value) < prefix.from) continue;
        std::snprintf(text.data(), text.size(), "%.3g%s", value / prefix.scale, prefix.text);
        return text.data();
    }
    return "0";
}

}  // namespace sov::ctl
