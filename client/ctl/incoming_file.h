#pragma once

#include <cstdint>
#include <string>

namespace sov::ctl {

/// A file that arrives: under a name of its own until it is whole, so that nobody takes a part for
/// the whole. What is not kept is removed.
class IncomingFile {
  public:
    IncomingFile(std::string folder, std::string name)
        : folder_(std::move(folder)), name_(std::move(name)) {}
    ~IncomingFile();
    IncomingFile(const IncomingFile&) = delete;
    IncomingFile& operator=(const IncomingFile&) = delete;

    std::string path() const { return folder_ + '/' + name_; }
    bool exists() const;
    /// False only when the file system says so.
    bool has_room(std::uint64_t size) const;
    /// 0 or an errno.
    int begin();
    int descriptor() const { return descriptor_; }
    /// Gives it its name; EEXIST when somebody has taken it, unless `replace`. 0 or an errno.
    int keep(bool replace);

  private:
    std::string folder_, name_, part_;
    int descriptor_ = -1;
};

}  // namespace sov::ctl
