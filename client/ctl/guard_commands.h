#pragma once

#include "client/ctl/command_table.h"
#include "client/ctl/commands/verbs.h"

// Rows of the command table: whom to deal with, and why not.

namespace sov::ctl {

inline constexpr Command kPeerWhy = {
    .path = "peer why",
    .section = Section::kOperate,
    .summary = "why a node or peer is treated as it is",
    .text =
        "What is remembered against it, how long ago, and what follows: a doubtful node is "
        "asked but keeps nothing of yours, a refused one is not asked. Points halve every "
        "hour.",
    .argument_slots = {{{.name = "WHO", .summary = "sov1... or sovn1..."}}},
    .examples = {"sovctl peer why sovn1...", "sovctl peer why sov1... --json"},
    .run = verbs::peer_why};

inline constexpr Command kBlock = {
    .path = "block",
    .section = Section::kOperate,
    .summary = "block a peer, a node or addresses; alone it lists them",
    .text =
        "Nothing of a blocked node or address is heard, and it is not asked or told of; "
        "records of a blocked peer are neither kept nor shown. Kept over restarts. Needs the "
        "role admin, listing does not.",
    .argument_slots = {{{.name = "WHO",
                         .summary = "sov1..., sovn1..., an address or a prefix",
                         .optional = true}}},
    .examples = {"sovctl block 198.51.100.0/24", "sovctl block"},
    .exit_codes = {11},
    .run = verbs::block};

inline constexpr Command kUnblock = {
    .path = "unblock",
    .section = Section::kOperate,
    .summary = "end a block and forget what was remembered",
    .text = "Needs the role admin.",
    .argument_slots = {{{.name = "WHO", .summary = "as sovctl block lists it"}}},
    .examples = {"sovctl unblock 198.51.100.0/24", "sovctl unblock sovn1..."},
    .exit_codes = {8},
    .run = verbs::unblock};

}  // namespace sov::ctl
