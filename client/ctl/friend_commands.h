#pragma once

#include "client/ctl/command_table.h"
#include "client/ctl/commands/verbs.h"

// Rows of the command table: whom the user has added.

namespace sov::ctl {

inline constexpr ArgumentSpec kFriend = {
    .name = "PEER", .summary = "sov1... of a friend", .completes = Completes::kFriend};

inline constexpr Command kFriendAdd = {
    .path = "friend add",
    .section = Section::kFind,
    .summary = "add a friend, to recognise each other nearby",
    .text =
        "Friends recognise each other on a link and in Bluetooth range while others see only "
        "random numbers. It takes both: they must add you too. Adding again changes the note.",
    .argument_slots = {{{.name = "PEER", .summary = "sov1..."}}},
    .option_slots = {{{.name = "note",
                       .value = "TEXT",
                       .summary = "what to call them here, at most 64 bytes; told to nobody"}}},
    .examples = {"sovctl friend add sov1...", "sovctl friend add sov1... --note 'Bob at work'"},
    .exit_codes = {8, 11},
    .run = verbs::friend_add};

inline constexpr Command kFriendRemove = {
    .path = "friend remove",
    .section = Section::kFind,
    .summary = "remove a friend, who then recognises you no longer",
    .text = "Your tags change, and your other friends learn the new ones when they are next met.",
    .argument_slots = {{kFriend}},
    .examples = {"sovctl friend remove sov1...", "sovctl friend remove sov1... --json"},
    .exit_codes = {8},
    .run = verbs::friend_remove};

inline constexpr Command kFriendRepin = {
    .path = "friend repin",
    .section = Section::kFind,
    .summary = "forget with which second key a friend was seen",
    .text =
        "Where the host knows ML-DSA-65, a friend's key of that kind is remembered when it was "
        "first verified, and a record that lacks it or names another one is an alarm: somebody "
        "may have forged it. After this the next key that is verified is remembered, so ask the "
        "friend by another way first.",
    .argument_slots = {{kFriend}},
    .examples = {"sovctl friend repin sov1...", "sovctl friend repin sov1... --json"},
    .exit_codes = {5, 8},
    .run = verbs::friend_repin};

inline constexpr Command kFriendList = {
    .path = "friend list",
    .section = Section::kFind,
    .summary = "your friends and whether you would recognise each other",
    .text =
        "Also which second key of theirs is remembered, and an alarm where their last record "
        "does not fit it. With --quiet only the ids, one on each line.",
    .examples = {"sovctl friend list", "sovctl friend list --quiet"},
    .run = verbs::friend_list};

}  // namespace sov::ctl
