#pragma once

#include "client/ctl/command_table.h"
#include "client/ctl/commands/verbs.h"

// Rows of the command table: whom to deal with, and whom to begin with.

namespace sov::ctl {

inline constexpr Command kPeerWhy = {
    .path = "peer why",
    .section = Section::kOperate,
    .summary = "why a peer is connected as it is, and why it or a node is treated so",
    .text =
        "Of a peer: why the connection is as it is or why there is none, what was tried, and how "
        "the last call through NATs went, step by step. Then what is remembered against it, how "
        "long ago, and what follows: a doubtful node is "
        "asked but keeps nothing of yours, a refused one is not asked. Points halve every "
        "hour.",
    .argument_slots = {{{.name = "WHO",
                         .summary = "sov1..., what a friend is called here, a name, or sovn1...",
                         .completes = Completes::kFriend}}},
    .examples = {"sovctl peer why sovn1...", "sovctl peer why sov1... --json"},
    .exit_codes = {8, 11},
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

inline constexpr Command kBootstrapSign = {
    .path = "bootstrap sign",
    .section = Section::kOperate,
    .summary = "sign a bootstrap list, or the draft of one",
    .text =
        "Prints the list with one more signature; a draft has lines of number, network, "
        "expires, threshold, key and node. Signatures are added on one host after the other, "
        "offline. The key file is made where there is none.",
    .argument_slots =
        {{{.name = "FILE", .summary = "a list or a draft", .completes = Completes::kFile}}},
    .option_slots = {{{.name = "key", .value = "FILE", .summary = "the key to sign with"}}},
    .examples = {"sovctl bootstrap sign draft --key my.key > list",
                 "sovctl bootstrap sign list --key other.key > list.2"},
    .exit_codes = {1, 9, 78},
    .asks_daemon = false,
    .run = verbs::bootstrap_sign};

inline constexpr Command kBootstrapVerify = {
    .path = "bootstrap verify",
    .section = Section::kOperate,
    .summary = "say whether this host would take a bootstrap list",
    .text =
        "Judged by the keys and the threshold of the configuration, or by the list that is in "
        "force already: enough signatures, newer, not expired, for this network.",
    .argument_slots = {{{.name = "FILE", .summary = "a list", .completes = Completes::kFile}}},
    .option_slots = {{{.name = "config",
                       .value = "FILE",
                       .summary = "default /etc/sovereignd/sovereignd.conf"}}},
    .examples = {"sovctl bootstrap verify list", "sovctl bootstrap verify list --quiet"},
    .exit_codes = {1, 9, 78},
    .asks_daemon = false,
    .run = verbs::bootstrap_verify};

inline constexpr Command kBootstrapShow = {
    .path = "bootstrap show",
    .section = Section::kOperate,
    .summary = "what a bootstrap list says and who signed it",
    .text =
        "Each signature is verified; who may sign is not judged. With --dns it prints the TXT "
        "record that bootstrap.list_dns of other nodes can name.",
    .argument_slots =
        {{{.name = "FILE", .summary = "a list or a draft", .completes = Completes::kFile}}},
    .option_slots = {{{.name = "dns", .summary = "as a TXT record for a zone file"}}},
    .examples = {"sovctl bootstrap show list", "sovctl bootstrap show list --dns"},
    .exit_codes = {1, 9, 78},
    .asks_daemon = false,
    .run = verbs::bootstrap_show};

inline constexpr Command kBootstrapPublish = {
    .path = "bootstrap publish",
    .section = Section::kOperate,
    .summary = "put a signed bootstrap list into the DHT",
    .text =
        "Nodes that trust the key which signs look there for newer lists. The daemon keeps it "
        "there for 7 days while it runs; publish again each week. Any of the signers may do it, "
        "and several should. Needs the role admin.",
    .argument_slots = {{{.name = "FILE", .summary = "a list", .completes = Completes::kFile}}},
    .option_slots = {{{.name = "key", .value = "FILE", .summary = "a key that signed the list"}}},
    .examples = {"sovctl bootstrap publish list --key my.key",
                 "sovctl bootstrap publish list --key my.key --json"},
    .exit_codes = {1, 6, 8, 9, 78},
    .run = verbs::bootstrap_publish};

}  // namespace sov::ctl
