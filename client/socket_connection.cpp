#include "client/socket_connection.h"

#include <fcntl.h>
#include <grpcpp/support/status.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>
#include <algorithm>
#include <cerrno>
#include <cstring>

namespace sov::client {
namespace {

Error connect_error(const std::string& socket, int reason) {
    Error error;
    error.grpc_status = grpc::StatusCode::UNAVAILABLE;
    error.exit_code = 3;
    error.system_error = reason;
    switch (reason) {
        case ENOENT:
        case ENOTDIR:
            error.code = "not_running";
            error.message = "there is no socket at " + socket;
            break;
        case ECONNREFUSED:
            error.code = "not_running";
            error.message = "the socket " + socket + " is there but nobody listens on it";
            break;
        case EACCES:
        case EPERM:
            error.code = "socket_forbidden";
            error.message = "this user may not open the socket " + socket;
            error.exit_code = 4;
            break;
        case EAGAIN:
            error.code = "not_answering";
            error.message = "the daemon accepts no connection on " + socket + ": its queue is full";
            break;
        default:
            error.code = "not_running";
            error.message = "cannot connect to " + socket + ": " + std::strerror(reason);
    }
    return error;
}

timeval timeval_of(milliseconds span) {
    const auto seconds = std::chrono::floor<std::chrono::seconds>(span);
    timeval value{};
    value.tv_sec = seconds.count();
    value.tv_usec = std::chrono::duration_cast<microseconds>(span - seconds).count();
    return value;
}

}  // namespace

std::string default_socket() {
    const char* chosen = std::getenv("SOVEREIGN_SOCKET");
    return chosen != nullptr && *chosen != '\0' ? chosen : "/run/sovereignd/api.sock";
}

Result<int> connect_socket(const ConnectOptions& options) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (options.socket.empty() || options.socket.size() >= sizeof(address.sun_path)) {
        Error error = connect_error(options.socket, ENAMETOOLONG);
        error.code = "invalid_argument";
        error.exit_code = 2;
        return error;
    }
    options.socket.copy(address.sun_path, sizeof(address.sun_path) - 1);
    const int descriptor = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (descriptor < 0) return connect_error(options.socket, errno);
    // A listen queue that is full makes a blocking connect wait, and this bounds the wait; a
    // non-blocking one would fail at once.
    const timeval patience = timeval_of(std::max(options.patience, milliseconds(1)));
    setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
    int outcome = 0;
    do {
        outcome =
            ::connect(descriptor, reinterpret_cast<const sockaddr*>(&address), sizeof(address));
    } while (outcome != 0 && errno == EINTR);
    if (outcome == 0) outcome = fcntl(descriptor, F_SETFL, O_NONBLOCK);
    if (outcome != 0) {
        const int reason = errno;
        close(descriptor);
        return connect_error(options.socket, reason);
    }
    return descriptor;
}

}  // namespace sov::client
