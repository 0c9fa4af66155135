#pragma once

#include <span>
#include <string_view>

namespace sov::ctl {

/// What one error code means and what to do. The codes are those of the daemon (ErrorDetail) and of
/// this program; docs/operations.md has the same table, and a test holds the two and the sources
/// against each other.
struct ErrorWords {
    std::string_view code;
    std::string_view cause;
    std::string_view fix;
};

/// All of them, in alphabetical order.
std::span<const ErrorWords> error_table();
/// Null for no such code.
const ErrorWords* error_words(std::string_view code);

}  // namespace sov::ctl
