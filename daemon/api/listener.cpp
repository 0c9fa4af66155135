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
#include <fstream>
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

Listener::Listener(ApiSocket socket, ConnectionTable& connections, Options options)
    : socket_(std::move(socket)),
      connections_(connections),
      options_(std::move(options)),
      lobby_(options_.greeting),
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
    while (lobby_.size() > 0) dismiss(lobby_.guests().begin()->first);
    drop_reserve();
    close(wake_);
    close(epoll_);
}

Listener::Counts Listener::counts() const {
    return {accepted_.load(), refused_.load(), out_of_descriptors_.load(), cut_.load(),
            silent_.load()};
}

std::size_t Listener::resident_bytes() {
    std::ifstream statm("/proc/self/statm");
    std::size_t all = 0, resident = 0;
    if (!(statm >> all >> resident)) return 0;
    return resident * static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
}

void Listener::look(Time now) {
    const bool alarmed = pauses_.any(now);
    if (now - looked_ < (alarmed ? kAlarmedLook : kLook)) return;
    // After a while without connections growth says nothing about those that there are now.
    const bool recent = now - looked_ < 10 * kLook;
    looked_ = now;
    if (options_.calls) punish(connections_.cut_flooding(options_.calls, options_.calls_most), now);
    if (now - memory_looked_ < kLook) return;
    memory_looked_ = now;
    const std::size_t before = std::exchange(memory_before_, options_.memory());
    if (recent && memory_before_ > kMemoryCalm && memory_before_ >= before + kMemoryGrowth)
        punish(connections_.cut_unread(), now);
}

void Listener::punish(const std::vector<Caller>& flooders, Time now) {
    cut_ += flooders.size();
    for (const Caller& caller : flooders) {
        pauses_.add(caller, now);
        if (options_.flooded) options_.flooded(caller);
    }
}

int Listener::patience(Time now, bool starved) {
    if (starved) return kRetryMilliseconds;
    std::optional<Time> next = lobby_.next();
    if (connections_.size() > 0) {
        const Time look = looked_ + (pauses_.any(now) ? kAlarmedLook : kLook);
        next = next ? std::min(*next, look) : look;
    }
    if (!next) return -1;
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(*next - now).count();
    return static_cast<int>(std::max<std::int64_t>(left, 0));
}

void Listener::run() {
    std::array<epoll_event, 64> events{};
    bool starved = false;
    for (;;) {
        const int count = epoll_wait(epoll_, events.data(), static_cast<int>(events.size()),
                                     patience(std::chrono::steady_clock::now(), starved));
        const Time now = std::chrono::steady_clock::now();
        look(now);
        bool waiting = starved;
        for (int at = 0; at < count; ++at) {
            const int descriptor = events[static_cast<std::size_t>(at)].data.fd;
            if (descriptor == wake_) return;
            if (descriptor == socket_.descriptor()) {
                waiting = true;
            } else if (lobby_.find(descriptor) != nullptr) {
                hear(descriptor);
            } else {
                // Closing would not be enough: gRPC's duplicate keeps the registration alive.
                epoll_ctl(epoll_, EPOLL_CTL_DEL, descriptor, nullptr);
                connections_.remove(descriptor);
            }
        }
        const bool was_starved = starved;
        starved = !attend(now) || (waiting && !(accept_waiting(now) && attend(now)));
        // While there are no descriptors the socket would be reported without pause.
        if (starved != was_starved) {
            epoll_event event{};
            event.events = starved ? 0U : std::uint32_t{EPOLLIN};
            event.data.fd = socket_.descriptor();
            epoll_ctl(epoll_, EPOLL_CTL_MOD, socket_.descriptor(), &event);
        }
        fill_reserve();
    }
}

bool Listener::accept_waiting(Time now) {
    for (;;) {
        const int descriptor =
            accept4(socket_.descriptor(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (descriptor >= 0) {
            admit(descriptor, now);
            continue;
        }
        switch (errno) {
            case EMFILE:
            case ENFILE: {
                ++out_of_descriptors_;
                if (const auto silent = lobby_.oldest(std::nullopt, now)) {
                    dismiss(*silent);
                    continue;
                }
                connections_.evict_idle();
                if (drop_reserve()) continue;
                return false;
            }
            case ENOMEM:
            case ENOBUFS: return false;
            case EINTR:
            case ECONNABORTED: continue;
            default: return true;  // EAGAIN: all taken
        }
    }
}

void Listener::admit(int descriptor, Time now) {
    std::optional<Caller> caller = options_.reader(descriptor);
    if (!caller || !make_room(caller->uid, now)) return refuse(descriptor);
    Lobby::Guest& guest = lobby_.add(descriptor, std::move(*caller), now);
    guest.not_before = pauses_.until(guest.caller);
    // Edges, because what was said stays unread. EPOLLRDHUP also reports clients that only stop
    // sending: gRPC ends such a connection as well.
    watch_for(epoll_, descriptor, EPOLLIN | EPOLLRDHUP | EPOLLET);
    hear(descriptor);
}

bool Listener::make_room(uid_t uid, Time now) {
    const auto waiting = [&] {
        return ConnectionTable::Waiting{lobby_.size_of(uid), lobby_.size()};
    };
    // Guests that have been silent for a while go first, then idle connections, then any guest.
    for (const Time before : {now - Lobby::kFresh, now + std::chrono::nanoseconds(1)}) {
        if (connections_.full(uid, waiting()).user) {
            if (const auto guest = lobby_.oldest(uid, before)) dismiss(*guest);
        }
        if (connections_.full(uid, waiting()).total) {
            if (const auto guest = lobby_.oldest(std::nullopt, before)) dismiss(*guest);
        }
        if (connections_.make_room(uid, waiting())) return true;
    }
    return false;
}

void Listener::hear(int descriptor) {
    Lobby::Guest* guest = lobby_.find(descriptor);
    if (guest->greeted) {
        // It can only have left, and gRPC would take it for one that is there.
        char octet = 0;
        if (recv(descriptor, &octet, 1, MSG_PEEK | MSG_DONTWAIT) == 0) dismiss(descriptor);
        return;
    }
    switch (peek_greeting(descriptor)) {
        case Greeting::kNotYet: return;
        case Greeting::kWhole: guest->greeted = true; return;
        case Greeting::kWrong: ++silent_; return dismiss(descriptor);
    }
}

bool Listener::attend(Time now) {
    while (const auto late = lobby_.overdue(now)) {
        ++silent_;
        dismiss(*late);
    }
    for (auto guest = lobby_.ready(now, -1); guest; guest = lobby_.ready(now, *guest)) {
        if (!hand_over(*guest)) return false;
    }
    return true;
}

bool Listener::hand_over(int descriptor) {
    int number = renumbered(descriptor);
    if (number < 0 && drop_reserve()) number = renumbered(descriptor);
    if (number < 0) {
        // What an idle connection gives back comes when gRPC has noticed its end. With none to
        // close, some that were closed a moment ago may still be on their way.
        ++out_of_descriptors_;
        if (connections_.evict_idle() || ++lobby_.find(descriptor)->tries < kRetriesMax)
            return false;
        ++refused_;
        dismiss(descriptor);
        return true;
    }
    ++accepted_;
    connections_.add(number, descriptor, lobby_.remove(descriptor).caller);
    epoll_event event{};
    event.events = EPOLLRDHUP;
    event.data.fd = descriptor;
    SOV_CHECK(epoll_ctl(epoll_, EPOLL_CTL_MOD, descriptor, &event) == 0);
    connections_.set_socket(number, options_.hand_over(number));
    return true;
}

void Listener::dismiss(int descriptor) {
    lobby_.remove(descriptor);
    // Before the last descriptor goes the registration does not.
    epoll_ctl(epoll_, EPOLL_CTL_DEL, descriptor, nullptr);
    shutdown(descriptor, SHUT_RDWR);
    close(descriptor);
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
