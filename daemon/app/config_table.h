#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "daemon/app/config.h"

namespace sov::app {

/// One key of the configuration: the only place that knows its default, range and meaning. Parsing,
/// checks, config/sovereignd.conf, the flags and docs/operations.md follow from it or are tested
/// against it.
struct ConfigRow {
    std::string_view key;       ///< "dht.k": section, dot, name
    std::string_view fallback;  ///< the default, as it would stand in the file; empty: none
    std::string allowed;        ///< "4..64", "auto, server or client", ...
    bool live = false;          ///< changes with a reload; otherwise with a restart
    bool repeatable = false;    ///< may stand several times
    std::string_view meaning;   ///< one line
    /// Checks and stores one text. False: not allowed.
    std::function<bool(Config& config, const std::string& text)> set;
};

/// All rows, in the order of the documentation.
std::span<const ConfigRow> config_table();
/// Null when there is no such key.
const ConfigRow* find_row(std::string_view key);
/// The sections of the table, each once.
std::vector<std::string> config_sections();

}  // namespace sov::app
