#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

// Figures drawn with characters, for terminals and logs.

namespace sov::ctl {

/// One character for each value, higher for more: "▁▂▅█". In ASCII "_.-=#". The largest value fills
/// a character; all-zero values stay at the bottom. Values below zero count as zero.
std::string sparkline(std::span<const double> values, bool utf8);

/// A bar of at most `width` characters for `value` of `most`.
std::string bar(double value, double most, std::size_t width, bool utf8);

/// Rows of a column chart, the highest first, without an axis: `width` columns or fewer, each the
/// mean of the values that fall into it. At most `height` rows; 0 of either: nothing.
std::vector<std::string> column_chart(std::span<const double> values, std::size_t width,
                                      std::size_t height, bool utf8);

/// Differences between neighbours divided by `seconds`; a fall, as after a restart, counts as 0.
std::vector<double> rates(std::span<const double> counter, double seconds);

/// "0", "12", "1.5 k", "230 µ": three figures at most and an SI prefix.
std::string figure_text(double value);

}  // namespace sov::ctl
