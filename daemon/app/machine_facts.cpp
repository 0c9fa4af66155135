#include "daemon/app/machine_facts.h"

#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/timex.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <fstream>
#include <sstream>

namespace sov::app {
namespace {

namespace fs = std::filesystem;
using api::MachineFacts;

bool any_exists(const fs::path& root, std::initializer_list<const char*> paths) {
    return std::any_of(paths.begin(), paths.end(), [&](const char* path) {
        std::error_code ignored;
        return fs::exists(root / path, ignored);
    });
}

UnixMillis time_of(const fs::path& file) {
    struct stat status {};
    if (stat(file.c_str(), &status) != 0 || status.st_mtim.tv_sec < 0) return 0;
    return static_cast<UnixMillis>(status.st_mtim.tv_sec) * 1000;
}

/// The newest of this program and what it has written: a clock behind that is wrong now, or was
/// when the file was written; both are worth saying.
UnixMillis newest_file(const fs::path& folder) {
    UnixMillis newest = time_of("/proc/self/exe");
    std::error_code failed;
    for (fs::directory_iterator at(folder, failed), end; !failed && at != end;
         at.increment(failed)) {
        newest = std::max(newest, time_of(at->path()));
    }
    return newest;
}

/// adjtimex(2) without changing anything: whatever keeps the time clears the flag when it is right.
bool kernel_clock_synchronised() {
    timex times{};
    const int state = adjtimex(&times);
    if (state >= 0) return state != TIME_ERROR && (times.status & STA_UNSYNC) == 0;
    // A service in a sandbox may not ask (ProtectClock=). systemd-timesyncd leaves a file when the
    // clock is set; of other programs nothing is known, and nobody is alarmed.
    std::error_code ignored;
    const fs::path folder = "/run/systemd/timesync";
    return !fs::exists(folder, ignored) || fs::exists(folder / "synchronized", ignored);
}

MachineFacts::Privacy bluetooth_privacy(const fs::path& file) {
    constexpr std::size_t kMost = 64 << 10;
    std::ifstream in(file, std::ios::binary);
    if (!in) return MachineFacts::Privacy::kUnknown;
    std::string text(kMost, '\0');
    in.read(text.data(), static_cast<std::streamsize>(text.size()));
    text.resize(static_cast<std::size_t>(in.gcount()));
    return privacy_in(text);
}

std::string trimmed(const std::string& text) {
    const std::size_t begin = text.find_first_not_of(" \t\r");
    if (begin == std::string::npos) return {};
    return text.substr(begin, text.find_last_not_of(" \t\r") - begin + 1);
}

}  // namespace

UnixMillis program_time() { return time_of("/proc/self/exe"); }

MachineFacts::Privacy privacy_in(const std::string& main_conf) {
    std::istringstream lines(main_conf);
    std::string line, section;
    auto privacy = MachineFacts::Privacy::kOff;
    while (std::getline(lines, line)) {
        line = trimmed(line);
        if (line.starts_with('[')) section = line;
        const std::size_t equals = line.find('=');
        if (section != "[General]" || line.starts_with('#') || equals == std::string::npos)
            continue;
        if (trimmed(line.substr(0, equals)) != "Privacy") continue;
        const std::string value = trimmed(line.substr(equals + 1));
        privacy = value == "off" ? MachineFacts::Privacy::kOff : MachineFacts::Privacy::kOn;
    }
    return privacy;
}

MachineFacts machine_facts(const fs::path& state_folder, const fs::path& root) {
    MachineFacts facts;
    facts.avahi_installed = any_exists(root, {"usr/sbin/avahi-daemon", "usr/bin/avahi-daemon"});
    facts.bluez_installed =
        any_exists(root, {"usr/libexec/bluetooth/bluetoothd", "usr/lib/bluetooth/bluetoothd",
                          "usr/sbin/bluetoothd"});
    std::error_code ignored;
    const fs::path controllers = root / "sys/class/bluetooth";
    facts.bluetooth_hardware =
        fs::exists(controllers, ignored) && !fs::is_empty(controllers, ignored);
    facts.bluetooth_privacy = bluetooth_privacy(root / "etc/bluetooth/main.conf");
    facts.wall_clock =
        static_cast<UnixMillis>(std::chrono::duration_cast<std::chrono::milliseconds>(
                                    std::chrono::system_clock::now().time_since_epoch())
                                    .count());
    facts.surely_past = newest_file(state_folder);
    facts.clock_synchronised = kernel_clock_synchronised();
    struct statvfs disk {};
    if (statvfs(state_folder.c_str(), &disk) == 0)
        facts.store_bytes_free = std::uint64_t{disk.f_bavail} * disk.f_frsize;
    return facts;
}

}  // namespace sov::app
