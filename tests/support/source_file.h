#pragma once

#include <string>

namespace sov::support {

/// The absolute path of a file of this source tree, such as "docs/protocol.md"; of the tree itself
/// for "". One place knows where that is, so that the compiler's cache serves every other file in
/// whatever clone it is compiled.
std::string source_file(const std::string& path);

}  // namespace sov::support
