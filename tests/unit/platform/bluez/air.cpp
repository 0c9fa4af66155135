#include "tests/unit/platform/bluez/air.h"
#include "tests/support/source_file.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <stdexcept>

namespace sov::bluez {
namespace {

/// Everything here happens within a second; a machine that builds something else gets its time.
constexpr std::chrono::seconds kPatience{15};

}  // namespace

Air::Air() {
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0) std::abort();
    const std::string script = support::source_file("tests/e2e/bluez_fake.py");
    pid_ = fork();
    if (pid_ == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        dup2(pair[1], STDIN_FILENO);
        dup2(pair[1], STDOUT_FILENO);
        // Debian's own interpreter: the modules for D-Bus are its packages.
        execl("/usr/bin/python3", "python3", "-B", script.c_str(), nullptr);
        _exit(127);
    }
    close(pair[1]);
    fd_ = pair[0];
}

Air::~Air() {
    close(fd_);
    waitpid(pid_, nullptr, 0);
}

std::string Air::tell(const std::string& verb, const std::string& members) {
    const std::string line =
        "{\"do\": \"" + verb + "\"" + (members.empty() ? "" : ", " + members) + "}\n";
    if (write(fd_, line.data(), line.size()) < 0) return "";
    while (unread_.find('\n') == std::string::npos) {
        char part[4096];
        const ssize_t got = read(fd_, part, sizeof part);
        if (got <= 0) {
            ADD_FAILURE() << "the stand-in for bluetoothd ended";
            return "";
        }
        unread_.append(part, static_cast<std::size_t>(got));
    }
    const std::string answer = unread_.substr(0, unread_.find('\n'));
    unread_.erase(0, answer.size() + 1);
    const std::string ok = "{\"ok\": ";
    if (answer.compare(0, ok.size(), ok) != 0) {
        ADD_FAILURE() << line << answer;
        return "";
    }
    return answer.substr(ok.size(), answer.size() - ok.size() - 1);
}

std::string Air::host(const std::string& name, const std::string& members) {
    const std::string answer =
        tell("host", "\"name\": \"" + name + "\"" + (members.empty() ? "" : ", " + members));
    return answer.size() < 2 ? "" : answer.substr(1, answer.size() - 2);
}

void Air::until(const std::function<bool()>& done, const std::string& what) {
    const auto end = std::chrono::steady_clock::now() + kPatience;
    while (!done()) {
        if (std::chrono::steady_clock::now() > end) {
            throw std::runtime_error("waited in vain for " + what);
        }
        context_.restart();
        context_.run_one_for(std::chrono::milliseconds(20));
    }
}

void Air::until_told(const std::string& verb, const std::string& members, const std::string& part) {
    std::string answer;
    until(
        [&] {
            answer = tell(verb, members);
            return answer.find(part) != std::string::npos;
        },
        verb + " " + members + " to show " + part);
}

Peer::Peer(Air& air, const std::string& bus, BluezOptions options) : air_(air) {
    options.bus_address = bus;
    radio_ = std::make_unique<BluezRadio>(
        air.context(), std::move(options),
        [this](RadioReport report) { reports_.push_back(std::move(report)); });
}

RadioChanged Peer::await_state(RadioState state) {
    return await<RadioChanged>(
        "the state " + std::to_string(static_cast<int>(state)),
        [state](const RadioChanged& changed) { return changed.state == state; });
}

Bytes service_data(std::uint8_t mark) { return {0x20, mark, 1, 2, 3, 4, 5, 6, 7, 0xc5}; }

std::string on_air(const Bytes& data) {
    return "0201061b2147adaab086abbf92ed465e72b26a325d" + to_hex(data);
}

BluezOptions quick() {
    using std::chrono::milliseconds;
    BluezOptions options;
    options.rfkill_folder = "/nowhere";
    options.pauses.bus_retry = milliseconds(20);
    options.pauses.refused_retry = milliseconds(20);
    options.pauses.monitor_start = milliseconds(500);
    return options;
}

}  // namespace sov::bluez
