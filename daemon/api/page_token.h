#pragma once

#include <charconv>
#include <cstddef>
#include <optional>
#include <string_view>

#include "daemon/api/status_codes.h"

// Lists that are answered in pages: a token is the place in the ordered list where the next page
// begins, so pages may overlap or skip while entries come and go.

namespace sov::api {

/// Where a page begins: 0 without a token, nothing for what is no token of ours.
inline std::optional<std::size_t> place_of_page(std::string_view token) {
    std::size_t first = 0;
    if (token.empty()) return first;
    const auto [end, error] = std::from_chars(token.data(), token.data() + token.size(), first);
    if (error != std::errc{} || end != token.data() + token.size()) return std::nullopt;
    return first;
}

inline grpc::Status bad_page_token() {
    return invalid("page_token", "must be the next_page_token of the page before");
}

}  // namespace sov::api
