#include "daemon/io/boot_timer.h"

#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "daemon/core/base/check.h"

namespace sov::io {
namespace {

Duration read_clock(clockid_t clock) {
    timespec time{};
    clock_gettime(clock, &time);
    return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
}

}  // namespace

BootTimer::BootTimer(boost::asio::io_context& context)
    : descriptor_(context), origin_(read_clock(CLOCK_BOOTTIME)), asleep_(asleep()) {
    const int fd = timerfd_create(CLOCK_BOOTTIME, TFD_NONBLOCK | TFD_CLOEXEC);
    SOV_CHECK(fd >= 0);
    descriptor_.assign(fd);
}

Instant BootTimer::now() const { return Instant{read_clock(CLOCK_BOOTTIME) - origin_}; }

void BootTimer::arm(Instant at) {
    armed_ = at;
    itimerspec spec{};
    if (at != kNever) {
        const Duration due = origin_ + at.time_since_epoch();
        const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(due);
        spec.it_value.tv_sec = seconds.count();
        spec.it_value.tv_nsec = (due - seconds).count();
    }
    timerfd_settime(descriptor_.native_handle(), TFD_TIMER_ABSTIME, &spec, nullptr);
    if (!waiting_ && at != kNever) wait();
}

void BootTimer::wait() {
    waiting_ = true;
    descriptor_.async_wait(
        boost::asio::posix::stream_descriptor::wait_read,
        [this](const boost::system::error_code& error) {
            if (error) return;  // closed; this object may be gone
            waiting_ = false;
            std::uint64_t expirations = 0;
            const bool due = read(descriptor_.native_handle(), &expirations, sizeof expirations) ==
                             sizeof expirations;
            // Armed anew between expiry and this call: the new deadline counts.
            if (!due) return wait();
            armed_ = kNever;
            if (const Duration slept = this->slept(); woke_ && slept > Duration{0}) woke_(slept);
            fire_();
        });
}

Duration BootTimer::asleep() { return read_clock(CLOCK_BOOTTIME) - read_clock(CLOCK_MONOTONIC); }

Duration BootTimer::slept() {
    const Duration before = asleep_;
    asleep_ = asleep();
    const Duration lately = asleep_ - before;
    return lately >= std::chrono::seconds(1) ? lately : Duration{0};
}

void BootTimer::close() {
    boost::system::error_code ignored;
    descriptor_.close(ignored);
}

}  // namespace sov::io
