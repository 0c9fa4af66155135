#pragma once

#include "client/ctl/command_table.h"
#include "client/ctl/commands/verbs.h"

// Rows of the command table: messages, and who is there.

namespace sov::ctl {

inline constexpr ArgumentSpec kReceiver = {
    .name = "PEER",
    .summary = "sov1..., what a friend is called here, or a name",
    .completes = Completes::kFriend};

inline constexpr Command kMsg = {
    .path = "msg",
    .section = Section::kConnect,
    .summary = "send a message to a peer, who may be away",
    .text =
        "Kept on disk here until the peer's daemon has it on its own: delivered. A peer that is "
        "away finds a short one (about 650 bytes) in its mailbox, for a week; longer ones wait "
        "here. The words make one message; - alone takes the input, at most 32 KiB. Says what "
        "became of it after --timeout (default 30s) at the latest; the daemon goes on trying.",
    .argument_slots = {{kReceiver, {.name = "TEXT", .summary = "what to say", .repeats = true}}},
    .option_slots =
        {{{.name = "topic", .value = "TOPIC", .summary = "for an app that reads this topic only"},
          {.name = "no-wait", .summary = "end as soon as it is on disk here"}}},
    .examples = {"sovctl msg bob hello", "sovctl msg bob - < note.txt"},
    .exit_codes = {1, 8, 10, 11},
    .run = verbs::msg};

inline constexpr Command kInbox = {
    .path = "inbox",
    .section = Section::kConnect,
    .summary = "messages that peers have sent, which are then taken",
    .text =
        "One line for each: when it came, from whom, what it says. What was shown is forgotten "
        "here unless --keep. With --follow also what comes from now on, until interrupted.",
    .option_slots =
        {{{.name = "follow", .letter = 'f', .summary = "go on with what comes until interrupted"},
          {.name = "keep", .summary = "leave them where they are"},
          {.name = "topic", .value = "TOPIC", .summary = "only of this topic"},
          {.name = "count", .value = "N", .summary = "end after so many"}}},
    .examples = {"sovctl inbox", "sovctl inbox --follow --json"},
    .exit_codes = {1, 11},
    .run = verbs::inbox};

inline constexpr Command kOutboxList = {
    .path = "outbox list",
    .section = Section::kConnect,
    .summary = "your messages that have no receipt yet",
    .text = "Where each is: waiting, sent, or in_mailbox. --quiet prints the ids only.",
    .examples = {"sovctl outbox list", "sovctl outbox list --json"},
    .exit_codes = {11},
    .run = verbs::outbox_list};

inline constexpr Command kOutboxCancel = {
    .path = "outbox cancel",
    .section = Section::kConnect,
    .summary = "give a message up",
    .text = "One that was sent already may arrive all the same.",
    .argument_slots = {{{.name = "ID", .summary = "as sovctl outbox list shows it"}}},
    .examples = {"sovctl outbox cancel 9f3c07d21be4a688-12",
                 "sovctl outbox cancel 9f3c07d21be4a688-12 --json"},
    .exit_codes = {8, 11},
    .run = verbs::outbox_cancel};

inline constexpr Command kPresenceShow = {
    .path = "presence show",
    .section = Section::kConnect,
    .summary = "whether a friend is there, as it says itself",
    .text = "Connects where need be. Unknown for who does not count you among its friends.",
    .argument_slots = {{kReceiver}},
    .examples = {"sovctl presence show bob", "sovctl presence show bob --json"},
    .exit_codes = {8, 10, 11},
    .run = verbs::presence_show};

inline constexpr Command kPresenceSet = {
    .path = "presence set",
    .section = Section::kConnect,
    .summary = "what your friends are told about you, until the daemon ends",
    .text = "A daemon says online until told otherwise; offline says nothing.",
    .argument_slots = {{{.name = "STATE", .summary = "online, away, busy or offline"},
                        {.name = "WORDS", .summary = "in your own words", .optional = true}}},
    .examples = {"sovctl presence set away lunch", "sovctl presence set offline"},
    .exit_codes = {1, 11},
    .run = verbs::presence_set};

}  // namespace sov::ctl
