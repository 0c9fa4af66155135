#pragma once

#include "client/ctl/command_table.h"
#include "client/ctl/commands/verbs.h"

// Rows of the command table: figures and pictures.

namespace sov::ctl {

inline constexpr Command kTop = {
    .path = "top",
    .section = Section::kLook,
    .summary = "what moves, as it moves",
    .text =
        "The verdict, traffic, lookups, the process, and a line for each connection with what it "
        "moves. Keys: q quits, s sorts by another column, p pauses. Where the output is no "
        "terminal one frame is printed; with --follow a line each second, or with --json an "
        "object.",
    .option_slots = {{{.name = "every", .value = "DUR", .summary = "look again after; default 1s"},
                      {.name = "follow", .summary = "go on where the output is no terminal"}}},
    .examples = {"sovctl top", "sovctl top --json --follow --every 10s"},
    .run = verbs::top};

inline constexpr Command kStats = {
    .path = "stats",
    .section = Section::kLook,
    .summary = "the daemon's figures, and the last hour of one of them",
    .text =
        "The figures are those that Prometheus is given. Names may hold * and ?. With --verbose "
        "each says what it is. --plot draws what happened in the last hour, of a counter how "
        "fast it rose.",
    .argument_slots =
        {{{.name = "NAME", .summary = "of figures", .optional = true, .repeats = true}}},
    .option_slots = {{{.name = "plot", .value = "NAME", .summary = "draw this one's last hour"}}},
    .examples = {"sovctl stats 'sovereign_lookup*'",
                 "sovctl stats --plot sovereign_received_bytes_total"},
    .exit_codes = {5},
    .run = verbs::stats};

inline constexpr Command kGraph = {
    .path = "graph",
    .section = Section::kLook,
    .summary = "a picture of the nodes in the routing table",
    .text =
        "By routing: how many bits of the place are shared. By latency: how long an answer takes. "
        "As text a bar for each class; dot is for Graphviz; svg is a picture with this node in "
        "the middle, others at the angle of their place.",
    .option_slots = {{{.name = "what",
                       .value = "WHAT",
                       .summary = "default routing",
                       .words = "routing latency"},
                      {.name = "format",
                       .value = "FORMAT",
                       .summary = "default text",
                       .words = "text dot svg"}}},
    .examples = {"sovctl graph --what latency", "sovctl graph --format svg > map.svg"},
    .run = verbs::graph};

}  // namespace sov::ctl
