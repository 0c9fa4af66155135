#pragma once

#include <string>
#include <vector>

#include "daemon/app/bootstrap_files.h"
#include "daemon/app/config.h"

namespace sov::app {

/// What the command line asks for.
struct CommandLine {
    std::string config_file;  ///< empty: the default place
    Overrides overrides;
    ListErrand list;  ///< an offline verb instead of the daemon
    bool check_config = false, help = false, version = false;
    std::string problem;  ///< not empty: usage error, in words
};

/// Reads argv without its first word. Every key of the configuration is a flag as well.
CommandLine parse_command_line(const std::vector<std::string>& arguments);

/// The text of --help.
std::string help_text();

}  // namespace sov::app
