#include "daemon/api/listener.h"

#include <fcntl.h>
#include <pthread.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include "daemon/core/base/check.h"

namespace sov::api {
namespace {

/// Enough for one newcomer: its connection, the duplicate that watches it and its new number.
constexpr std::size_t kReserve = 4;
/// How long to wait for gRPC to give descriptors back before trying again.
constexpr int kRetryMilliseconds = 50;
/// So often with nothing idle to close; then the newcomer is refused.
constexpr int kRetriesMax = 20;

void watch_for(int epoll, int descriptor, std::uint32_t events) {
    epoll_event event{};
    event.events = events;
    event.data.fd = descriptor;
    SOV_CHECK(epoll_ctl(epoll, EPOLL_CTL_ADD, descriptor, &event) == 0);
}

int descriptor_limit() {
    rlimit limit{};
    SOV_CHECK(getrlimit(RLIMIT_NOFILE, &limit) == 0);
    return static_cast<int>(std::min<rlim_t>(limit.rlim_cur, 1 << 20));
}

}  // namespace

Listener::Listener(ApiSocket socket, ConnectionTable& connections, HandOver hand_over,
                   CallerReader reader)
    : socket_(std::move(socket)),
      connections_(connections),
      hand_over_(std::move(hand_over)),
      reader_(std::move(reader)),
      epoll_(epoll_create1(EPOLL_CLOEXEC)),
      wake_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
    SOV_CHECK(epoll_ >= 0 && wake_ >= 0);
    watch_for(epoll_, wake_, EPOLLIN);
    watch_for(epoll_, socket_.descriptor(), EPOLLIN);
    fill_reserve();
    thread_ = std::thread([this] { run(); });
    pthread_setname_np(thread_.native_handle(), "api-accept");
}

void Listener::stop() {
    if (!thread_.joinable()) return;
    const std::uint64_t one = 1;
    // An eventfd takes eight bytes or none, and it has room for one.
    SOV_CHECK(write(wake_, &one, sizeof one) == sizeof one);
    thread_.join();
    if (pending_ >= 0) close(pending_);
    drop_reserve();
    close(wake_);
    close(epoll_);
}

Listener::Counts Listener::counts() const {
    return {accepted_.load(), refused_.load(), out_of_descriptors_.load()};
}

void Listener::run() {
    std::array<epoll_event, 64> events{};
    bool starved = false;
    for (;;) {
        const int count = epoll_wait(epoll_, events.data(), static_cast<int>(events.size()),
                                     starved ? kRetryMilliseconds : -1);
        bool waiting = starved;
        for (int at = 0; at < count; ++at) {
            const int descriptor = events[static_cast<std::size_t>(at)].data.fd;
            if (descriptor == wake_) return;
            if (descriptor == socket_.descriptor()) {
                waiting = true;
            } else {
                // Closing would not be enough: gRPC's duplicate keeps the registration alive.
                epoll_ctl(epoll_, EPOLL_CTL_DEL, descriptor, nullptr);
                connections_.remove(descriptor);
            }
        }
        if (waiting) {
            const bool was_starved = starved;
            starved = !accept_waiting();
            // While there are no descriptors the socket would be reported without pause.
            if (starved != was_starved) {
                epoll_event event{};
                event.events = starved ? 0U : std::uint32_t{EPOLLIN};
                event.data.fd = socket_.descriptor();
                epoll_ctl(epoll_, EPOLL_CTL_MOD, socket_.descriptor(), &event);
            }
        }
        fill_reserve();
    }
}

bool Listener::accept_waiting() {
    if (pending_ >= 0) {
        if (!take(pending_)) return false;
        pending_ = -1;
    }
    for (;;) {
        const int descriptor =
            accept4(socket_.descriptor(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (descriptor >= 0) {
            if (take(descriptor)) continue;
            pending_ = descriptor;
            return false;
        }
        switch (errno) {
            case EMFILE:
            case ENFILE:
                ++out_of_descriptors_;
                connections_.evict_idle();
                if (drop_reserve()) continue;
                return false;
            case ENOMEM:
            case ENOBUFS: return false;
            case EINTR:
            case ECONNABORTED: continue;
            default: return true;  // EAGAIN: all taken
        }
    }
}

bool Listener::take(int descriptor) {
    std::optional<Caller> caller = reader_(descriptor);
    if (!caller || !connections_.make_room(caller->uid)) {
        refuse(descriptor);
        return true;
    }
    int number = renumbered(descriptor);
    if (number < 0 && drop_reserve()) number = renumbered(descriptor);
    if (number < 0) {
        // What an idle connection gives back comes when gRPC has noticed its end. With none to
        // close, some that were closed a moment ago may still be on their way.
        ++out_of_descriptors_;
        if (connections_.evict_idle() || ++waited_ < kRetriesMax) return false;
        refuse(descriptor);
        waited_ = 0;
        return true;
    }
    waited_ = 0;
    ++accepted_;
    connections_.add(number, descriptor, std::move(*caller));
    // EPOLLRDHUP also reports clients that only stop sending: gRPC ends such a connection as well.
    watch_for(epoll_, descriptor, EPOLLRDHUP);
    hand_over_(number);
    return true;
}

void Listener::refuse(int descriptor) {
    ++refused_;
    shutdown(descriptor, SHUT_RDWR);
    close(descriptor);
}

int Listener::renumbered(int descriptor) {
    const int limit = descriptor_limit();
    const int lowest = limit / 2;
    if (next_number_ < lowest || next_number_ >= limit) next_number_ = lowest;
    int number = fcntl(descriptor, F_DUPFD_CLOEXEC, next_number_);
    if (number < 0) number = fcntl(descriptor, F_DUPFD_CLOEXEC, lowest);
    // Any free number is better than none: the range is small only where the limit is tiny.
    if (number < 0) number = fcntl(descriptor, F_DUPFD_CLOEXEC, 0);
    if (number >= 0) next_number_ = number + 1;
    return number;
}

void Listener::fill_reserve() {
    while (reserve_.size() < kReserve) {
        const int descriptor = open("/dev/null", O_RDONLY | O_CLOEXEC);
        if (descriptor < 0) return;
        reserve_.push_back(descriptor);
    }
}

bool Listener::drop_reserve() {
    if (reserve_.empty()) return false;
    for (const int descriptor : reserve_) close(descriptor);
    reserve_.clear();
    return true;
}

}  // namespace sov::api
