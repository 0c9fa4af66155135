#pragma once

#include <cstdlib>
#include <filesystem>
#include <string>

#include "daemon/core/base/check.h"

namespace sov::support {

/// A new folder that nobody else has, which goes with everything in it when the test ends.
class TemporaryFolder {
  public:
    explicit TemporaryFolder(
        const std::filesystem::path& below = std::filesystem::temp_directory_path()) {
        path_ = below / "sov-test-XXXXXX";
        SOV_CHECK(mkdtemp(path_.data()) != nullptr);
    }
    ~TemporaryFolder() { std::filesystem::remove_all(path_); }
    TemporaryFolder(const TemporaryFolder&) = delete;
    TemporaryFolder& operator=(const TemporaryFolder&) = delete;

    const std::string& path() const { return path_; }
    /// Of what is called so in it.
    std::string path(const std::string& name) const { return path_ + "/" + name; }

  private:
    std::string path_;
};

}  // namespace sov::support
