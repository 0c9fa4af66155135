#pragma once

#include <string>
#include <string_view>

namespace sov::app {

/// The text of a configuration file, or why there is none.
struct FileText {
    std::string text;
    std::string problem;   ///< empty on success
    bool missing = false;  ///< the problem is that there is no such file
};

inline constexpr std::size_t kConfigBytesMax = 1 << 20;

/// Reads a whole file of text. Refuses, with the reason in words: what is no regular file, larger
/// than kConfigBytesMax, or contains bytes that no text has.
FileText read_config_text(const std::string& path);

/// The same text with every byte that a terminal might obey replaced by '?'. UTF-8 is left alone.
std::string printable(std::string_view text);

}  // namespace sov::app
