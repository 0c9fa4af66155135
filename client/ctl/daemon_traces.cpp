#include "client/ctl/daemon_traces.h"

#include <unistd.h>
#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

namespace sov::ctl {
namespace {

namespace fs = std::filesystem;

constexpr const char* kProgram = "sovereignd";

bool path_exists(const fs::path& path) {
    std::error_code ignored;
    return fs::exists(path, ignored);
}

bool runnable(const fs::path& path) { return access(path.c_str(), X_OK) == 0; }

int running_daemon() {
    std::error_code ignored;
    for (const auto& entry : fs::directory_iterator("/proc", ignored)) {
        const std::string name = entry.path().filename();
        if (name.find_first_not_of("0123456789") != std::string::npos) continue;
        std::ifstream file(entry.path() / "comm");
        std::string command;
        if (std::getline(file, command) && command == kProgram) return std::atoi(name.c_str());
    }
    return 0;
}

/// Inode numbers of the sockets that a process has open; none when we may not look.
std::vector<std::string> socket_inodes(int process) {
    std::vector<std::string> inodes;
    std::error_code ignored;
    const fs::path folder = fs::path("/proc") / std::to_string(process) / "fd";
    for (const auto& entry : fs::directory_iterator(folder, ignored)) {
        const std::string target = fs::read_symlink(entry.path(), ignored).string();
        constexpr std::string_view kPrefix = "socket:[";
        if (target.starts_with(kPrefix)) {
            inodes.push_back(target.substr(kPrefix.size(), target.size() - kPrefix.size() - 1));
        }
    }
    return inodes;
}

/// A socket on which the process listens, else one whose path names the daemon.
/// /proc/net/unix: "Num RefCount Protocol Flags Type St Inode Path"; flag 0x10000 is a listening
/// socket.
std::string listening_socket(int process) {
    const auto own = socket_inodes(process);
    std::ifstream file("/proc/net/unix");
    std::string line, guess;
    while (std::getline(file, line)) {
        std::istringstream fields(line);
        std::string number, references, protocol, flags, type, state, inode, path;
        fields >> number >> references >> protocol >> flags >> type >> state >> inode;
        std::getline(fields >> std::ws, path);
        if (flags != "00010000" || !path.starts_with('/') || access(path.c_str(), W_OK) != 0)
            continue;
        if (std::find(own.begin(), own.end(), inode) != own.end()) return path;
        if (path.find("sovereign") != std::string::npos) guess = path;
    }
    return guess;
}

}  // namespace

std::string daemon_program() {
    std::error_code ignored;
    const fs::path self = fs::read_symlink("/proc/self/exe", ignored);
    std::istringstream folders(std::getenv("PATH") != nullptr ? std::getenv("PATH") : "");
    std::string folder;
    std::string in_path;
    while (in_path.empty() && std::getline(folders, folder, ':')) {
        if (!folder.empty() && runnable(fs::path(folder) / kProgram))
            in_path = fs::path(folder) / kProgram;
    }
    const fs::path beside = self.parent_path() / kProgram;
    if (!self.empty() && runnable(beside)) return beside == in_path ? kProgram : beside.string();
    if (!in_path.empty()) return kProgram;
    const fs::path packaged = fs::path("/usr/sbin") / kProgram;
    return runnable(packaged) ? packaged.string() : std::string();
}

DaemonTraces look_for_daemon() {
    DaemonTraces traces;
    traces.systemd = path_exists("/run/systemd/system");  // sd_booted(3)
    for (const char* folder : {"/etc/systemd/system", "/run/systemd/system",
                               "/usr/lib/systemd/system", "/lib/systemd/system"}) {
        traces.unit = traces.unit || path_exists(fs::path(folder) / "sovereignd.service");
    }
    traces.process = running_daemon();
    traces.other_socket = listening_socket(traces.process);
    traces.program = daemon_program();
    const fs::path config = "/etc/sovereignd/sovereignd.conf";
    if (path_exists(config)) traces.config_file = config;
    traces.user = getuid();
    return traces;
}

}  // namespace sov::ctl
