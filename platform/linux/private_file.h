#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace sov::host {

/// Puts `content` (mode 0600) in the place of whatever is at `path`, whole or not at all, also
/// after a power failure. What was there is kept under `keep_as`, if that is given and free. 0 or
/// an errno value; EEXIST when `keep_as` is taken.
int replace_private_file(const std::string& path, std::string_view content,
                         const std::string& keep_as = {});

/// At most `most` bytes of a plain file; nothing when there is none, it is longer or can't be read.
std::optional<std::string> read_private_file(const std::string& path, std::size_t most);

}  // namespace sov::host
