#pragma once

#include <span>
#include <stop_token>
#include <string>

#include "client/ctl/machine.h"

namespace sov::ctl {

/// All of sovctl but its signals: reads the words, runs the verb, writes the answer, returns the
/// exit code. Throws ReaderGone.
int run(std::span<const std::string> words, const Machine& machine, const std::stop_token& stop);

}  // namespace sov::ctl
