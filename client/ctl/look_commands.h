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

inline constexpr Command kBugreport = {
    .path = "bugreport",
    .section = Section::kLook,
    .summary = "a file about this host and daemon for somebody who helps",
    .text =
        "One text file that only its owner may read: versions, status, findings of the doctor, a "
        "network test, connections, figures, the last events and changes, facts about the kernel, "
        "and which keys the configuration sets. Ids, addresses, names and random words are "
        "replaced by stand-ins. Messages, values, friends and neighbours are not in it. Nothing is "
        "sent. It also works while the daemon is stopped.",
    .option_slots =
        {{{.name = "out", .value = "FILE", .summary = "where to write; must be new"},
          {.name = "config", .value = "FILE", .summary = "default /etc/sovereignd/sovereignd.conf"},
          {.name = "no-redact", .summary = "leave ids, addresses and names in it"}}},
    .examples = {"sovctl bugreport", "sovctl bugreport --out report.txt"},
    .exit_codes = {1},
    .asks_daemon = false,
    .run = verbs::bugreport};

inline constexpr Command kErrors = {
    .path = "errors",
    .section = Section::kLook,
    .summary = "what each error code means and what to do",
    .text =
        "The codes are the words that --json has as \"name\" and that the API has in ErrorDetail.",
    .argument_slots = {{{.name = "CODE", .summary = "only this one", .optional = true}}},
    .examples = {"sovctl errors", "sovctl errors wrong_role"},
    .exit_codes = {5},
    .asks_daemon = false,
    .run = verbs::errors};

}  // namespace sov::ctl
