#pragma once

#include <sys/types.h>

#include <string>
#include <variant>

namespace sov::api {

/// A listening Unix socket. Closes it, and unlinks its path when it made it and it is still the
/// same.
class ApiSocket {
  public:
    /// What went wrong, for a person, and whether another daemon answers there.
    struct Failure {
        std::string message;
        bool in_use = false;
    };

    /// Binds and listens. A path where nobody listens any more is taken over; a live one never is:
    /// a lock beside it decides between two daemons that start at once. The directory is made when
    /// it is missing. `mode` are the permissions of the socket.
    static std::variant<ApiSocket, Failure> bind(const std::string& path, mode_t mode);
    /// Takes over a socket that somebody else bound and listens on (service activation). Nothing is
    /// ever unlinked then.
    static std::variant<ApiSocket, Failure> adopt(int descriptor);

    ApiSocket(ApiSocket&& other) noexcept;
    ApiSocket& operator=(ApiSocket&&) = delete;
    ~ApiSocket();

    int descriptor() const { return descriptor_; }
    const std::string& path() const { return path_; }

  private:
    ApiSocket(int descriptor, int lock, std::string path)
        : descriptor_(descriptor), lock_(lock), path_(std::move(path)) {}

    int descriptor_ = -1;
    int lock_ = -1;
    std::string path_;  ///< empty for an adopted socket
    dev_t device_ = 0;
    ino_t inode_ = 0;
};

}  // namespace sov::api
