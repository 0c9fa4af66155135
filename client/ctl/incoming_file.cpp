#include "client/ctl/incoming_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>
#include <cerrno>
#include <cstdio>
#include <cstdlib>

namespace sov::ctl {

IncomingFile::~IncomingFile() {
    if (descriptor_ >= 0) close(descriptor_);
    if (!part_.empty()) unlink(part_.c_str());
}

bool IncomingFile::exists() const {
    struct stat facts {};
    return lstat(path().c_str(), &facts) == 0;
}

bool IncomingFile::has_room(std::uint64_t size) const {
    struct statvfs facts {};
    if (statvfs(folder_.c_str(), &facts) != 0) return true;
    return size / facts.f_frsize < facts.f_bavail;
}

int IncomingFile::begin() {
    std::string part = folder_ + "/.sovctl-XXXXXX";
    descriptor_ = mkostemp(part.data(), O_CLOEXEC);
    if (descriptor_ < 0) return errno;
    part_ = part;
    return 0;
}

int IncomingFile::keep(bool replace) {
    // mkostemp made it for its owner alone; the umask says what a new file is for.
    const mode_t mask = umask(0);
    umask(mask);
    fchmod(descriptor_, 0666 & ~mask);
    if (fsync(descriptor_) != 0) return errno;
    const int outcome =
        replace ? rename(part_.c_str(), path().c_str()) : link(part_.c_str(), path().c_str());
    if (outcome != 0) return errno;
    if (!replace) unlink(part_.c_str());
    part_.clear();
    return 0;
}

}  // namespace sov::ctl
