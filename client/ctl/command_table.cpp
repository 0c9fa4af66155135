#include "client/ctl/command_table.h"

#include "client/ctl/friend_commands.h"
#include "client/ctl/guard_commands.h"
#include "client/ctl/identity_commands.h"
#include "client/ctl/look_commands.h"
#include "client/ctl/message_commands.h"
#include "client/ctl/network_commands.h"
#include "client/ctl/offer_commands.h"
#include "client/ctl/request_commands.h"

namespace sov::ctl {
namespace {

constexpr ArgumentSpec kName = {.name = "NAME", .summary = "as it was claimed"};
constexpr ArgumentSpec kOwnName = {
    .name = "NAME", .summary = "one of your names", .completes = Completes::kOwnName};
constexpr ArgumentSpec kLayer = {.name = "LAYER",
                                 .summary = "bootstrap, dht, mdns or ble",
                                 .completes = Completes::kWords,
                                 .words = "bootstrap dht mdns ble"};
constexpr ArgumentSpec kWhom = {.name = "PEER",
                                .summary = "sov1..., what a friend is called here, or a name",
                                .completes = Completes::kFriend};
constexpr OptionSpec kLevel = {.name = "level",
                               .value = "LEVEL",
                               .summary = "how many nodes to hear from; default normal",
                               .words = "fast normal strong"};
constexpr std::string_view kPlaceSummary = "40 hexadecimal digits, name:NAME or peer:sov1...";

constexpr Command kCommands[] = {
    {.path = "status",
     .section = Section::kLook,
     .summary = "how the node does, beginning with a verdict",
     .text = "The first line is the verdict: online, starting, degraded or offline, and why. Then "
             "who you are, "
             "how others reach you, the table, the peers, your names and the load; then what needs "
             "attention, "
             "each with the next step. With --verbose also where the node is in a space whose "
             "distances predict round trips. With the daemon stopped it says why and what to do.",
     .option_slots = {{{.name = "strict", .summary = "exit 7 unless the verdict is online"},
                       {.name = "counters",
                        .summary = "also every counter since the daemon started"}}},
     .examples = {"sovctl status", "sovctl status --strict --quiet && echo good"},
     .exit_codes = {7},
     .run = verbs::status},
    {.path = "whoami",
     .section = Section::kLook,
     .summary = "your peer id, your node and where they are reachable",
     .text = "With --bootstrap it prints nothing but the line that others paste into their "
             "bootstrap.conf, "
             "or behind \"bootstrap.peer = \" in sovereignd.conf, to join the network through this "
             "node.",
     .option_slots = {{{.name = "bootstrap",
                        .summary = "only the line for another node's configuration"}}},
     .examples = {"sovctl whoami", "sovctl whoami --bootstrap"},
     .exit_codes = {8},
     .run = verbs::whoami},
    {.path = "peers",
     .section = Section::kLook,
     .summary = "the nodes with which there is an encrypted session",
     .text = "One line for each node: where it is, how long an answer takes, and since when. With "
             "--near only those that mDNS or Bluetooth see too, and how they see them.",
     .option_slots = {{{.name = "sort",
                        .value = "ORDER",
                        .summary = "rtt, seen (the default), age or address",
                        .words = "rtt seen age address"},
                       {.name = "near", .summary = "only nodes nearby, and how they are seen"}}},
     .examples = {"sovctl peers --sort rtt", "sovctl peers --near"},
     .run = verbs::peers},
    {.path = "browse",
     .section = Section::kLook,
     .summary = "who is nearby, on this network's links and in Bluetooth range",
     .text = "One line for each way in which a peer is seen: where, how near, when it was last "
             "heard, and how far to trust it. verified: it proved its keys here; signed: it is "
             "signed, but could be a replay; recognised: it shows a friend's tag, which could be a "
             "replay; unverified: somebody. With --follow the list and then what changes, until "
             "interrupted; with --json then one object on each line. --quiet prints the ids only.",
     .option_slots = {{{.name = "mdns", .summary = "only those seen on the links"},
                       {.name = "ble", .summary = "only those seen by Bluetooth"},
                       {.name = "follow",
                        .letter = 'f',
                        .summary = "go on with what changes until interrupted"}}},
     .examples = {"sovctl browse", "sovctl browse --ble --follow"},
     .exit_codes = {11},
     .run = verbs::browse},
    {.path = "doctor",
     .section = Section::kLook,
     .summary = "what is wrong or could be, why it matters and what to do",
     .text =
         "Looks at the network, the bootstrap peers, lookups, the routing table, mDNS, Bluetooth, "
         "the clock and the store. Each finding comes with the next step, as a command where there "
         "is one. Nothing is "
         "changed.",
     .examples = {"sovctl doctor", "sovctl doctor --json"},
     .exit_codes = {7},
     .run = verbs::doctor},
    kBugreport,
    kErrors,
    kNetcheck,
    kTop,
    kStats,
    kGraph,
    {.path = "events",
     .section = Section::kLook,
     .summary = "what happened, and with --follow what happens",
     .text = "Prints what the daemon remembers and ends; with --follow only new events until "
             "interrupted, "
             "with both --follow and --past the past first. With --json one object on each line. "
             "--audit shows the audit log instead: which user and program changed the "
             "configuration, the identity or trust, and who was refused what. Kept while the "
             "daemon runs; the journal keeps it for longer (journalctl SOV_EVENT=api.change).",
     .option_slots =
         {{{.name = "follow", .letter = 'f', .summary = "wait for new events until interrupted"},
           {.name = "past", .summary = "with --follow: first what the daemon remembers"},
           {.name = "type", .value = "GLOB", .summary = "only these types, as in 'name.*'"},
           {.name = "audit", .summary = "who changed what and who was refused; needs admin"}}},
     .examples = {"sovctl events --type 'discovery.*'", "sovctl events --audit --follow"},
     .exit_codes = {11},
     .run = verbs::events},

    {.path = "find",
     .section = Section::kFind,
     .summary = "where a peer is, by name or by id",
     .text = "Anybody may claim a name, so all claims are shown, the best first; write NAME#TAG to "
             "choose one. "
             "The owner is remembered once there is a single claimant or you chose one by its tag; "
             "a later change "
             "of owner is an alarm and exit code 10. Ids may be typed in any letter case, with "
             "spaces and dashes.",
     .argument_slots = {{{.name = "NAME|ID",
                          .summary = "bob, bob#k7f3q2 or sov1...",
                          .completes = Completes::kKnownName}}},
     .option_slots =
         {{{.name = "trace", .summary = "also every node that was asked and its answer"}, kLevel}},
     .examples = {"sovctl find bob", "sovctl find bob --trace"},
     .exit_codes = {8, 10, 11},
     .run = verbs::find},
    {.path = "name claim",
     .section = Section::kFind,
     .summary = "claim a name, so that others find you by it",
     .text = "The claim is published now, refreshed by itself and kept over restarts until it is "
             "released. "
             "Short names take more work. A name may have several claimants.",
     .argument_slots = {{{.name = "NAME", .summary = "1 to 63 of a-z 0-9 . _ -"}}},
     .examples = {"sovctl name claim bob", "sovctl name claim bob.laptop --json"},
     .exit_codes = {8, 11},
     .run = verbs::name_claim},
    {.path = "name release",
     .section = Section::kFind,
     .summary = "give one of your names up",
     .text = "Withdraws the claim from the nodes that hold it.",
     .argument_slots = {{kOwnName}},
     .examples = {"sovctl name release bob", "sovctl name release bob --json"},
     .exit_codes = {8},
     .run = verbs::name_release},
    {.path = "name list",
     .section = Section::kFind,
     .summary = "your names and how many nodes keep each claim",
     .text = "With --quiet only the names, one on each line.",
     .examples = {"sovctl name list", "sovctl name list --quiet"},
     .run = verbs::name_list},
    {.path = "name forget",
     .section = Section::kFind,
     .summary = "forget whom this host remembers as the owner of a name",
     .text = "The next find of the name may remember another owner. This ends the alarm about a "
             "changed owner, so "
             "ask the owner by another way first. Needs the role admin.",
     .argument_slots = {{kName}},
     .examples = {"sovctl name forget bob", "sovctl name forget bob && sovctl find bob"},
     .run = verbs::name_forget},
    kFriendAdd,
    kFriendRemove,
    kFriendRepin,
    kFriendList,

    {.path = "dht table",
     .section = Section::kFind,
     .summary = "the routing table",
     .text = "One line for each node, the nearest last. The bucket is the number of leading bits "
             "that the node's "
             "place shares with ours.",
     .option_slots = {{{.name = "spare", .summary = "also the spare nodes of full buckets"}}},
     .examples = {"sovctl dht table", "sovctl dht table --spare"},
     .run = verbs::dht_table},
    {.path = "dht get",
     .section = Section::kFind,
     .summary = "the value or all records at a key",
     .text = "With --value, or for a label, it reads the newest version of a value; --save writes "
             "its content into a file. Otherwise all records are shown, each verified, and --save "
             "writes the first one, as it travels, into a file that dht put --key takes. A label "
             "is label:WORD for one of yours and label:sov1.../WORD for one of somebody else. With "
             "--newer-than a value travels only if its sequence number is higher than the one that "
             "you have.",
     .argument_slots = {{{.name = "KEY",
                          .summary = "40 hexadecimal digits, label:LABEL, name:NAME or "
                                     "peer:sov1..."}}},
     .option_slots =
         {{{.name = "value", .summary = "the value at the key and not its record"},
           kLevel,
           {.name = "trace", .summary = "also every node that was asked and its answer"},
           {.name = "save", .value = "FILE", .summary = "write what was found into a new file"},
           {.name = "newer-than",
            .value = "SEQ",
            .summary = "a value only if it has a higher sequence number"}}},
     .examples = {"sovctl dht get label:greeting", "sovctl dht get name:bob --save bob.record"},
     .exit_codes = {1, 8, 11},
     .run = verbs::dht_get},
    {.path = "dht trace",
     .section = Section::kFind,
     .summary = "a lookup step by step",
     .text = "Who was asked, when, on which of the disjoint paths, how long the answer took and "
             "what it was.",
     .argument_slots = {{{.name = "TARGET", .summary = kPlaceSummary}}},
     .examples = {"sovctl dht trace name:bob", "sovctl dht trace name:bob --json"},
     .exit_codes = {8, 11},
     .run = verbs::dht_trace},
    {.path = "dht put",
     .section = Section::kFind,
     .summary = "store a value",
     .text = "Stores the content of a file, or with - of the input, 16 KiB unless configured "
             "otherwise: under the hash "
             "of the content, or with --label as a value of yours that can change. --expect stores "
             "it only if the newest version has that sequence number (0: if there is none). The "
             "daemon keeps it at the nearest nodes until --ttl is over (default 2h). With --key "
             "the file is a record that is signed already, for diagnosis; that needs the role "
             "admin.",
     .argument_slots =
         {{{.name = "FILE", .summary = "what to store, or -", .completes = Completes::kFile}}},
     .option_slots =
         {{{.name = "label", .value = "LABEL", .summary = "a value of yours that can change"},
           {.name = "expect", .value = "SEQ", .summary = "only if this is the newest version"},
           {.name = "ttl", .value = "DUR", .summary = "how long copies live, as in 2h or 7d"},
           kLevel,
           {.name = "key", .value = "KEY", .summary = kPlaceSummary}}},
     .examples = {"sovctl dht put note.txt --label note",
                  "sovctl dht put - --key name:bob < bob.record"},
     .exit_codes = {1, 8, 10, 11},
     .run = verbs::dht_put},
    {.path = "dht withdraw",
     .section = Section::kFind,
     .summary = "withdraw one of your values",
     .text = "The nodes that keep it are told that it is over, and listeners are told, too.",
     .argument_slots = {{{.name = "LABEL", .summary = "the label it was stored with"}}},
     .option_slots = {{kLevel}},
     .examples = {"sovctl dht withdraw note", "sovctl dht withdraw note --level strong"},
     .exit_codes = {8, 10, 11},
     .run = verbs::dht_withdraw},
    {.path = "dht listen",
     .section = Section::kFind,
     .summary = "what is at a key and every change of it",
     .text = "Each version is told once and the newest always, until the command ends; a version "
             "that was overtaken on its way is left out. The cursor that stands in the JSON, given "
             "to --cursor, goes on where an earlier run ended. A label is label:WORD for one of "
             "yours and label:sov1.../WORD for one of somebody else.",
     .argument_slots = {{{.name = "KEY", .summary = "40 hexadecimal digits or label:LABEL"}}},
     .option_slots = {{{.name = "cursor", .value = "HEX", .summary = "from an earlier answer"},
                       {.name = "count", .value = "N", .summary = "end after so many versions"}}},
     .examples = {"sovctl dht listen label:note --json",
                  "sovctl dht listen label:note --count 1 --timeout 1m"},
     .exit_codes = {8, 11},
     .run = verbs::dht_listen},
    {.path = "dht own",
     .section = Section::kFind,
     .summary = "the values that are kept in the network for you",
     .text =
         "Until when, at how many nodes, and how much of your quota they take. The daemon looks "
         "after them over restarts, too. Somebody with the role admin sees those of all users.",
     .examples = {"sovctl dht own", "sovctl dht own --json"},
     .run = verbs::dht_own},
    {.path = "dht let-go",
     .section = Section::kFind,
     .summary = "keep a value in the network no longer",
     .text = "Nobody is told: the copies that there are end with their ttl. A value with a label "
             "can be withdrawn instead: dht withdraw.",
     .argument_slots = {{{.name = "KEY", .summary = "40 hexadecimal digits, as dht own shows"}}},
     .examples = {"sovctl dht let-go 3f0c4f0e0f6fd1b6a4c2b1f0d9e8c7b6a5f4e3d2",
                  "sovctl dht let-go 3f0c4f0e0f6fd1b6a4c2b1f0d9e8c7b6a5f4e3d2 --json"},
     .run = verbs::dht_let_go},
    kDhtProvide,
    kDhtProviders,
    kServiceOffer,
    kServiceFind,
    kServiceList,
    kServiceWithdraw,
    kContentProvide,
    kContentFind,
    kContentList,
    kContentWithdraw,
    {.path = "dht held",
     .section = Section::kFind,
     .summary = "the records that this node keeps for others",
     .text = "Needs the role admin, because it shows who publishes through this node.",
     .examples = {"sovctl dht held", "sovctl dht held --json"},
     .run = verbs::dht_held},

    {.path = "mailbox send",
     .section = Section::kFind,
     .summary = "leave mail for a peer, who may be away",
     .text = "It waits at the nodes nearest to the peer's mailbox until the peer fetches it, for "
             "seven days at most. Only the peer can read it, and see that it comes from you. At "
             "most 759 bytes. Without --text it is read from standard input.",
     .argument_slots = {{kFriend}},
     .option_slots =
         {{{.name = "text", .value = "TEXT", .summary = "what to say"},
           {.name = "ttl", .value = "TIME", .summary = "how long it waits, as in 2h; default 7d"}}},
     .examples = {"sovctl mailbox send sov1... --text 'see you at eight'",
                  "sovctl mailbox send sov1... --ttl 1d < note.txt"},
     .exit_codes = {8, 11},
     .run = verbs::mailbox_send},
    {.path = "mailbox list",
     .section = Section::kFind,
     .summary = "the mail that waits for you, which goes on waiting",
     .text = "One line for each: when it was sent, by whom, and what it says. With --quiet only "
             "what the mails say.",
     .examples = {"sovctl mailbox list", "sovctl mailbox list --json"},
     .exit_codes = {8, 11},
     .run = verbs::mailbox_list},
    {.path = "mailbox fetch",
     .section = Section::kFind,
     .summary = "show the mail that waits for you, and delete it there",
     .text = "As mailbox list; what was shown is then deleted at the nodes that kept it, so it "
             "comes once.",
     .examples = {"sovctl mailbox fetch", "sovctl mailbox fetch --json > mail.json"},
     .exit_codes = {8, 11},
     .run = verbs::mailbox_fetch},
    kMsg,
    kInbox,
    kOutboxList,
    kOutboxCancel,
    kPresenceShow,
    kPresenceSet,
    {.path = "connect",
     .section = Section::kConnect,
     .summary = "connect to a peer, or find the connection that there is",
     .text = "Says how it travels (lan, direct, relayed), over what, how long a round trip takes "
             "and how long connecting took; with --verbose also what was tried, and after a "
             "failure always. Both sides have proven who they are before it says connected. "
             "--timeout is how long to try; default 15s.",
     .argument_slots = {{kWhom}},
     .option_slots = {{{.name = "policy",
                        .value = "POLICY",
                        .summary = "any (the default), direct, relay or lan",
                        .words = "any direct relay lan"}}},
     .examples = {"sovctl connect bob", "sovctl connect bob --policy direct --timeout 5s"},
     .exit_codes = {1, 8, 10, 11},
     .run = verbs::connect},
    {.path = "disconnect",
     .section = Section::kConnect,
     .summary = "end the connection to a peer and all streams on it",
     .text = "It comes back when somebody needs it.",
     .argument_slots = {{kWhom}},
     .examples = {"sovctl disconnect bob", "sovctl disconnect sov1..."},
     .exit_codes = {8, 10},
     .run = verbs::disconnect},
    {.path = "connections",
     .section = Section::kConnect,
     .summary = "the connections to peers",
     .text = "One line for each: how it travels, where to, how long a round trip takes, how much "
             "it carried. With --verbose also what the other side says that it is and speaks. "
             "With --follow the list and then what changes, until interrupted. --quiet prints the "
             "ids only.",
     .option_slots = {{{.name = "follow",
                        .letter = 'f',
                        .summary = "go on with what changes until interrupted"}}},
     .examples = {"sovctl connections", "sovctl connections --follow"},
     .exit_codes = {11},
     .run = verbs::connections},
    {.path = "ping",
     .section = Section::kConnect,
     .summary = "how long a round trip to a peer takes, again and again",
     .text = "One each second over the connection, which is made first where need be, until "
             "interrupted or --count is reached; then a summary. --until direct ends when the "
             "connection does not go through a relay.",
     .argument_slots = {{kWhom}},
     .option_slots = {{{.name = "count", .value = "N", .summary = "end after so many"},
                       {.name = "until",
                        .value = "PATH",
                        .summary = "end when the connection is direct",
                        .words = "direct"}}},
     .examples = {"sovctl ping bob --count 3", "sovctl ping bob --until direct"},
     .exit_codes = {1, 8, 10, 11},
     .run = verbs::ping},
    {.path = "pipe",
     .section = Section::kConnect,
     .summary = "connect the input and the output with a peer's",
     .text = "What comes in here comes out there and the other way round, until both have ended; "
             "where the input is a terminal, until the other side has. One side runs it with "
             "--listen, the other names the peer. A PROTOCOL, as /mine/1.0.0, leads to any "
             "program that serves it.",
     .argument_slots =
         {{{.name = "PEER",
            .summary = "sov1..., what a friend is called here, or a name",
            .completes = Completes::kFriend,
            .optional = true},
           {.name = "PROTOCOL", .summary = "default /sovereign/pipe/1.0.0", .optional = true}}},
     .option_slots =
         {{{.name = "listen", .letter = 'l', .summary = "wait for the first peer that connects"}}},
     .examples = {"sovctl pipe --listen > backup.tar", "sovctl pipe bob < backup.tar"},
     .exit_codes = {1, 8, 10, 11},
     .run = verbs::pipe},
    {.path = "send",
     .section = Section::kConnect,
     .summary = "send files to a peer that runs recv",
     .text = "Each file is said to be sent when the other side has stored it and found it whole.",
     .argument_slots = {{kWhom,
                         {.name = "FILE",
                          .summary = "what to send",
                          .completes = Completes::kFile,
                          .repeats = true}}},
     .examples = {"sovctl send bob photo.jpg", "sovctl send bob *.pdf --json"},
     .exit_codes = {1, 8, 10, 11},
     .run = verbs::send},
    {.path = "recv",
     .section = Section::kConnect,
     .summary = "take files that peers send",
     .text = "Asks about each file; with --yes it takes what friends send without asking, and "
             "nothing of others. A file that is there is not overwritten. Of the name that the "
             "other side chose only a plain file name is left. Runs until interrupted or --count "
             "is reached.",
     .argument_slots = {{{.name = "DIR",
                          .summary = "where to put them; default here",
                          .completes = Completes::kFile,
                          .optional = true}}},
     .option_slots = {{{.name = "yes", .letter = 'y', .summary = "take what friends send"},
                       {.name = "force", .summary = "overwrite files that are there"},
                       {.name = "count", .value = "N", .summary = "end after so many files"}}},
     .examples = {"sovctl recv ~/inbox", "sovctl recv --yes --count 1"},
     .exit_codes = {1, 8, 11},
     .run = verbs::recv},
    {.path = "expose",
     .section = Section::kConnect,
     .summary = "let peers reach a TCP port or Unix socket of this host",
     .text = "For as long as it runs. Only who may connect to the daemon gets that far, and with "
             "--for only these peers. Whatever listens there sees connections from this host, so "
             "it must not trust them for that.",
     .argument_slots = {{{.name = "PORT|unix:PATH", .summary = "what to expose"}}},
     .option_slots = {{{.name = "for",
                        .value = "PEERS",
                        .summary = "ids or friends, separated by commas; default: all"},
                       {.name = "name",
                        .value = "NAME",
                        .summary = "what the others call it; default the port"}}},
     .examples = {"sovctl expose 8080 --for bob", "sovctl expose unix:/run/app.sock --name app"},
     .exit_codes = {1, 8, 11},
     .run = verbs::expose},
    {.path = "forward",
     .section = Section::kConnect,
     .summary = "a local TCP port that leads to what a peer exposes",
     .text = "For as long as it runs. It listens on 127.0.0.1 unless --bind names another "
             "address, which opens it to whoever reaches that address.",
     .argument_slots = {{{.name = "PORT", .summary = "where to listen"},
                         {.name = "PEER[:NAME]",
                          .summary = "whose, and what it is exposed as; default the same port",
                          .completes = Completes::kNothing}}},
     .option_slots = {{{.name = "bind",
                        .value = "ADDRESS",
                        .summary = "listen on this address; default 127.0.0.1"}}},
     .examples = {"sovctl forward 8080 bob", "sovctl forward 9000 bob:app"},
     .exit_codes = {1, 8, 11},
     .run = verbs::forward},
    kRequest,
    kAnswer,

    kBootstrapSign,
    kBootstrapVerify,
    kBootstrapShow,
    kBootstrapPublish,
    {.path = "config check",
     .section = Section::kOperate,
     .summary = "check a configuration file without touching the daemon",
     .text = "Runs the daemon's own parser (sovereignd --check-config), so it can't disagree with "
             "it. Problems are "
             "shown with file, line, key and allowed range.",
     .argument_slots = {{{.name = "FILE",
                          .summary = "default /etc/sovereignd/sovereignd.conf",
                          .completes = Completes::kFile,
                          .optional = true}}},
     .examples = {"sovctl config check", "sovctl config check ./sovereignd.conf"},
     .exit_codes = {1, 9, 78},
     .asks_daemon = false,
     .run = verbs::config_check},
    {.path = "config reload",
     .section = Section::kOperate,
     .summary = "let the daemon read its configuration again",
     .text = "Says what changed and what needs a restart. With an error in the file nothing "
             "changes. Needs the "
             "role admin.",
     .examples = {"sovctl config reload", "sovctl config reload --json"},
     .exit_codes = {8},
     .run = verbs::config_reload},
    {.path = "log level",
     .section = Section::kOperate,
     .summary = "show or change how much the daemon logs",
     .text = "Without arguments it shows each module. The levels are error, warning, info, debug "
             "and trace; the "
             "module * means all. With --for the old level comes back by itself. Changing needs "
             "the role admin.",
     .argument_slots = {{{.name = "MODULE=LEVEL",
                          .summary = "as in dht=debug",
                          .optional = true,
                          .repeats = true}}},
     .option_slots =
         {{{.name = "for", .value = "DUR", .summary = "change back after this time, as in 10m"}}},
     .examples = {"sovctl log level", "sovctl log level dht=debug --for 10m"},
     .run = verbs::log_level},
    {.path = "layer on",
     .section = Section::kOperate,
     .summary = "switch a discovery layer on",
     .text = "Needs the role admin.",
     .argument_slots = {{kLayer}},
     .examples = {"sovctl layer on dht", "sovctl layer on bootstrap"},
     .run = verbs::layer_on},
    {.path = "layer off",
     .section = Section::kOperate,
     .summary = "switch a discovery layer off until the daemon ends",
     .text = "Needs the role admin.",
     .argument_slots = {{kLayer}},
     .examples = {"sovctl layer off dht", "sovctl layer off bootstrap"},
     .run = verbs::layer_off},
    kPeerWhy,
    kIdentityShow,
    kIdentityExport,
    kIdentityImport,
    kIdentityVerify,
    kIdentityRotate,
    kBlock,
    kUnblock,
    {.path = "shutdown",
     .section = Section::kOperate,
     .summary = "end the daemon",
     .text = "It withdraws its records first, so that nobody is sent to a node that has gone, and "
             "leaves in under "
             "three seconds. Needs the role admin.",
     .option_slots = {{{.name = "now",
                        .summary = "do not withdraw records: they expire by themselves"}}},
     .examples = {"sovctl shutdown", "sovctl shutdown --now"},
     .run = verbs::shutdown},
    {.path = "version",
     .section = Section::kOperate,
     .summary = "the versions of this program and of the daemon",
     .text = "The daemon's is left out when it does not run.",
     .examples = {"sovctl version", "sovctl version --json"},
     .asks_daemon = false,
     .run = verbs::version},
    {.path = "completion",
     .section = Section::kOperate,
     .summary = "the completion script for a shell",
     .text = "To install it for yourself: bash in "
             "~/.local/share/bash-completion/completions/sovctl, zsh as _sovctl "
             "in a folder of $fpath, fish in ~/.config/fish/completions/sovctl.fish.",
     .argument_slots = {{{.name = "SHELL",
                          .summary = "bash, zsh or fish",
                          .completes = Completes::kWords,
                          .words = "bash zsh fish"}}},
     .examples = {"sovctl completion bash > ~/.local/share/bash-completion/completions/sovctl",
                  "sovctl completion fish > ~/.config/fish/completions/sovctl.fish"},
     .asks_daemon = false,
     .run = verbs::completion},
    {.path = "help",
     .section = Section::kOperate,
     .summary = "this help, or that of one command",
     .text = "With --man the manual page, for man -l or for packaging.",
     .argument_slots = {{{.name = "COMMAND",
                          .summary = "its words",
                          .completes = Completes::kWords,
                          .words = "",
                          .optional = true,
                          .repeats = true}}},
     .option_slots = {{{.name = "man", .summary = "the manual page in roff"}}},
     .examples = {"sovctl help find", "sovctl help --man | man -l -"},
     .asks_daemon = false,
     .run = verbs::help},
};

}  // namespace

std::span<const Command> commands() { return kCommands; }

}  // namespace sov::ctl
