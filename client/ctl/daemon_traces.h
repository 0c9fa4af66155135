#pragma once

#include "client/ctl/problem.h"

namespace sov::ctl {

/// Looks for a running daemon, its unit, its program and its configuration. Reads a few files below
/// /proc; sees nothing where /proc is hidden.
DaemonTraces look_for_daemon();

/// The daemon's program: beside our own, else in PATH, else where packages put it; empty: nowhere.
/// In PATH it is answered as the bare name, the way one types it.
std::string daemon_program();

}  // namespace sov::ctl
