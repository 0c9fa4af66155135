#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <functional>
#include <string>

#include "daemon/core/base/instant.h"

namespace sov::io {

/// The driver's clock and its one timer, both on CLOCK_BOOTTIME: a deadline that passes while the
/// host sleeps is due the moment it wakes. Instant{} is the construction of this object.
/// Reading the time costs no system call; arming costs two.
class BootTimer {
  public:
    /// Aborts when the kernel has no timer descriptor left: nothing can work without one.
    explicit BootTimer(boost::asio::io_context& context);

    /// Never earlier than what the call before returned. Thread-safe.
    Instant now() const;

    /// Calls `fire` once, at `at` or as soon after as the loop comes round; replaces what was
    /// armed. kNever disarms.
    void arm(Instant at);
    Instant armed() const { return armed_; }

    /// What arm() calls. Set once, before the first arm().
    void on_fire(std::function<void()> fire) { fire_ = std::move(fire); }

    /// Called before what arm() calls, when the host slept for a second or more meanwhile.
    void on_wake(std::function<void(Duration slept)> woke) { woke_ = std::move(woke); }

    /// How long the host slept since the last call, when that was a second or more; else 0.
    Duration slept();

    void close();

  private:
    void wait();
    static Duration asleep();

    boost::asio::posix::stream_descriptor descriptor_;
    std::function<void()> fire_;
    std::function<void(Duration slept)> woke_;
    Duration origin_;
    Duration asleep_;
    Instant armed_ = kNever;
    bool waiting_ = false;
};

}  // namespace sov::io
