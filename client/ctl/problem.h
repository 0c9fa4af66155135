#pragma once

#include <string>
#include <vector>

#include "client/ctl/json.h"
#include "client/ctl/output.h"
#include "client/sovereign_client.h"

// What went wrong, why, and what to do about it.

namespace sov::ctl {

struct Problem {
    int exit_code = 1;
    std::string name;                ///< a stable word for programs: "not_running"
    std::string what;                ///< one sentence, without the word
    std::string why;                 ///< empty when `what` says it all
    std::vector<std::string> steps;  ///< commands that exist, or a sentence; the best first

    static Problem usage(std::string what, std::vector<std::string> steps = {});
};

/// What can be seen of the daemon from outside when its socket does not help.
struct DaemonTraces {
    bool systemd = false;      ///< systemd is process 1
    bool unit = false;         ///< and has a unit file for sovereignd
    int process = 0;           ///< a running sovereignd; 0: none seen
    std::string other_socket;  ///< where one seems to listen instead; empty: nothing seen
    std::string
        program;  ///< how to start it: a path, or the name when it is in PATH; empty: not found
    std::string config_file;  ///< the usual one, when it exists
    unsigned user = 0;        ///< ours
};

/// Turns a failed call into what a person needs. `socket` is where we tried.
Problem explain(const client::Error& error, const std::string& socket, const DaemonTraces& traces);

/// "✗ not running   ..." and below it "why", "do" and "or".
void show(const Problem& problem, Screen& screen);

/// One next step behind a label such as "  do   ".
void show_step(std::string_view label, std::string_view step, Screen& screen);

/// {"code":3,"name":"not_running","message":...,"hint":...}
json::Object json_of(const Problem& problem);

}  // namespace sov::ctl
