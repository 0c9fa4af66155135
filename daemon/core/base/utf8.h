#pragma once

#include <cstddef>
#include <string_view>

namespace sov {

/// How many bytes the UTF-8 character at the front of `text` has: 1 to 4; 0 when none begins there,
/// which overlong forms, surrogates and what is past U+10FFFF are taken for (RFC 3629 s4). `text`
/// is not empty.
std::size_t utf8_character_bytes(std::string_view text);

}  // namespace sov
