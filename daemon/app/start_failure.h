#pragma once

#include <string>

namespace sov::app {

/// Exit codes, docs/operations.md.
inline constexpr int kExitFailed = 1, kExitUsage = 2, kExitSecondInstance = 8, kExitUnusable = 78;

/// Why the daemon can't start, in words that say what to do.
struct StartFailure {
    int exit_code = kExitFailed;
    std::string message;
};

}  // namespace sov::app
