#pragma once

#include <string>
#include <vector>

namespace sov::app {

/// Does what the command line asks for: runs the daemon until it is told to stop, or prints its
/// help or version, checks the configuration, works on a bootstrap list. `arguments` are those
/// after the program's name. Returns the exit status: 0, or one of start_failure.h; what is wrong
/// stands on the standard error output. Throws only where a library can't work on this host, or
/// without memory.
int start(const std::vector<std::string>& arguments);

}  // namespace sov::app
