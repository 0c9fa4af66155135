#pragma once

#include <filesystem>

#include "daemon/api/host.h"

namespace sov::app {

/// When the program that runs was made or installed: a moment that has surely been; 0: not known.
UnixMillis program_time();

/// What the system around the daemon offers; all but what the adapters say. Reads the state folder
/// and a few files of the system, below `root` ("/" but for tests), and never writes. What can't be
/// read counts as not there or unknown.
api::MachineFacts machine_facts(const std::filesystem::path& state_folder,
                                const std::filesystem::path& root = "/");

/// The value of `Privacy` in a main.conf of BlueZ; off when nothing is said, as BlueZ has it.
api::MachineFacts::Privacy privacy_in(const std::string& main_conf);

}  // namespace sov::app
