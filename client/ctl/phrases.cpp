#include "client/ctl/phrases.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <ctime>
#include <vector>

namespace sov::ctl {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kShortIdChars = 10;

/// `count` tenths of a unit: "1.2", and "12" once the fraction says nothing more.
std::string tenths_text(std::int64_t count) {
    const std::int64_t whole = count / 10;
    const std::int64_t fraction = count % 10;
    if (whole >= 10 || fraction == 0)
        return std::to_string(count >= 100 ? (count + 5) / 10 : whole);
    return std::to_string(whole) + '.' + std::to_string(fraction);
}

std::string two_units(std::int64_t count, std::int64_t per_large, std::string_view large,
                      std::string_view small) {
    std::string text = std::to_string(count / per_large) + ' ' + std::string(large);
    if (const std::int64_t rest = count % per_large; rest != 0) {
        text += ' ' + std::to_string(rest) + ' ' + std::string(small);
    }
    return text;
}

std::tm utc_fields(std::chrono::system_clock::time_point time) {
    const std::time_t seconds =
        std::chrono::system_clock::to_time_t(std::chrono::floor<std::chrono::seconds>(time));
    std::tm fields{};
    gmtime_r(&seconds, &fields);
    return fields;
}

std::string formatted_time(const std::tm& fields, const char* format) {
    std::array<char, 64> text{};
    const std::size_t size = std::strftime(text.data(), text.size(), format, &fields);
    return {text.data(), size};
}

}  // namespace

std::string duration_text(std::chrono::nanoseconds span) {
    if (span < 0ns) return "-" + duration_text(-span);
    const auto count_in = [&](auto unit) { return static_cast<std::int64_t>(span / unit); };
    // Below a millisecond one digit would often be a zero.
    if (span >= 10us && span < 100us) return "0.0" + std::to_string(count_in(10us)) + " ms";
    if (span < 10ms) return tenths_text(count_in(100us)) + " ms";
    if (span < 1s) return std::to_string(count_in(1ms)) + " ms";
    if (span < 10s) return tenths_text(count_in(100ms)) + " s";
    if (span < 2min) return std::to_string(count_in(1s)) + " s";
    if (span < 1h) return std::to_string(count_in(1min)) + " min";
    if (span < 24h) return two_units(count_in(1min), 60, "h", "min");
    return two_units(count_in(1h), 24, "d", "h");
}

std::string size_text(std::uint64_t bytes) {
    constexpr std::array<std::string_view, 4> kUnits = {"kB", "MB", "GB", "TB"};
    if (bytes < 1000) return std::to_string(bytes) + " B";
    std::uint64_t tenths = bytes / 100;
    std::size_t unit = 0;
    for (; tenths >= 10000 && unit + 1 < kUnits.size(); ++unit) tenths /= 1000;
    return tenths_text(static_cast<std::int64_t>(tenths)) + ' ' + std::string(kUnits[unit]);
}

std::string utc_text(std::chrono::system_clock::time_point time) {
    const auto whole = std::chrono::floor<std::chrono::seconds>(time);
    const auto fraction = std::chrono::floor<std::chrono::milliseconds>(time - whole).count();
    return formatted_time(utc_fields(time), "%Y-%m-%dT%H:%M:%S") + '.' +
           std::to_string(1000 + fraction).substr(1) + 'Z';
}

std::string clock_text(std::chrono::system_clock::time_point time) {
    return formatted_time(utc_fields(time), "%H:%M:%SZ");
}

std::string count_text(std::uint64_t count, std::string_view singular, std::string_view plural) {
    std::string text = std::to_string(count) + ' ';
    if (count == 1) return text.append(singular);
    return plural.empty() ? text.append(singular).append("s") : text.append(plural);
}

std::string signed_text(std::string_view post_quantum, std::string_view library) {
    if (post_quantum == "verified") return "Ed25519 and ML-DSA-65 verified";
    std::string text = "Ed25519 verified; ";
    if (post_quantum == "none") return text + "no ML-DSA-65";
    if (post_quantum == "false") return text + "ML-DSA-65 is false";
    if (post_quantum == "missing") return text + "ML-DSA-65 named, its signature was not found";
    text += "ML-DSA-65 present, ";
    if (post_quantum == "unchecked") return text + "not checked: identity.post_quantum = off";
    return text + "not checkable: " + std::string(library);
}

std::string second_key_text(std::string_view state, std::string_view peer) {
    if (state == "held") return "ML-DSA-65 key as remembered";
    if (state == "unchecked") return "an ML-DSA-65 key is remembered; not checked here";
    if (state == "awaited") return "the ML-DSA-65 key of their new identity is awaited";
    if (state != "missing" && state != "changed") return "";
    return std::string("ALARM: second key ") + std::string(state) +
           (state == "missing" ? ", they signed with ML-DSA-65 before"
                               : ", they signed with another ML-DSA-65 key before") +
           "; ask them by another way, and if it is right: sovctl friend repin " +
           std::string(peer);
}

std::string short_id(std::string_view id) { return std::string(id.substr(0, kShortIdChars)); }

std::optional<std::chrono::milliseconds> parse_duration(std::string_view text) {
    struct Unit {
        std::string_view name;
        std::chrono::milliseconds length;
    };
    constexpr std::array<Unit, 8> kUnits = {{{"", 1s},
                                             {"ms", 1ms},
                                             {"s", 1s},
                                             {"m", 1min},
                                             {"min", 1min},
                                             {"h", 1h},
                                             {"d", 24h},
                                             {"w", 24h * 7}}};
    std::uint64_t count = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
    if (error != std::errc()) return std::nullopt;
    std::string_view name(end, static_cast<std::size_t>(text.data() + text.size() - end));
    if (name.starts_with(' ')) name.remove_prefix(1);
    const auto* unit = std::find_if(kUnits.begin(), kUnits.end(),
                                    [&](const Unit& each) { return each.name == name; });
    constexpr std::chrono::milliseconds kLongest = 24h * 366;
    if (unit == kUnits.end() || count == 0 ||
        count > static_cast<std::uint64_t>(kLongest / unit->length)) {
        return std::nullopt;
    }
    return unit->length * static_cast<std::int64_t>(count);
}

bool glob_matches(std::string_view pattern, std::string_view text) {
    std::size_t in_pattern = 0;
    std::size_t in_text = 0;
    std::size_t after_star = std::string_view::npos;  // where to resume once a longer run is tried
    std::size_t star_ends_at = 0;
    while (in_text < text.size()) {
        if (in_pattern < pattern.size() && pattern[in_pattern] == '*') {
            after_star = ++in_pattern;
            star_ends_at = in_text;
        } else if (in_pattern < pattern.size() &&
                   (pattern[in_pattern] == '?' || pattern[in_pattern] == text[in_text])) {
            ++in_pattern;
            ++in_text;
        } else if (after_star != std::string_view::npos) {
            in_pattern = after_star;
            in_text = ++star_ends_at;
        } else {
            return false;
        }
    }
    return pattern.find_first_not_of('*', in_pattern) == std::string_view::npos;
}

std::size_t edit_distance(std::string_view left, std::string_view right) {
    const std::size_t width = right.size() + 1;
    std::vector<std::size_t> cost((left.size() + 1) * width);
    const auto at = [&](std::size_t row, std::size_t column) -> std::size_t& {
        return cost[row * width + column];
    };
    for (std::size_t row = 0; row <= left.size(); ++row) {
        for (std::size_t column = 0; column <= right.size(); ++column) {
            if (row == 0 || column == 0) {
                at(row, column) = row + column;
                continue;
            }
            const std::size_t differs = left[row - 1] == right[column - 1] ? 0 : 1;
            std::size_t best = std::min({at(row - 1, column) + 1, at(row, column - 1) + 1,
                                         at(row - 1, column - 1) + differs});
            if (row > 1 && column > 1 && left[row - 1] == right[column - 2] &&
                left[row - 2] == right[column - 1]) {
                best = std::min(best, at(row - 2, column - 2) + 1);
            }
            at(row, column) = best;
        }
    }
    return at(left.size(), right.size());
}

std::string shell_word(std::string_view text) {
    constexpr std::string_view kPlain =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./:=@%+,";
    if (!text.empty() && text.find_first_not_of(kPlain) == std::string_view::npos) {
        return std::string(text);
    }
    std::string quoted = "'";
    for (const char symbol : text) {
        if (symbol == '\'') {
            quoted += "'\\''";
        } else {
            quoted += symbol;
        }
    }
    return quoted + '\'';
}

}  // namespace sov::ctl
