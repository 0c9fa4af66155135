#pragma once

#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdarg>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <functional>
#include <string>
#include <vector>

// What every bench needs: child processes, their CPU time and memory, and numbers worth printing.

namespace sov::bench {

using Clock = std::chrono::steady_clock;

inline double seconds_since(Clock::time_point start) {
    return std::chrono::duration<double>(Clock::now() - start).count();
}
inline double milliseconds_since(Clock::time_point start) { return seconds_since(start) * 1e3; }

/// A measurement of something that did not work would be worth nothing.
inline void require(bool condition, const char* what) {
    if (condition) return;
    std::fprintf(stderr, "bench: %s\n", what);
    std::exit(1);
}

/// The value below which this part of the samples lies; the samples need not be sorted.
inline double quantile(std::vector<double> samples, double part) {
    if (samples.empty()) return 0;
    std::sort(samples.begin(), samples.end());
    const auto rank = static_cast<std::size_t>(part * static_cast<double>(samples.size()));
    return samples[std::min(rank, samples.size() - 1)];
}
inline double median(std::vector<double> samples) { return quantile(std::move(samples), 0.5); }

[[gnu::format(printf, 1, 2)]] inline std::string text(const char* format, ...) {
    char buffer[512];
    va_list arguments;
    va_start(arguments, format);
    std::vsnprintf(buffer, sizeof buffer, format, arguments);
    va_end(arguments);
    return buffer;
}

/// "123,456 (120,000..130,000)": the median and its range.
inline std::string thousands(double value) {
    std::string digits = text("%.0f", value);
    for (std::size_t at = digits.size(); at > 3; at -= 3) digits.insert(at - 3, ",");
    return digits;
}
inline std::string with_range(const std::vector<double>& samples) {
    if (samples.empty()) return "-";
    const auto [low, high] = std::minmax_element(samples.begin(), samples.end());
    return thousands(median(samples)) + " (" + thousands(*low) + ".." + thousands(*high) + ")";
}

/// Memory that this process and its children see alike.
template <typename T>
class Shared {
  public:
    Shared() {
        void* memory =
            mmap(nullptr, sizeof(T), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        require(memory != MAP_FAILED, "no shared memory");
        value_ = new (memory) T();
    }
    Shared(const Shared&) = delete;
    Shared& operator=(const Shared&) = delete;
    ~Shared() { munmap(value_, sizeof(T)); }
    T& operator*() const { return *value_; }
    T* operator->() const { return value_; }

  private:
    T* value_;
};

/// One row of a Markdown table.
inline void row(const std::vector<std::string>& cells) {
    std::string line = "|";
    for (const std::string& cell : cells) line += " " + cell + " |";
    std::puts(line.c_str());
    std::fflush(stdout);
}
inline void heading(const std::vector<std::string>& cells) {
    row(cells);
    row(std::vector<std::string>(cells.size(), "---"));
}

/// A process forked from this one; killed and reaped at the end of its scope.
class Child {
  public:
    Child() = default;
    /// Runs `body` in the child, which ends with it.
    explicit Child(const std::function<void()>& body) {
        std::fflush(nullptr);
        pid_ = fork();
        require(pid_ >= 0, "fork failed");
        if (pid_ == 0) {
            body();
            std::fflush(nullptr);
            _exit(0);
        }
        require(clock_getcpuclockid(pid_, &clock_) == 0, "no CPU clock of a child");
    }
    Child(Child&& other) noexcept : pid_(other.pid_), clock_(other.clock_) { other.pid_ = -1; }
    Child& operator=(Child&& other) noexcept {
        std::swap(pid_, other.pid_);
        std::swap(clock_, other.clock_);
        return *this;
    }
    ~Child() { end(SIGKILL); }

    pid_t pid() const { return pid_; }

    /// CPU time used so far, user and system, in seconds. Costs the child nothing.
    double cpu_seconds() const {
        timespec used{};
        require(clock_gettime(clock_, &used) == 0, "a child is gone");
        return static_cast<double>(used.tv_sec) + static_cast<double>(used.tv_nsec) * 1e-9;
    }

    /// Resident memory in kilobytes.
    double resident_kilobytes() const {
        std::ifstream file("/proc/" + std::to_string(pid_) + "/statm");
        double total = 0, resident = 0;
        file >> total >> resident;
        return resident * static_cast<double>(sysconf(_SC_PAGESIZE)) / 1024;
    }

    void end(int signal) {
        if (pid_ <= 0) return;
        kill(pid_, signal);
        waitpid(pid_, nullptr, 0);
        pid_ = -1;
    }

  private:
    pid_t pid_ = -1;
    clockid_t clock_{};
};

/// Waits until `done`, at most `patience`; false when it never was.
inline bool wait_for(const std::function<bool()>& done, std::chrono::seconds patience) {
    const auto start = Clock::now();
    while (!done()) {
        if (Clock::now() - start > patience) return false;
        usleep(500);
    }
    return true;
}

}  // namespace sov::bench
