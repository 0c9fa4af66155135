#include "platform/sqlite/state_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace sov::sqlite {

namespace {

std::string holder_of(int descriptor) {
    char text[32] = {};
    const ssize_t size = pread(descriptor, text, sizeof text - 1, 0);
    std::string digits;
    for (ssize_t at = 0; at < size && text[at] >= '0' && text[at] <= '9'; ++at) digits += text[at];
    return digits.empty() ? "unknown" : digits;
}

}  // namespace

Outcome outcome_of_errno(int number) {
    switch (number) {
        case EACCES:
        case EPERM:
        case ENOENT:
        case ENOTDIR:
        case EISDIR:
        case ELOOP:
        case ENAMETOOLONG: return Outcome::kForbidden;
    }
    return Outcome::kUnavailable;
}

StateLock::~StateLock() {
    // The file stays: removing it would let two processes lock two files of the same name.
    if (held()) close(descriptor_);
}

Outcome StateLock::take(const std::string& path, std::string& problem) {
    if (held()) return Outcome::kDone;
    const int opened = open(path.c_str(), O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (opened < 0) {
        const int number = errno;
        problem = "cannot open the lock file " + path + ": " + std::strerror(number);
        return outcome_of_errno(number);
    }
    if (flock(opened, LOCK_EX | LOCK_NB) != 0) {
        const int number = errno;
        if (number == EWOULDBLOCK) {
            problem = "already running (pid " + holder_of(opened) + "): it holds " + path +
                      "; stop it first, or use another state directory";
        } else {
            problem = "cannot lock " + path + ": " + std::strerror(number);
        }
        close(opened);
        return number == EWOULDBLOCK ? Outcome::kBusy : Outcome::kUnavailable;
    }
    // The number is for people only; on a full disk the lock holds without it.
    const std::string text = std::to_string(getpid()) + "\n";
    if (ftruncate(opened, 0) == 0 && pwrite(opened, text.data(), text.size(), 0) < 0) errno = 0;
    descriptor_ = opened;
    return Outcome::kDone;
}

}  // namespace sov::sqlite
