#include "platform/linux/service_manager.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <cstdlib>

namespace sov::host {
namespace {

/// A status is one line: what would end it or disturb a terminal becomes a space.
std::string status_line(std::string_view status) {
    std::string line = "STATUS=";
    for (const char symbol : status) {
        const auto code = static_cast<unsigned char>(symbol);
        line += code < ' ' || code == 0x7f ? ' ' : symbol;
    }
    return line;
}

}  // namespace

ServiceManager::ServiceManager() {
    const char* socket = std::getenv("NOTIFY_SOCKET");
    listens_ = socket != nullptr && *socket != '\0';
    char** names = nullptr;
    const int count = sd_listen_fds_with_names(1, &names);
    for (int at = 0; at < count; ++at) {
        const int descriptor = SD_LISTEN_FDS_START + at;
        std::string name = names != nullptr && names[at] != nullptr ? names[at] : "";
        if (names != nullptr) std::free(names[at]);
        if (handed_.size() < kDescriptorsMax) {
            handed_.push_back({std::move(name), descriptor});
        } else {
            close(descriptor);
        }
    }
    std::free(names);
}

ServiceManager::~ServiceManager() {
    for (const Handed& handed : handed_) close(handed.descriptor);
}

std::optional<std::chrono::microseconds> ServiceManager::watchdog() const {
    std::uint64_t microseconds = 0;
    if (sd_watchdog_enabled(0, &microseconds) <= 0) return std::nullopt;
    return std::chrono::microseconds(microseconds);
}

std::vector<int> ServiceManager::take(std::string_view name) {
    std::vector<int> taken;
    std::erase_if(handed_, [&](const Handed& handed) {
        if (handed.name != name) return false;
        taken.push_back(handed.descriptor);
        return true;
    });
    return taken;
}

bool ServiceManager::keep(std::string_view name, int descriptor) {
    // Without FDPOLL=0 systemd polls what it keeps and drops it at the first error, and for a UDP
    // socket any ICMP message is one.
    const std::string message = "FDSTORE=1\nFDPOLL=0\nFDNAME=" + std::string(name);
    return sd_pid_notify_with_fds(0, 0, message.c_str(), &descriptor, 1) > 0;
}

void ServiceManager::give_up(std::string_view name) {
    sd_notify(0, ("FDSTOREREMOVE=1\nFDNAME=" + std::string(name)).c_str());
}

void ServiceManager::starting(std::string_view status, std::chrono::seconds patience) {
    const std::chrono::microseconds microseconds = patience;
    sd_notify(
        0, (status_line(status) + "\nEXTEND_TIMEOUT_USEC=" + std::to_string(microseconds.count()))
               .c_str());
}

void ServiceManager::ready(std::string_view status) {
    sd_notify(0, ("READY=1\n" + status_line(status)).c_str());
}

void ServiceManager::status(std::string_view status) { sd_notify(0, status_line(status).c_str()); }

void ServiceManager::alive() { sd_notify(0, "WATCHDOG=1"); }

void ServiceManager::reloading() { sd_notify(0, "RELOADING=1"); }

void ServiceManager::reloaded() { sd_notify(0, "READY=1"); }

void ServiceManager::stopping(std::string_view status) {
    sd_notify(0, ("STOPPING=1\n" + status_line(status)).c_str());
}

std::optional<std::string> listening_path(int descriptor) {
    int listening = 0;
    socklen_t size = sizeof listening;
    if (getsockopt(descriptor, SOL_SOCKET, SO_ACCEPTCONN, &listening, &size) != 0 || listening == 0)
        return std::nullopt;
    sockaddr_un address{};
    socklen_t length = sizeof address;
    if (getsockname(descriptor, reinterpret_cast<sockaddr*>(&address), &length) != 0 ||
        address.sun_family != AF_UNIX || length <= offsetof(sockaddr_un, sun_path))
        return std::nullopt;
    // Unless the path fills its field it ends with a zero, which is counted.
    std::string path(address.sun_path, length - offsetof(sockaddr_un, sun_path));
    if (path.ends_with('\0')) path.pop_back();
    if (!path.starts_with('/')) return std::nullopt;
    return path;
}

std::optional<std::string> credential_file(std::string_view name) {
    const char* folder = std::getenv("CREDENTIALS_DIRECTORY");
    if (folder == nullptr || *folder != '/') return std::nullopt;
    std::string path = std::string(folder) + "/" + std::string(name);
    if (access(path.c_str(), F_OK) != 0) return std::nullopt;
    return path;
}

}  // namespace sov::host
