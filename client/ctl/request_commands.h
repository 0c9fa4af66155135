#pragma once

#include "client/ctl/command_table.h"
#include "client/ctl/commands/verbs.h"

// Rows of the command table: requests to peers, and answers to theirs.

namespace sov::ctl {

inline constexpr Command kRequest = {
    .path = "request",
    .section = Section::kConnect,
    .summary = "ask a peer something and print the answer",
    .text =
        "NAME is what an app there answers, as notes.list; sovctl answer is such an app. DATA goes "
        "along, at most 60,000 bytes; - takes the input. The answer is written as it comes, "
        "however "
        "long; at a terminal, and with --json or --field, it ends at 4 MiB. A peer that says it is "
        "too busy is asked again, five times; nothing else is asked twice. What the other side "
        "refuses it refuses with a code: of Sovereign below 1000, of the app from there on. "
        "--timeout is how long to wait for all of it, default 30s, at most 10m.",
    .argument_slots = {{{.name = "PEER",
                         .summary = "sov1..., what a friend is called here, or a name",
                         .completes = Completes::kFriend},
                        {.name = "NAME", .summary = "of the request, as in notes.list"},
                        {.name = "DATA|-", .summary = "what to say with it", .optional = true}}},
    .option_slots = {{{.name = "fresh",
                       .summary = "ask also when an earlier answer may be given again"},
                      {.name = "raw", .summary = "at a terminal, too, the bytes as they are"}}},
    .examples = {"sovctl request bob time", "sovctl request bob notes.add - < note.txt"},
    .exit_codes = {1, 8, 10, 11},
    .run = verbs::request};

inline constexpr Command kAnswer = {
    .path = "answer",
    .section = Section::kConnect,
    .summary = "answer requests of peers with what a command or a file says",
    .text =
        "For as long as it runs. The COMMAND, no shell's, is started for each request: it is given "
        "what was said with it as its input, SOV_PEER and SOV_REQUEST in its environment, and its "
        "output is the answer, at most 1 MiB. If it ends with a code other than 0 the peer is "
        "refused with 1000 and that code. Eight run at once; who comes then is told to ask again. "
        "A command is ended when nobody waits for it any more, after 10m at the latest. Only who "
        "may connect to the daemon "
        "gets that far, and with --for only these peers; what they say is theirs, so do not trust "
        "it.",
    .argument_slots = {{{.name = "NAME", .summary = "of the requests, as in notes.list"},
                        {.name = "COMMAND",
                         .summary = "and its arguments, behind -- where they begin with a dash",
                         .optional = true,
                         .repeats = true}}},
    .option_slots =
        {{{.name = "echo", .summary = "in place of a command: what was said comes back"},
          {.name = "file", .value = "FILE", .summary = "in place of a command: what is in it now"},
          {.name = "for",
           .value = "PEERS",
           .summary = "ids or friends, separated by commas; default: all"},
          {.name = "good-for",
           .value = "DUR",
           .summary = "the peer's daemon may give it again for so long, at most 1h"},
          {.name = "count", .value = "N", .summary = "end after so many answers"}}},
    .examples = {"sovctl answer time -- date -u",
                 "sovctl answer notes.list --file notes --for bob"},
    .exit_codes = {1, 8, 11},
    .run = verbs::answer};

}  // namespace sov::ctl
