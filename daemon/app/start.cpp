#include "daemon/app/start.h"

#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <algorithm>
#include <csignal>
#include <iostream>
#include <string>
#include <vector>

#include "daemon/api/lone_poller.h"
#include "daemon/app/command_line.h"
#include "daemon/app/config.h"
#include "daemon/app/daemon.h"
#include "daemon/app/log_sink.h"
#include "daemon/app/start_failure.h"
#include "platform/linux/spare_memory.h"

namespace sov::app {
namespace {

/// Descriptors wanted: two for each local connection and some for everything else.
constexpr rlim_t kDescriptorsWanted = 16384;

/// Keys live in this process: nobody may look into its memory, and what it makes is for its user
/// alone.
void harden() {
    umask(077);
    const rlimit no_core{0, 0};
    setrlimit(RLIMIT_CORE, &no_core);
    prctl(PR_SET_DUMPABLE, 0);
    // A client that goes away while it is answered must not end the daemon.
    std::signal(SIGPIPE, SIG_IGN);
    rlimit descriptors{};
    if (getrlimit(RLIMIT_NOFILE, &descriptors) == 0 && descriptors.rlim_cur < kDescriptorsWanted) {
        descriptors.rlim_cur = std::min(descriptors.rlim_max, kDescriptorsWanted);
        setrlimit(RLIMIT_NOFILE, &descriptors);
    }
}

int serve(const CommandLine& line, const Config& config) {
    harden();
    host::keep_heap_together();
    LogSink log(config.log_levels, config.log_target);
    Daemon daemon(config, {line.config_file, line.overrides}, log);
    if (const auto failure = daemon.prepare()) {
        std::cerr << "sovereignd: " << failure->message << "\n";
        return failure->exit_code;
    }
    api::keep_one_poller();
    daemon.run();
    return 0;
}

}  // namespace

int start(const std::vector<std::string>& arguments) {
    const CommandLine line = parse_command_line(arguments);
    if (!line.problem.empty()) {
        std::cerr << "sovereignd: " << line.problem << "\n  see  sovereignd --help\n";
        return kExitUsage;
    }
    if (line.help) {
        std::cout << help_text();
        return 0;
    }
    if (line.version) {
        std::cout << "sovereignd " << SOV_VERSION << "\n";
        return 0;
    }
    const ConfigOutcome outcome = load_config(line.config_file, line.overrides);
    if (!outcome.problems.empty()) {
        std::cerr << describe(outcome.problems);
        return kExitUnusable;
    }
    if (line.list.verb != ListErrand::Verb::kNone)
        return run_list_errand(line.list, outcome.config, std::cout, std::cerr);
    if (line.check_config) {
        const std::string& file = outcome.config.file;
        std::cout << (file.empty() ? "no configuration file: the defaults are valid"
                                   : file + ": valid")
                  << "\n";
        return 0;
    }
    return serve(line, outcome.config);
}

}  // namespace sov::app
