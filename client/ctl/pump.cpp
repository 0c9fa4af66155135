#include "client/ctl/pump.h"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>
#include <algorithm>
#include <array>
#include <cerrno>
#include <vector>

namespace sov::ctl {
namespace {

constexpr std::size_t kBufferBytes = std::size_t{64} << 10U;

bool try_again(int error) { return error == EAGAIN || error == EINTR || error == EWOULDBLOCK; }

/// One direction: what was read and not written yet.
class Direction {
  public:
    Direction(int from, int to) : from_(from), to_(to), buffer_(kBufferBytes) {}

    bool wants_read() const { return !ended_ && begin_ == end_; }
    bool wants_write() const { return begin_ < end_; }
    bool ended() const { return ended_ && begin_ == end_; }
    void end() { ended_ = true; }
    std::uint64_t moved() const { return moved_; }

    /// 0 or an errno.
    int read_some() {
        const ssize_t count = read(from_, buffer_.data(), buffer_.size());
        if (count < 0) return try_again(errno) ? 0 : errno;
        begin_ = 0;
        end_ = static_cast<std::size_t>(count);
        ended_ = count == 0;
        return 0;
    }
    int write_some() {
        const ssize_t count = write(to_, buffer_.data() + begin_, end_ - begin_);
        if (count < 0) return try_again(errno) ? 0 : errno;
        begin_ += static_cast<std::size_t>(count);
        moved_ += static_cast<std::uint64_t>(count);
        return 0;
    }

  private:
    int from_, to_;
    std::vector<char> buffer_;
    std::size_t begin_ = 0, end_ = 0;
    bool ended_ = false;
    std::uint64_t moved_ = 0;
};

bool wait_for(int descriptor, short events) {
    pollfd watched{descriptor, events, 0};
    while (poll(&watched, 1, -1) < 0) {
        if (errno != EINTR) return false;
    }
    return true;
}

}  // namespace

Pumped pump(const PumpEnds& ends, const std::function<void(const Pumped&)>& on_moved) {
    Direction sending(ends.in, ends.stream), receiving(ends.stream, ends.out);
    Pumped pumped;
    bool said_end = false, passed_end = false;
    while (true) {
        if (sending.ended() && !said_end) {
            said_end = true;
            shutdown(ends.stream, SHUT_WR);
        }
        if (receiving.ended() && !passed_end) {
            passed_end = true;
            if (ends.out_is_socket) shutdown(ends.out, SHUT_WR);
            if (ends.end_with_other) {
                shutdown(ends.stream, SHUT_WR);
                return pumped;
            }
        }
        if (said_end && passed_end) return pumped;
        const auto wanted = [](bool read, bool write) {
            return static_cast<short>((read ? POLLIN : 0) | (write ? POLLOUT : 0));
        };
        std::array<pollfd, 3> watched = {
            pollfd{sending.wants_read() ? ends.in : -1, POLLIN, 0},
            pollfd{receiving.wants_write() ? ends.out : -1, POLLOUT, 0},
            pollfd{ends.stream, wanted(receiving.wants_read(), sending.wants_write()), 0}};
        if (poll(watched.data(), watched.size(), -1) < 0) {
            if (errno == EINTR) continue;
            return pumped;
        }
        const short stream = watched[2].revents;
        if (watched[0].revents != 0) {
            pumped.read_error = sending.read_some();
            if (pumped.read_error != 0) return pumped;
        }
        if (receiving.wants_read() && (stream & (POLLIN | POLLHUP | POLLERR)) != 0 &&
            receiving.read_some() != 0)
            return pumped;
        if (sending.wants_write() && (stream & (POLLOUT | POLLERR)) != 0 &&
            sending.write_some() != 0)
            return pumped;
        if (receiving.wants_write()) {
            pumped.write_error = watched[1].revents != 0 ? receiving.write_some() : 0;
            if (pumped.write_error != 0) return pumped;
        }
        pumped.sent = sending.moved();
        pumped.received = receiving.moved();
        if (on_moved) on_moved(pumped);
        // Both directions of the stream are gone while we still wait for our own input.
        if ((stream & POLLHUP) != 0 && receiving.ended()) return pumped;
    }
}

bool read_exactly(int descriptor, void* to, std::size_t count) {
    auto* at = static_cast<char*>(to);
    while (count > 0) {
        const ssize_t got = read(descriptor, at, count);
        if (got == 0) return false;
        if (got < 0) {
            if (!try_again(errno) || !wait_for(descriptor, POLLIN)) return false;
            continue;
        }
        at += got;
        count -= static_cast<std::size_t>(got);
    }
    return true;
}

bool write_exactly(int descriptor, const void* from, std::size_t count) {
    const auto* at = static_cast<const char*>(from);
    while (count > 0) {
        const ssize_t got = send(descriptor, at, count, MSG_NOSIGNAL);
        if (got < 0) {
            if (!try_again(errno) || !wait_for(descriptor, POLLOUT)) return false;
            continue;
        }
        at += got;
        count -= static_cast<std::size_t>(got);
    }
    return true;
}

}  // namespace sov::ctl
