#include "platform/linux/private_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

namespace sov::host {

namespace {

class OwnedFile {
  public:
    explicit OwnedFile(int opened) : descriptor(opened) {}
    ~OwnedFile() {
        if (descriptor >= 0) close(descriptor);
    }
    OwnedFile(const OwnedFile&) = delete;
    OwnedFile& operator=(const OwnedFile&) = delete;

    const int descriptor;
};

int put_whole(int descriptor, std::string_view content) {
    while (!content.empty()) {
        const ssize_t put = write(descriptor, content.data(), content.size());
        if (put < 0 && errno != EINTR) return errno;
        if (put > 0) content.remove_prefix(static_cast<std::size_t>(put));
    }
    return fsync(descriptor) == 0 ? 0 : errno;
}

std::string folder_of(const std::string& path) {
    const auto slash = path.rfind('/');
    return slash == std::string::npos ? "." : slash == 0 ? "/" : path.substr(0, slash);
}

}  // namespace

int replace_private_file(const std::string& path, std::string_view content,
                         const std::string& keep_as) {
    const std::string unfinished = path + ".new";
    unlink(unfinished.c_str());  // of a run that was killed
    int failure = 0;
    {
        const OwnedFile file(
            open(unfinished.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
        if (file.descriptor < 0) return errno;
        failure = fchmod(file.descriptor, 0600) == 0 ? 0 : errno;  // whatever the umask left
        if (failure == 0) failure = put_whole(file.descriptor, content);
    }
    // A second name for the old file first: at no moment is there none.
    if (failure == 0 && !keep_as.empty() && link(path.c_str(), keep_as.c_str()) != 0 &&
        errno != ENOENT)
        failure = errno;
    if (failure == 0 && std::rename(unfinished.c_str(), path.c_str()) != 0) failure = errno;
    if (failure != 0) {
        unlink(unfinished.c_str());
        return failure;
    }
    const OwnedFile folder(open(folder_of(path).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    return folder.descriptor >= 0 && fsync(folder.descriptor) == 0 ? 0 : errno;
}

std::optional<std::string> read_private_file(const std::string& path, std::size_t most) {
    const OwnedFile file(open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
    struct stat status {};
    if (file.descriptor < 0 || fstat(file.descriptor, &status) != 0 || !S_ISREG(status.st_mode) ||
        status.st_size < 0 || static_cast<std::size_t>(status.st_size) > most)
        return std::nullopt;
    std::string content(static_cast<std::size_t>(status.st_size), '\0');
    std::size_t have = 0;
    while (have < content.size()) {
        const ssize_t got = read(file.descriptor, content.data() + have, content.size() - have);
        if (got < 0 && errno != EINTR) return std::nullopt;
        if (got == 0) break;
        if (got > 0) have += static_cast<std::size_t>(got);
    }
    content.resize(have);
    return content;
}

}  // namespace sov::host
