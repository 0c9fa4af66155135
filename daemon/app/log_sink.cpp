#include "daemon/app/log_sink.h"

#include <sys/stat.h>
#include <sys/uio.h>
#include <systemd/sd-journal.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <ctime>
#include <utility>

#include "daemon/app/event_classes.h"

namespace sov::app {
namespace {

using api::LogLevel;

/// Priorities of syslog(3).
int priority(LogLevel level) {
    switch (level) {
        case LogLevel::kError: return 3;
        case LogLevel::kWarning: return 4;
        case LogLevel::kInfo: return 6;
        case LogLevel::kDebug:
        case LogLevel::kTrace: return 7;
    }
    return 6;
}

std::string time_text() {
    const auto now = std::chrono::system_clock::now();
    const auto seconds = std::chrono::system_clock::to_time_t(now);
    const auto ms =
        std::chrono::duration_cast<std::chrono::milliseconds>(now.time_since_epoch()).count() %
        1000;
    std::tm utc{};
    gmtime_r(&seconds, &utc);
    std::array<char, 48> text{};
    const auto size = std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%S", &utc);
    const std::string digits = std::to_string(1000 + ms);
    return std::string(text.data(), size) + "." + digits.substr(1) + "Z";
}

/// A logfmt value: quoted when it has to be. Nothing in it can begin a new line or obey a terminal.
std::string logfmt(std::string_view value) {
    const bool plain = !value.empty() && std::all_of(value.begin(), value.end(), [](char c) {
        return c > ' ' && c != '"' && c != '=' && c != '\\' && c != 0x7f;
    });
    if (plain) return std::string(value);
    std::string quoted = "\"";
    for (const char c : value) {
        if (c == '"' || c == '\\') quoted += '\\';
        quoted += static_cast<unsigned char>(c) < ' ' || c == 0x7f ? ' ' : c;
    }
    return quoted + "\"";
}

/// systemd tells a service by device and inode which stream the journal reads.
bool journal_reads_stderr() {
    const char* stream = std::getenv("JOURNAL_STREAM");
    struct stat found {};
    if (stream == nullptr || fstat(STDERR_FILENO, &found) != 0) return false;
    return std::to_string(found.st_dev) + ":" + std::to_string(found.st_ino) == stream;
}

void write_line(const std::string& line) {
    // A reader that has gone away must not stop the daemon, so there is nothing to do on failure.
    [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, line.data(), line.size());
}

void write_journal(const std::vector<std::string>& fields) {
    std::vector<iovec> parts;
    for (const std::string& field : fields) {
        parts.push_back({const_cast<char*>(field.data()), field.size()});
    }
    sd_journal_sendv(parts.data(), static_cast<int>(parts.size()));
}

std::string upper(std::string_view key) {
    std::string text = "SOV_";
    for (const char c : key) text += static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    return text;
}

}  // namespace

std::optional<LogLevels> parse_log_levels(std::string_view text) {
    LogLevels levels;
    bool first = true;
    while (true) {
        const auto comma = text.find(',');
        std::string_view part = text.substr(0, comma);
        while (part.starts_with(' ')) part.remove_prefix(1);
        while (part.ends_with(' ')) part.remove_suffix(1);
        const auto equals = part.find('=');
        const auto level =
            api::parse_log_level(equals == std::string_view::npos ? part : part.substr(equals + 1));
        if (!level) return std::nullopt;
        if (equals == std::string_view::npos) {
            if (!first) return std::nullopt;
            levels.base = *level;
        } else {
            const std::string_view module = part.substr(0, equals);
            if (std::find(kLogModules.begin(), kLogModules.end(), module) == kLogModules.end())
                return std::nullopt;
            levels.modules.emplace_back(module, *level);
        }
        first = false;
        if (comma == std::string_view::npos) return levels;
        text.remove_prefix(comma + 1);
    }
}

LogSink::LogSink(LogLevels levels, LogTarget target)
    : LogSink(std::move(levels), Output{}, [] { return Clock::now(); }) {
    const bool journal =
        target == LogTarget::kJournald || (target == LogTarget::kAuto && journal_reads_stderr());
    if (journal) {
        output_.journal = write_journal;
    } else {
        output_.line = write_line;
    }
}

LogSink::LogSink(LogLevels levels, Output output, Now now)
    : output_(std::move(output)), now_(std::move(now)) {
    set_levels(levels);
}

bool LogSink::wants(std::string_view module, LogLevel level) const {
    const std::lock_guard lock(mutex_);
    const auto found = modules_.find(module);
    return found != modules_.end() && level <= level_now(found->second);
}

void LogSink::write(LogLevel level, std::string_view module, std::string_view event,
                    std::string_view message, std::initializer_list<LogField> fields) {
    if (!wants(module, level)) return;
    const std::lock_guard lock(mutex_);
    const auto suppressed = admit(event);
    if (!suppressed) return;
    if (output_.journal) {
        std::vector<std::string> entry{
            "MESSAGE=" + std::string(message), "PRIORITY=" + std::to_string(priority(level)),
            "SYSLOG_IDENTIFIER=sovereignd", "SOV_MODULE=" + std::string(module),
            "SOV_EVENT=" + std::string(event)};
        const std::string_view id = message_id(event);
        if (!id.empty()) entry.push_back("MESSAGE_ID=" + std::string(id));
        for (const LogField& field : fields) entry.push_back(upper(field.key) + "=" + field.value);
        if (*suppressed > 0) entry.push_back("SOV_SUPPRESSED=" + std::to_string(*suppressed));
        output_.journal(entry);
        return;
    }
    std::string line = "time=" + time_text() + " level=" + std::string(api::log_level_word(level)) +
                       " module=" + std::string(module) + " event=" + std::string(event) +
                       " msg=" + logfmt(message);
    for (const LogField& field : fields)
        line += " " + std::string(field.key) + "=" + logfmt(field.value);
    if (*suppressed > 0) line += " suppressed=" + std::to_string(*suppressed);
    output_.line(line + "\n");
}

std::optional<std::uint64_t> LogSink::admit(std::string_view event) {
    const auto now = now_();
    auto found = classes_.find(event);
    if (found == classes_.end()) {
        // Classes are words of this program, so the bound is never reached by anything from
        // outside.
        if (classes_.size() >= kClassesMax) classes_.clear();
        found = classes_.emplace(event, ClassState{now, 0, 0}).first;
    }
    ClassState& state = found->second;
    if (now - state.since >= kWindow) state = {now, 0, state.suppressed};
    if (state.lines >= kLinesPerWindow) {
        ++state.suppressed;
        return std::nullopt;
    }
    ++state.lines;
    return std::exchange(state.suppressed, 0);
}

LogLevel LogSink::level_now(const ModuleState& state) const {
    return state.until && now_() < *state.until ? state.temporary : state.level;
}

void LogSink::set_levels(const LogLevels& levels) {
    const std::lock_guard lock(mutex_);
    for (const std::string_view module : kLogModules)
        modules_[std::string(module)] = {levels.base, levels.base, {}};
    for (const auto& [module, level] : levels.modules) modules_[module] = {level, level, {}};
}

bool LogSink::set_level(std::string_view module, LogLevel level,
                        std::chrono::milliseconds back_after) {
    const std::lock_guard lock(mutex_);
    bool known = false;
    for (auto& [name, state] : modules_) {
        if (module != "*" && module != name) continue;
        known = true;
        if (back_after.count() > 0) {
            state.temporary = level;
            state.until = now_() + back_after;
        } else {
            state = {level, level, {}};
        }
    }
    return known;
}

std::vector<api::ModuleLevel> LogSink::levels() const {
    const std::lock_guard lock(mutex_);
    std::vector<api::ModuleLevel> levels;
    for (const auto& [name, state] : modules_) {
        std::chrono::milliseconds left{0};
        if (state.until && now_() < *state.until) {
            // Rounded up, so that a temporary level never looks permanent.
            left = std::chrono::ceil<std::chrono::milliseconds>(*state.until - now_());
        }
        levels.push_back({name, level_now(state), left, state.level});
    }
    return levels;
}

}  // namespace sov::app
