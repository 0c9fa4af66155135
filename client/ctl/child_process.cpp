#include "client/ctl/child_process.h"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <utility>

namespace sov::ctl {
namespace {

using ChildClock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds kPoliteFor{300};

class ChildDescriptor {
  public:
    explicit ChildDescriptor(int number = -1) : number_(number) {}
    ChildDescriptor(const ChildDescriptor&) = delete;
    ChildDescriptor& operator=(const ChildDescriptor&) = delete;
    ~ChildDescriptor() { reset(); }
    int get() const { return number_; }
    void reset(int number = -1) {
        if (number_ >= 0) close(number_);
        number_ = number;
    }

  private:
    int number_;
};

/// The ends of a pipe; false when there are no descriptors left.
bool open_pipe(ChildDescriptor& reading, ChildDescriptor& writing) {
    std::array<int, 2> ends{};
    if (pipe2(ends.data(), O_CLOEXEC) != 0) return false;
    reading.reset(ends[0]);
    writing.reset(ends[1]);
    return true;
}

std::vector<char*> pointers(const std::vector<std::string>& texts) {
    std::vector<char*> list;
    for (const std::string& text : texts) list.push_back(const_cast<char*>(text.c_str()));
    return list;
}

/// 0 or an errno. Signals are as a program expects to find them: we block some for our threads.
int spawn(const ChildWish& wish, int input, int output, pid_t& child) {
    std::vector<char*> words = pointers(wish.words), environment = pointers(wish.environment);
    for (char** each = environ; *each != nullptr; ++each) environment.push_back(*each);
    words.push_back(nullptr);
    environment.push_back(nullptr);
    posix_spawn_file_actions_t actions{};
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
    posix_spawnattr_t attributes{};
    posix_spawnattr_init(&attributes);
    sigset_t none{}, reset{};
    sigemptyset(&none);
    sigemptyset(&reset);
    sigaddset(&reset, SIGPIPE);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &reset);
    posix_spawnattr_setpgroup(&attributes, 0);
    posix_spawnattr_setflags(
        &attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
    const int failure =
        posix_spawnp(&child, words[0], &actions, &attributes, words.data(), environment.data());
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    return failure;
}

/// A child that runs, until it is waited for.
class Child {
  public:
    explicit Child(const ChildWish& wish) : wish_(wish), end_(ChildClock::now() + wish.time) {}

    /// 0 or an errno.
    int start() {
        ChildDescriptor theirs_in, theirs_out;
        wake_.reset(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
        if (wake_.get() < 0 || !open_pipe(theirs_in, in_) || !open_pipe(out_, theirs_out))
            return errno;
        const int failure = spawn(wish_, theirs_in.get(), theirs_out.get(), child_);
        if (failure != 0) return failure;
        fcntl(in_.get(), F_SETFL, O_NONBLOCK);
        // The C library's header for it is not for C++.
        process_.reset(static_cast<int>(syscall(SYS_pidfd_open, child_, 0)));
        return 0;
    }
    void wake() const { eventfd_write(wake_.get(), 1); }

    ChildOutcome run(const std::stop_token& stop) {
        ChildOutcome outcome;
        outcome.end = talk(stop, outcome.output);
        if (outcome.end != ChildEnd::kEnded) end_early();
        int status = 0;
        while (waitpid(child_, &status, 0) < 0 && errno == EINTR) {
        }
        outcome.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
        return outcome;
    }

  private:
    /// Until it has written all and has ended, or must be ended.
    ChildEnd talk(const std::stop_token& stop, std::string& output) {
        std::string_view input = wish_.input;
        bool more = true;
        while (true) {
            if (input.empty()) in_.reset();
            std::array<pollfd, 4> waits = {
                pollfd{in_.get(), POLLOUT, 0}, pollfd{more ? out_.get() : -1, POLLIN, 0},
                pollfd{more ? -1 : process_.get(), POLLIN, 0}, pollfd{wake_.get(), POLLIN, 0}};
            const auto left =
                std::chrono::ceil<std::chrono::milliseconds>(end_ - ChildClock::now()).count();
            if (stop.stop_requested()) return ChildEnd::kStopped;
            if (left <= 0) return ChildEnd::kTimedOut;
            if (!more && process_.get() < 0) return ChildEnd::kEnded;  // a kernel without pidfd
            const int wait = static_cast<int>(std::min<std::int64_t>(left, 60'000));
            if (poll(waits.data(), waits.size(), wait) < 0) continue;
            if (waits[0].revents != 0) feed(input);
            if (waits[1].revents != 0) {
                more = take(output);
                if (output.size() > wish_.output_most) return ChildEnd::kTooLong;
            }
            if (waits[2].revents != 0) return ChildEnd::kEnded;
        }
    }
    /// Whoever does not read its input to the end has its reasons.
    void feed(std::string_view& input) const {
        const ssize_t count = write(in_.get(), input.data(), input.size());
        if (count > 0)
            input.remove_prefix(static_cast<std::size_t>(count));
        else if (errno != EINTR && errno != EAGAIN)
            input = {};
    }
    bool take(std::string& output) const {
        std::array<char, 16384> block{};
        const ssize_t count = read(out_.get(), block.data(), block.size());
        if (count > 0) output.append(block.data(), static_cast<std::size_t>(count));
        return count > 0 || (count < 0 && errno == EINTR);
    }
    void end_early() const {
        kill(-child_, SIGTERM);
        pollfd gone{process_.get(), POLLIN, 0};
        poll(&gone, 1, static_cast<int>(kPoliteFor.count()));
        kill(-child_, SIGKILL);
    }

    const ChildWish& wish_;
    const ChildClock::time_point end_;
    ChildDescriptor in_, out_, wake_, process_;
    pid_t child_ = 0;
};

}  // namespace

ChildOutcome run_child(const ChildWish& wish, const std::stop_token& stop) {
    Child child(wish);
    if (const int failure = child.start(); failure != 0)
        return {ChildEnd::kNotStarted, failure, {}};
    const std::stop_callback on_stop(stop, [&child] { child.wake(); });
    return child.run(stop);
}

}  // namespace sov::ctl
