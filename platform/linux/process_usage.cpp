#include "platform/linux/process_usage.h"

#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <system_error>

namespace sov::host {
namespace {

/// proc(5), /proc/self/stat: the fields behind the command's name, which may hold anything.
struct ProcessStat {
    double cpu_ticks = 0, start_ticks = 0, threads = 0;
    bool read = false;
};

ProcessStat process_stat() {
    std::ifstream file("/proc/self/stat");
    std::string line;
    std::getline(file, line);
    const std::size_t name_end = line.rfind(')');
    if (name_end == std::string::npos) return {};
    std::istringstream rest(line.substr(name_end + 1));
    std::string state;
    rest >> state;
    ProcessStat stat;
    double value = 0;
    // Field 3 is the state; utime is 14, stime 15, num_threads 20, starttime 22.
    for (int field = 4; field <= 22 && rest >> value; ++field) {
        if (field == 14 || field == 15) stat.cpu_ticks += value;
        if (field == 20) stat.threads = value;
        if (field == 22) stat.start_ticks = value;
    }
    stat.read = static_cast<bool>(rest);
    return stat;
}

double wall_minus_boot_seconds() {
    timespec wall{}, boot{};
    clock_gettime(CLOCK_REALTIME, &wall);
    clock_gettime(CLOCK_BOOTTIME, &boot);
    return static_cast<double>(wall.tv_sec - boot.tv_sec) +
           static_cast<double>(wall.tv_nsec - boot.tv_nsec) / 1e9;
}

}  // namespace

void add_process_usage(ports::Measures& measures) {
    const auto ticks = static_cast<double>(sysconf(_SC_CLK_TCK));
    if (const ProcessStat stat = process_stat(); stat.read) {
        measures.counter("process_cpu_seconds_total", "User and system CPU time spent.",
                         stat.cpu_ticks / ticks);
        measures.gauge("process_start_time_seconds", "Start time since the Unix epoch.",
                       wall_minus_boot_seconds() + stat.start_ticks / ticks);
        measures.gauge("process_threads", "Threads of the process.", stat.threads);
    }
    std::ifstream statm("/proc/self/statm");
    double size = 0, resident = 0;
    if (statm >> size >> resident) {
        const auto page = static_cast<double>(sysconf(_SC_PAGESIZE));
        measures.gauge("process_virtual_memory_bytes", "Virtual memory size.", size * page);
        measures.gauge("process_resident_memory_bytes", "Resident memory size.", resident * page);
    }
    std::error_code error;
    double open = 0;
    for (auto entry = std::filesystem::directory_iterator("/proc/self/fd", error);
         !error && entry != std::filesystem::directory_iterator(); entry.increment(error))
        ++open;
    // One of them is the folder that was read.
    if (!error && open > 0) measures.gauge("process_open_fds", "Open descriptors.", open - 1);
    rlimit limit{};
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        measures.gauge("process_max_fds", "Most descriptors that may be open.",
                       static_cast<double>(limit.rlim_cur));
    }
}

}  // namespace sov::host
