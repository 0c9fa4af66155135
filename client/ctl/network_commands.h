#pragma once

#include "client/ctl/command_table.h"
#include "client/ctl/commands/verbs.h"

// Rows of the command table: what the network lets through.

namespace sov::ctl {

inline constexpr Command kNetcheck = {
    .path = "netcheck",
    .section = Section::kLook,
    .summary = "what the network lets through, and what that means for connections",
    .text =
        "The daemon tests on its own sockets, for three seconds at most: whether UDP passes, "
        "the address outside, what the router does with ports, how long datagrams may be, and "
        "which servers and relays answer. Each line says yes, no or not tested, and why; the last "
        "line is the verdict. Exit code 0: direct connections should work with most peers.",
    .examples = {"sovctl netcheck", "sovctl netcheck --json"},
    .exit_codes = {7, 11},
    .run = verbs::netcheck};

}  // namespace sov::ctl
