#pragma once

#include "client/ctl/command_table.h"
#include "client/ctl/commands/verbs.h"

// Rows of the command table: the user key as a thing to keep, to bring back and to replace.

namespace sov::ctl {

inline constexpr ArgumentSpec kSealedFile = {
    .name = "FILE", .summary = "an exported identity", .completes = Completes::kFile};

inline constexpr Command kIdentityShow = {
    .path = "identity show",
    .section = Section::kOperate,
    .summary = "who you are, which keys you had before, and whether another machine is you, too",
    .text =
        "The id that others know, where its key is kept, the older keys whose hand-overs lead to "
        "it and how many nodes keep them, and signs that the same key is in use elsewhere.",
    .examples = {"sovctl identity show", "sovctl identity show --json"},
    .run = verbs::identity_show};

inline constexpr Command kIdentityExport = {
    .path = "identity export",
    .section = Section::kOperate,
    .summary = "write your identity into a file that only a passphrase opens",
    .text =
        "The backup: with file and passphrase it can be brought back on any machine. The "
        "passphrase is asked for twice, or is the first line of the standard input. It is kept "
        "nowhere; without it the file is worth nothing. Needs the role admin.",
    .argument_slots = {{{.name = "FILE",
                         .summary = "where to write, for you alone",
                         .completes = Completes::kFile}}},
    .option_slots = {{{.name = "force", .summary = "replace a file that is there"}}},
    .examples = {"sovctl identity export alice.sovereign",
                 "sovctl identity export alice.sovereign --force < passphrase"},
    .exit_codes = {1, 8, 11},
    .run = verbs::identity_export};

inline constexpr Command kIdentityImport = {
    .path = "identity import",
    .section = Section::kOperate,
    .summary = "take an exported identity, with the next start of the daemon",
    .text =
        "The identity in force is kept beside it; where it has names, friends, values or older "
        "keys, it is given up only with --force. One identity belongs on one machine: end the "
        "other one first. Asks for the passphrase as export does, once. Needs the role admin.",
    .argument_slots = {{kSealedFile}},
    .option_slots = {{{.name = "force", .summary = "give up an identity that is in use"}}},
    .examples = {"sovctl identity import alice.sovereign",
                 "sovctl identity import alice.sovereign --force < passphrase"},
    .exit_codes = {1, 8, 11},
    .run = verbs::identity_import};

inline constexpr Command kIdentityVerify = {
    .path = "identity verify",
    .section = Section::kOperate,
    .summary = "open an exported identity and say whose it is; changes nothing",
    .text =
        "Tells a wrong passphrase from a damaged file. A backup that was never opened is none. "
        "Needs the role admin.",
    .argument_slots = {{kSealedFile}},
    .examples = {"sovctl identity verify alice.sovereign",
                 "sovctl identity verify alice.sovereign < passphrase"},
    .exit_codes = {1, 8, 11},
    .run = verbs::identity_verify};

inline constexpr Command kIdentityRotate = {
    .path = "identity rotate",
    .section = Section::kOperate,
    .summary = "go on under a new key, to which the old one hands over",
    .text =
        "Makes a new key and a statement, signed by both, that it comes after the old one; both "
        "take effect with the next start. Who looks for the old id finds the new one, and "
        "friends follow by themselves, over at most eight keys. Nobody can undo it, with the old "
        "key neither, which is kept beside the new one. Needs the role admin.",
    .examples = {"sovctl identity rotate", "sovctl identity rotate --json"},
    .exit_codes = {8, 11},
    .run = verbs::identity_rotate};

}  // namespace sov::ctl
