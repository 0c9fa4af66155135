#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

// How figures are said to people, and how people say them to us.

namespace sov::ctl {

/// Two units at most: "0.3 ms", "310 ms", "1.2 s", "40 s", "12 min", "3 h 20 min", "3 d 4 h".
std::string duration_text(std::chrono::nanoseconds span);

/// Decimal units: "820 B", "14 kB", "3.4 MB".
std::string size_text(std::uint64_t bytes);

/// RFC 3339 in UTC with milliseconds: "2026-03-01T09:05:02.120Z".
std::string utc_text(std::chrono::system_clock::time_point time);

/// Hours, minutes and seconds in UTC, for lines that follow each other: "09:05:02Z".
std::string clock_text(std::chrono::system_clock::time_point time);

/// "1 node", "2 nodes"; `plural` is for words that need more than an s.
std::string count_text(std::uint64_t count, std::string_view singular,
                       std::string_view plural = {});

/// Which halves of a record's signatures were verified, by the word of client::FoundPeer.
std::string signed_text(std::string_view post_quantum, std::string_view library);

/// What is remembered of a friend's second key and how it compares, with what to do about it; empty
/// where nothing is. `state` and `peer` as the client has them.
std::string second_key_text(std::string_view state, std::string_view peer);

/// The first characters of an id, for reading only: never accepted where trust depends on it.
std::string short_id(std::string_view id);

/// "250ms", "10s", "5m" (or "5min"), "2h", "1d", with or without a space; a bare number is seconds.
/// Empty for anything else, for nothing, and for more than a year.
std::optional<std::chrono::milliseconds> parse_duration(std::string_view text);

/// Whether `text` matches a pattern of literal characters, '*' (any run) and '?' (any one). Linear
/// in practice, quadratic at worst.
bool glob_matches(std::string_view pattern, std::string_view text);

/// Single edits between two words, a swap of neighbours counting as one (optimal string alignment).
std::size_t edit_distance(std::string_view left, std::string_view right);

/// `text` as one word of a POSIX shell command line, quoted only when needed.
std::string shell_word(std::string_view text);

}  // namespace sov::ctl
