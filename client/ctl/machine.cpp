#include "client/ctl/machine.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <filesystem>

#include "client/ctl/daemon_traces.h"

namespace sov::ctl {
namespace {

/// Closes when it goes.
class Descriptor {
  public:
    explicit Descriptor(int number) : number_(number) {}
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    ~Descriptor() { reset(); }

    int get() const { return number_; }
    void reset() {
        if (number_ > STDERR_FILENO) close(number_);
        number_ = -1;
    }

  private:
    int number_;
};

/// Reads until the end, an error or `most` bytes.
std::optional<std::string> read_all(int descriptor, std::size_t most, int& error) {
    std::string content;
    std::array<char, 4096> block{};
    while (content.size() < most) {
        const std::size_t wanted = std::min(block.size(), most - content.size());
        const ssize_t count = read(descriptor, block.data(), wanted);
        if (count > 0) {
            content.append(block.data(), static_cast<std::size_t>(count));
        } else if (count == 0) {
            break;
        } else if (errno != EINTR) {
            error = errno;
            return std::nullopt;
        }
    }
    return content;
}

std::optional<std::string> read_file(const std::string& path, std::size_t most, int& error) {
    const Descriptor file(path == "-" ? STDIN_FILENO : open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (file.get() < 0) {
        error = errno;
        return std::nullopt;
    }
    return read_all(file.get(), most, error);
}

bool read_chunks(const std::string& path, const Machine::TakeChunk& take, int& error) {
    const Descriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
    struct stat state {};
    if (file.get() < 0 || fstat(file.get(), &state) != 0) {
        error = errno;
        return false;
    }
    std::vector<char> buffer(std::size_t{1} << 16U);
    std::uint64_t done = 0;
    while (true) {
        const ssize_t count = read(file.get(), buffer.data(), buffer.size());
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) {
            error = errno;
            return false;
        }
        if (count == 0) return true;
        done += static_cast<std::uint64_t>(count);
        // A file that grows meanwhile is longer than it said.
        const std::uint64_t total = std::max(done, static_cast<std::uint64_t>(state.st_size));
        take({buffer.data(), static_cast<std::size_t>(count)}, done, total);
    }
}

int create(const std::string& path, std::string_view content, mode_t mode) {
    const Descriptor file(open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode));
    if (file.get() < 0) return errno;
    while (!content.empty()) {
        const ssize_t count = write(file.get(), content.data(), content.size());
        if (count < 0 && errno != EINTR) return errno;
        if (count > 0) content.remove_prefix(static_cast<std::size_t>(count));
    }
    return fsync(file.get()) == 0 || errno == EINVAL ? 0 : errno;
}

int replace_private_file(const std::string& path, std::string_view content) {
    const std::string unfinished = path + ".new-" + std::to_string(getpid());
    int failure = create(unfinished, content, 0600);
    if (failure == 0 && rename(unfinished.c_str(), path.c_str()) != 0) failure = errno;
    if (failure != 0) unlink(unfinished.c_str());
    return failure;
}

/// Signals as a program expects to find them: we block some for our own threads.
bool start(const std::vector<std::string>& words, int output, pid_t& child) {
    std::vector<char*> arguments;
    for (const std::string& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
    arguments.push_back(nullptr);
    posix_spawn_file_actions_t actions{};
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions, output, STDERR_FILENO);
    posix_spawnattr_t attributes{};
    posix_spawnattr_init(&attributes);
    sigset_t none{};
    sigemptyset(&none);
    sigset_t reset{};
    sigemptyset(&reset);
    sigaddset(&reset, SIGPIPE);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &reset);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    const int failed =
        posix_spawnp(&child, arguments[0], &actions, &attributes, arguments.data(), environ);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    return failed == 0;
}

std::optional<ProgramOutcome> run_program(const std::vector<std::string>& words) {
    constexpr std::size_t kMostOutput = std::size_t{1} << 20U;
    std::array<int, 2> ends{};
    if (pipe2(ends.data(), O_CLOEXEC) != 0) return std::nullopt;
    Descriptor reading(ends[0]);
    Descriptor writing(ends[1]);
    pid_t child = 0;
    if (!start(words, writing.get(), child)) return std::nullopt;
    writing.reset();
    int error = 0;
    ProgramOutcome outcome;
    outcome.output = read_all(reading.get(), kMostOutput, error).value_or("");
    reading.reset();
    int status = 0;
    while (waitpid(child, &status, 0) < 0) {
        if (errno != EINTR) return std::nullopt;
    }
    outcome.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    return outcome;
}

}  // namespace

Machine this_machine() {
    Machine machine;
    machine.environment = [](const char* name) -> const char* { return std::getenv(name); };
    machine.terminal = [](int descriptor, ColorMode mode) {
        return terminal_of(descriptor, mode,
                           [](const char* name) -> const char* { return std::getenv(name); });
    };
    machine.sink = descriptor_sink;
    machine.connect = client::connect;
    machine.daemon_traces = look_for_daemon;
    machine.run_program = run_program;
    machine.run_child = run_child;
    machine.read_file = read_file;
    machine.read_chunks = read_chunks;
    machine.create_file = [](const std::string& path, std::string_view content) {
        return create(path, content, 0644);
    };
    machine.create_private_file = [](const std::string& path, std::string_view content) {
        return create(path, content, 0600);
    };
    machine.replace_private_file = replace_private_file;
    return machine;
}

}  // namespace sov::ctl
