#pragma once

#include <array>
#include <chrono>
#include <functional>
#include <initializer_list>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/api/host.h"
#include "daemon/api/log_level.h"
#include "daemon/app/config.h"

namespace sov::app {

/// Parts of the daemon whose level can be set on their own.
inline constexpr std::array<std::string_view, 7> kLogModules{"api",       "app",  "connect", "dht",
                                                             "discovery", "node", "store"};

/// Reads "info" or "info,dht=debug"; nothing for anything else.
std::optional<LogLevels> parse_log_levels(std::string_view text);

/// One fact of a log line, beside its message. Keys are lower-case words.
struct LogField {
    std::string_view key;
    std::string value;
};

/// The structured log: logfmt lines on stderr, or fields in the journal. Never on stdout. Each
/// event class gets kLinesPerWindow lines a kWindow; what comes on top is counted and told with the
/// next line of its class. The caller keeps keys and payloads out, and addresses below debug.
/// Thread-safe; a line is one system call.
class LogSink {
  public:
    using Clock = std::chrono::steady_clock;
    using Now = std::function<Clock::time_point()>;
    /// Takes one finished line, or the fields of one journal entry ("KEY=value").
    struct Output {
        std::function<void(const std::string& line)> line;
        std::function<void(const std::vector<std::string>& fields)> journal;
    };
    static constexpr int kLinesPerWindow = 20;
    static constexpr std::chrono::seconds kWindow{10};
    static constexpr std::size_t kClassesMax = 256;

    /// stderr or the journal; `target` kAuto asks whether the journal reads stderr.
    LogSink(LogLevels levels, LogTarget target);
    /// Into `output`, with `journal` set when journal entries are wanted; for tests.
    LogSink(LogLevels levels, Output output, Now now);

    bool wants(std::string_view module, api::LogLevel level) const;
    /// `event` is the class for the rate limit and for finding lines, "node.started".
    void write(api::LogLevel level, std::string_view module, std::string_view event,
               std::string_view message, std::initializer_list<LogField> fields = {});

    /// Sets all modules anew and forgets temporary levels.
    void set_levels(const LogLevels& levels);
    /// One module or "*"; goes back after `back_after` unless that is 0. False: no such module.
    bool set_level(std::string_view module, api::LogLevel level,
                   std::chrono::milliseconds back_after);
    std::vector<api::ModuleLevel> levels() const;

  private:
    struct ModuleState {
        api::LogLevel level{};
        api::LogLevel temporary{};
        std::optional<Clock::time_point> until;  ///< of the temporary level
    };
    struct ClassState {
        Clock::time_point since;
        int lines = 0;
        std::uint64_t suppressed = 0;
    };

    /// Nothing: suppress the line. Otherwise how many were suppressed before it.
    std::optional<std::uint64_t> admit(std::string_view event);
    api::LogLevel level_now(const ModuleState& state) const;

    Output output_;
    Now now_;
    mutable std::mutex mutex_;  // guards everything below
    std::map<std::string, ModuleState, std::less<>> modules_;
    std::map<std::string, ClassState, std::less<>> classes_;
};

}  // namespace sov::app
