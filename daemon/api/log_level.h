#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace sov::api {

/// How much is logged; each level includes the ones before it.
enum class LogLevel : std::uint8_t { kError = 1, kWarning, kInfo, kDebug, kTrace };

constexpr std::string_view log_level_word(LogLevel level) {
    switch (level) {
        case LogLevel::kError: return "error";
        case LogLevel::kWarning: return "warning";
        case LogLevel::kInfo: return "info";
        case LogLevel::kDebug: return "debug";
        case LogLevel::kTrace: return "trace";
    }
    return "";
}

constexpr std::optional<LogLevel> parse_log_level(std::string_view word) {
    for (const LogLevel level : {LogLevel::kError, LogLevel::kWarning, LogLevel::kInfo,
                                 LogLevel::kDebug, LogLevel::kTrace}) {
        if (word == log_level_word(level)) return level;
    }
    return std::nullopt;
}

}  // namespace sov::api
