#include "daemon/api/api_socket.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <utility>

namespace sov::api {
namespace {

/// Connections that wait for accept; a client that finds the queue full gets EAGAIN at once.
constexpr int kBacklog = 256;

std::string why(const std::string& what, const std::string& path) {
    return what + " " + path + ": " + std::strerror(errno);
}

/// Whether somebody accepts connections at `address`.
bool answers(const sockaddr_un& address) {
    const int probe = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (probe < 0) return true;  // can't tell, so don't touch it
    const int result =
        ::connect(probe, reinterpret_cast<const sockaddr*>(&address), sizeof address);
    // EAGAIN: a listener whose queue is full is alive too.
    const bool alive = result == 0 || (errno != ECONNREFUSED && errno != ENOENT);
    close(probe);
    return alive;
}

}  // namespace

ApiSocket::ApiSocket(ApiSocket&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)),
      lock_(std::exchange(other.lock_, -1)),
      path_(std::exchange(other.path_, {})),
      device_(other.device_),
      inode_(other.inode_) {}

ApiSocket::~ApiSocket() {
    if (descriptor_ < 0) return;
    struct stat now {};
    if (!path_.empty() && lstat(path_.c_str(), &now) == 0 && now.st_dev == device_ &&
        now.st_ino == inode_) {
        unlink(path_.c_str());
    }
    close(descriptor_);
    if (lock_ >= 0) close(lock_);
}

std::variant<ApiSocket, ApiSocket::Failure> ApiSocket::bind(const std::string& path, mode_t mode) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.empty() || path.front() != '/' || path.size() >= sizeof address.sun_path) {
        return Failure{"api.socket " + path + " must be an absolute path of at most " +
                           std::to_string(sizeof address.sun_path - 1) + " characters",
                       false};
    }
    std::memcpy(address.sun_path, path.c_str(), path.size() + 1);

    std::error_code ignored;  // a directory that can't be made shows as a lock that can't be made
    const std::filesystem::path directory = std::filesystem::path(path).parent_path();
    if (!std::filesystem::exists(directory, ignored) &&
        std::filesystem::create_directories(directory, ignored)) {
        // Made under the daemon's umask of 077, but everybody may knock at the door.
        std::filesystem::permissions(directory, std::filesystem::perms(0755), ignored);
    }

    const std::string lock_path = path + ".lock";
    const int lock = open(lock_path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (lock < 0) return Failure{why("can't make", lock_path), false};
    ApiSocket result(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), lock, {});
    if (result.descriptor_ < 0) {
        const std::string reason = why("can't make a socket for", path);
        close(lock);
        return Failure{reason, false};
    }
    if (flock(lock, LOCK_EX | LOCK_NB) != 0 || answers(address)) {
        return Failure{"another daemon already answers at " + path, true};
    }
    struct stat old {};
    if (lstat(path.c_str(), &old) == 0) {
        if (!S_ISSOCK(old.st_mode)) {
            return Failure{path + " exists and is no socket; move it away or change api.socket",
                           false};
        }
        unlink(path.c_str());
    }
    // Bound without permissions and opened only when it listens, so no client finds a dead socket.
    const mode_t mask = umask(0777);
    const int bound =
        ::bind(result.descriptor_, reinterpret_cast<const sockaddr*>(&address), sizeof address);
    const int error = errno;
    umask(mask);
    errno = error;
    if (bound != 0) return Failure{why("can't bind", path), false};
    struct stat made {};
    if (listen(result.descriptor_, kBacklog) != 0 || lstat(path.c_str(), &made) != 0 ||
        chmod(path.c_str(), mode) != 0) {
        return Failure{why("can't listen at", path), false};
    }
    result.path_ = path;
    result.device_ = made.st_dev;
    result.inode_ = made.st_ino;
    return result;
}

std::variant<ApiSocket, ApiSocket::Failure> ApiSocket::adopt(int descriptor) {
    int listening = 0, family = 0;
    socklen_t size = sizeof listening, family_size = sizeof family;
    if (getsockopt(descriptor, SOL_SOCKET, SO_ACCEPTCONN, &listening, &size) != 0 ||
        listening == 0 ||
        getsockopt(descriptor, SOL_SOCKET, SO_DOMAIN, &family, &family_size) != 0 ||
        family != AF_UNIX) {
        return Failure{"descriptor " + std::to_string(descriptor) + " is no listening Unix socket",
                       false};
    }
    fcntl(descriptor, F_SETFD, FD_CLOEXEC);
    fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) | O_NONBLOCK);
    return ApiSocket(descriptor, -1, {});
}

}  // namespace sov::api
