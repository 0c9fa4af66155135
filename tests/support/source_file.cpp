#include "tests/support/source_file.h"

namespace sov::support {

std::string source_file(const std::string& path) { return SOV_SOURCE_DIR "/" + path; }

}  // namespace sov::support
